import { stringify } from 'yaml';

export interface AcmeOptions {
  readonly email: string | undefined;
  /** Directory URL of another authority than Let's Encrypt. */
  readonly server: string | undefined;
  /** File with the root that signed the authority's own HTTPS certificate. */
  readonly caFile: string | undefined;
  /** Where account and certificates are kept; Traefik is its only writer. */
  readonly storage: string;
  /** Traefik's own log, which alone knows why a certificate was refused. */
  readonly logFile: string;
}

export interface StaticConfigOptions {
  readonly mode: 'local' | 'domain';
  readonly ports: { readonly http: number; readonly https: number };
  /** Loopback `address:port` of Traefik's API: whoever reaches it reads every route. */
  readonly apiAddress: string;
  readonly ingressDirectory: string;
  readonly acme: AcmeOptions;
}

/** Name of the certificate resolver that the routes refer to. */
export const certificateResolver = 'le-http';

/** The entry point on which agents and console are served. */
export function publicEntryPoint(mode: 'local' | 'domain'): 'web' | 'websecure' {
  return mode === 'local' ? 'web' : 'websecure';
}

/** `X_Agentpod_User` and `X.Agentpod.User` are the same header to many frameworks. */
const aliasHeadersStrategy = 'delete';

/** Traefik's install-time configuration. It changes with the installation only; the routes are in the ingress file. */
export function renderStaticConfig(options: StaticConfigOptions): string {
  const { mode, ports, acme } = options;
  const api = { address: options.apiAddress, http: { aliasHeadersStrategy } };
  const entryPoints =
    mode === 'local'
      ? { traefik: api, web: guarded(ports.http, mode) }
      : {
          traefik: api,
          web: {
            address: `:${ports.http}`,
            http: {
              aliasHeadersStrategy,
              redirections: { entryPoint: { to: 'websecure', scheme: 'https', permanent: true } },
            },
          },
          websecure: guarded(ports.https, mode),
        };
  const config = {
    global: { checkNewVersion: false, sendAnonymousUsage: false },
    log: {
      level: 'INFO',
      format: 'json',
      ...(mode === 'domain' ? { filePath: acme.logFile, maxSize: 10, maxBackups: 1 } : {}),
    },
    ping: {},
    api: { insecure: true, dashboard: false },
    entryPoints,
    providers: {
      providersThrottleDuration: '300ms',
      file: { directory: options.ingressDirectory, watch: true },
    },
    ...(mode === 'domain' ? { certificatesResolvers: { [certificateResolver]: { acme: acmeOf(acme) } } } : {}),
  };
  return `# Written by AgentPod at start; changes are lost.\n${stringify(config)}`;
}

/** An entry point to agents: no router on it, whatever it is for, sees identity headers that a client made up. */
function guarded(port: number, mode: 'local' | 'domain') {
  return {
    address: `:${port}`,
    http: {
      middlewares: ['strip-identity@file'],
      aliasHeadersStrategy,
      encodedCharacters: { allowEncodedNullCharacter: false, allowEncodedBackSlash: false },
    },
    // OpenClaw refuses loopback clients, and in local mode every browser is one: the routes name another address.
    ...(mode === 'local' ? { forwardedHeaders: { notAppendXForwardedFor: true } } : {}),
    transport: {
      // The default of 60 s cuts slow uploads.
      respondingTimeouts: { readTimeout: '0s', idleTimeout: '180s' },
      lifeCycle: { graceTimeOut: '10s' },
    },
  };
}

function acmeOf(acme: AcmeOptions) {
  return {
    ...(acme.email === undefined ? {} : { email: acme.email }),
    ...(acme.server === undefined ? {} : { caServer: acme.server }),
    ...(acme.caFile === undefined ? {} : { caCertificates: [acme.caFile] }),
    storage: acme.storage,
    keyType: 'EC256',
    httpChallenge: { entryPoint: 'web' },
  };
}
