import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError, parseSubnet } from '@agentpod/core';
import { z } from 'zod';

const port = z.coerce.number().int().min(1).max(65_535);

const Environment = z.object({
  AGENTPOD_DATA_DIR: z.string().refine(isAbsolute, 'must be an absolute path').default('/var/lib/agentpod'),
  /** Address and port of the API; loopback, because Traefik stands in front. */
  AGENTPOD_LISTEN: z
    .string()
    .regex(/^[\d.]+:\d+$/)
    .default('127.0.0.1:7100'),
  AGENTPOD_MODE: z.enum(['local', 'domain']).default('local'),
  AGENTPOD_BASE_DOMAIN: z.string().optional(),
  /** A registrable domain of its own is recommended: agents are untrusted code below the base domain. */
  AGENTPOD_CONSOLE_HOST: z.string().optional(),
  AGENTPOD_HTTP_PORT: port.default(80),
  AGENTPOD_HTTPS_PORT: port.default(443),
  AGENTPOD_ACME_EMAIL: z.string().optional(),
  /** Another certificate authority than Let's Encrypt, and the file with its root. */
  AGENTPOD_ACME_SERVER: z.url().optional(),
  AGENTPOD_ACME_CA_FILE: z.string().optional(),
  /** Addresses the world reaches this machine at when it stands behind NAT; comma-separated. */
  AGENTPOD_PUBLIC_ADDRESSES: z.string().default(''),
  /** `address:port` of the DNS server asked before a certificate is ordered; absent means the system's. */
  AGENTPOD_RESOLVER: z.string().optional(),
  AGENTPOD_SUPERNET: z.string().default('10.203.0.0/16'),
  AGENTPOD_MODEL_PORT: port.default(7200),
  AGENTPOD_GATEWAY_PORT: port.default(7201),
  AGENTPOD_TRAEFIK_API: z.url().default('http://127.0.0.1:8088'),
  AGENTPOD_DOCKER_SOCKET: z.string().default('/var/run/docker.sock'),
  /** Folder of the manifests that ship; absent means the one beside the program. */
  AGENTPOD_BUILTIN_AGENT_TYPES: z.string().optional(),
  /** Folder of further agent-type manifests, beside the ones that ship. */
  AGENTPOD_AGENT_TYPES: z.string().optional(),
  /** 32 bytes, base64; instead of the file `master.key`. */
  AGENTPOD_MASTER_KEY: z.string().optional(),
  /** Built dashboard; absent means the one that ships beside the server. */
  AGENTPOD_DASHBOARD: z.string().optional(),
  AGENTPOD_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  /** Critical alerts that still fire are told again after so many hours; 0 means once is enough. */
  AGENTPOD_ALERT_REMIND_HOURS: z.coerce.number().min(0).max(8760).default(0),
  AGENTPOD_RESYNC_SECONDS: z.coerce.number().positive().default(30),
});

export type Config = ReturnType<typeof readConfig>;

/** The only reader of the environment. Throws `invalid` naming the variable. */
export function readConfig(env: Readonly<Record<string, string | undefined>>) {
  const parsed = Environment.safeParse(env);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new AppError('invalid', 'InvalidConfig', `${issue?.path.join('.')}: ${issue?.message}`, {
      field: String(issue?.path[0]),
    });
  }
  const e = parsed.data;
  parseSubnet(e.AGENTPOD_SUPERNET);
  if (e.AGENTPOD_MODE === 'domain' && !e.AGENTPOD_BASE_DOMAIN) {
    throw new AppError('invalid', 'InvalidConfig', 'mode "domain" needs a base domain', {
      field: 'AGENTPOD_BASE_DOMAIN',
      remedy: 'Set it to the domain whose sub-domains are the agents: agents.example.com.',
    });
  }
  const baseDomain = (e.AGENTPOD_BASE_DOMAIN ?? 'localhost').toLowerCase();
  const scheme = e.AGENTPOD_MODE === 'local' ? 'http' : 'https';
  const publicPort = e.AGENTPOD_MODE === 'local' ? e.AGENTPOD_HTTP_PORT : e.AGENTPOD_HTTPS_PORT;
  const portSuffix = publicPort === (scheme === 'http' ? 80 : 443) ? '' : `:${publicPort}`;
  const originOf = (host: string) => `${scheme}://${host}${portSuffix}`;
  const consoleHost = (e.AGENTPOD_CONSOLE_HOST ?? `console.${baseDomain}`).toLowerCase();
  const inData = (...parts: string[]) => join(e.AGENTPOD_DATA_DIR, ...parts);
  const [address = '', listenPort = ''] = e.AGENTPOD_LISTEN.split(':');
  return Object.freeze({
    mode: e.AGENTPOD_MODE,
    logLevel: e.AGENTPOD_LOG_LEVEL,
    listen: { address, port: Number(listenPort) },
    baseDomain,
    consoleHost,
    consoleUrl: originOf(consoleHost),
    originOf,
    secure: scheme === 'https',
    ports: { http: e.AGENTPOD_HTTP_PORT, https: e.AGENTPOD_HTTPS_PORT, public: publicPort },
    acme: { email: e.AGENTPOD_ACME_EMAIL, server: e.AGENTPOD_ACME_SERVER, caFile: e.AGENTPOD_ACME_CA_FILE },
    publicAddresses: e.AGENTPOD_PUBLIC_ADDRESSES.split(',')
      .map((one) => one.trim())
      .filter(Boolean),
    resolver: e.AGENTPOD_RESOLVER,
    supernet: e.AGENTPOD_SUPERNET,
    modelPort: e.AGENTPOD_MODEL_PORT,
    gatewayPort: e.AGENTPOD_GATEWAY_PORT,
    traefikApi: e.AGENTPOD_TRAEFIK_API,
    dockerSocket: e.AGENTPOD_DOCKER_SOCKET,
    agentTypes: e.AGENTPOD_BUILTIN_AGENT_TYPES ?? fileURLToPath(new URL('../../../agent-types', import.meta.url)),
    extraAgentTypes: e.AGENTPOD_AGENT_TYPES,
    dashboard: e.AGENTPOD_DASHBOARD,
    masterKey: e.AGENTPOD_MASTER_KEY,
    resyncMs: e.AGENTPOD_RESYNC_SECONDS * 1000,
    remindEveryHours: e.AGENTPOD_ALERT_REMIND_HOURS,
    paths: {
      data: e.AGENTPOD_DATA_DIR,
      database: inData('agentpod.db'),
      masterKey: inData('master.key'),
      installation: inData('installation'),
      /** Read by root alone: lets the CLI on the same machine in. */
      rootToken: inData('root.token'),
      /** Mounted read-only into the gateway. */
      gatewayKey: inData('gateway', 'gateway.key'),
      gatewaySnapshot: inData('gateway', 'gateway.snapshot'),
      /** Mounted read-only into Traefik. */
      ingress: inData('ingress'),
      traefikConfig: inData('traefik', 'traefik.yml'),
      acme: inData('acme'),
    },
  });
}
