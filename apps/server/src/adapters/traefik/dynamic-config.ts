import { createHash } from 'node:crypto';
import { AppError, canonicalJson } from '@agentpod/core';
import type { AgentRoute, DesiredIngress } from '../../ports/ingress.ts';
import { checkDesired } from './check-desired.ts';
import { certificateResolver, publicEntryPoint } from './static-config.ts';

export interface DynamicConfigOptions {
  readonly mode: 'local' | 'domain';
  /** `address:port` of the control plane and of the gateway. */
  readonly server: string;
  readonly gateway: string;
  /** Another number makes Traefik ask again for the certificates it could not get. */
  readonly certificateAttempt: number;
}

export interface DynamicConfig {
  /** Hash of everything in it; read back from Traefik to know what it runs. */
  readonly revision: string;
  readonly text: string;
}

/** Headers by which some server behind a proxy may take a client for somebody. Only forward-auth may set them. */
const identityHeaders: readonly string[] = [
  'X-Agentpod-User',
  'X-Agentpod-Proxy',
  'X-Openclaw-Scopes',
  'Forwarded',
  'Remote-User',
  'Remote-Groups',
  'Remote-Email',
  'Remote-Name',
  'Cf-Access-Authenticated-User-Email',
  'Cf-Access-Jwt-Assertion',
  'Tailscale-User-Login',
  'Tailscale-User-Name',
  'True-Client-Ip',
  'X-Auth-Request-Email',
  'X-Auth-Request-Groups',
  'X-Auth-Request-User',
  'X-Forwarded-Access-Token',
  'X-Forwarded-Email',
  'X-Forwarded-Groups',
  'X-Forwarded-Preferred-Username',
  'X-Forwarded-User',
  'X-Remote-User',
  'X-Webauth-User',
];

/** A documentation address: neither loopback, which OpenClaw refuses, nor anybody's. */
const localClient = '192.0.2.1';

const priority = { unknown: 1, host: 10, path: 20 } as const;

/** The whole ingress as Traefik's file provider reads it: JSON, which is YAML. Throws `bug` when it must not be written. */
export function renderDynamicConfig(desired: DesiredIngress, options: DynamicConfigOptions): DynamicConfig {
  checkDesired(desired);
  const entryPoints = [publicEntryPoint(options.mode)];
  const secured = (mayCertify: boolean) =>
    options.mode === 'local' ? {} : { tls: mayCertify ? { certResolver: certificateResolver } : {} };
  const parts = desired.routes.map((route) => renderAgent(route, options, { entryPoints, secured }));
  const http = {
    routers: {
      console: {
        rule: hostRule(desired.consoleHost),
        entryPoints,
        service: 'console',
        priority: priority.host,
        ...secured(desired.consoleMayCertify),
      },
      unknown: {
        rule: 'PathPrefix(`/`)',
        entryPoints,
        service: 'gateway',
        middlewares: ['to-unknown'],
        priority: priority.unknown,
        ...secured(false),
      },
      ...Object.assign({}, ...parts.map(({ routers }) => routers)),
    },
    services: {
      console: service(`http://${options.server}`),
      gateway: service(`http://${options.gateway}`),
      ...Object.assign({}, ...parts.map(({ services }) => services)),
    },
    serversTransports: { agent: { forwardingTimeouts: { dialTimeout: '3s' } } },
    middlewares: {
      'strip-identity': {
        headers: { customRequestHeaders: Object.fromEntries(identityHeaders.map((name) => [name, ''])) },
      },
      'forward-auth': {
        forwardAuth: {
          address: `http://${options.gateway}/auth`,
          trustForwardHeader: false,
          maxResponseBodySize: 65_536,
          authRequestHeaders: [
            'Accept',
            'Accept-Language',
            'Authorization',
            'Cookie',
            'Origin',
            'Sec-Fetch-Dest',
            'Sec-Fetch-Mode',
            'Sec-Fetch-Site',
            // All that is left of an upgrade: Traefik asks without its `Upgrade` header.
            'Sec-WebSocket-Version',
            'User-Agent',
          ],
          // What the answer leaves out is removed from the request: our cookie and token never reach an agent.
          authResponseHeaders: ['Authorization', 'Cookie', 'X-Agentpod-Proxy', 'X-Agentpod-User'],
        },
      },
      unavailable: {
        errors: {
          status: ['502-504'],
          service: 'gateway',
          query: '/__agentpod/unavailable?status={status}',
          // By default the page would get the visitor's cookies and tokens too.
          errorRequestHeaders: ['Accept', 'Accept-Language'],
        },
      },
      'to-closed': { replacePath: { path: '/__agentpod/closed' } },
      'to-unknown': { replacePath: { path: '/__agentpod/unknown' } },
      ...Object.assign({}, ...parts.map(({ middlewares }) => middlewares)),
    },
  };
  const revision = createHash('sha256')
    .update(canonicalJson([http, options.certificateAttempt]))
    .digest('hex')
    .slice(0, 16);
  const rev = { headers: { customResponseHeaders: { 'X-Agentpod-Rev': revision } } };
  const text = `${canonicalJson({ http: { ...http, middlewares: { ...http.middlewares, 'agentpod-rev': rev } } })}\n`;
  // Traefik runs the file as a Go template, which can read its environment.
  if (text.includes('{{')) throw new AppError('bug', 'InvalidIngress', 'the routes contain a template: "{{"');
  return { revision, text };
}

interface Shared {
  readonly entryPoints: readonly string[];
  readonly secured: (mayCertify: boolean) => object;
}

function renderAgent(route: AgentRoute, options: DynamicConfigOptions, { entryPoints, secured }: Shared) {
  const name = `a-${route.name}`;
  const host = hostRule(route.host);
  const beside = { entryPoints, service: 'gateway', priority: priority.path, ...secured(false) };
  return {
    routers: {
      [name]: {
        rule: host,
        entryPoints,
        service: name,
        // The last one is nearest to the agent: pages replace the agent's failures, not those of forward-auth.
        middlewares: ['forward-auth', name, 'unavailable'],
        priority: priority.host,
        ...secured(route.mayCertify),
      },
      // Service workers of the agent could read log-in codes: this prefix is never the agent's.
      [`pages-${route.name}`]: { ...beside, rule: `${host} && PathRegexp(\`${pathPattern('/__agentpod')}\`)` },
      ...(route.closedPaths.length === 0
        ? {}
        : {
            [`closed-${route.name}`]: {
              ...beside,
              rule: `${host} && PathRegexp(\`${route.closedPaths.map(pathPattern).join('|')}\`)`,
              middlewares: ['to-closed'],
            },
          }),
    },
    services: { [name]: service(`http://${route.upstream.address}:${route.upstream.port}`, 'agent') },
    middlewares: { [name]: { headers: headersOf(route, options.mode) } },
  };
}

/** Never empty: Traefik drops the whole file, every agent's routes, for one element that says nothing. */
function headersOf(route: AgentRoute, mode: 'local' | 'domain') {
  if (mode === 'local') return { customRequestHeaders: { 'X-Forwarded-For': localClient, ...route.requestHeaders } };
  const fixed = Object.keys(route.requestHeaders).length > 0 ? { customRequestHeaders: route.requestHeaders } : {};
  return { stsSeconds: 31_536_000, ...fixed };
}

function service(url: string, serversTransport?: string) {
  return {
    loadBalancer: { servers: [{ url }], passHostHeader: true, ...(serversTransport ? { serversTransport } : {}) },
  };
}

function hostRule(host: string): string {
  return `Host(\`${host}\`)`;
}

/** A path and everything that begins with it, in any case and with encoded slashes: agents differ in what they decode. */
function pathPattern(path: string): string {
  return `(?i)^${path.replaceAll('.', '\\.').replaceAll('/', '(/|%2F)+')}`;
}
