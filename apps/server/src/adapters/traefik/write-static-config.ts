import { copyFile, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { replaceFile } from './replace-file.ts';
import { renderStaticConfig } from './static-config.ts';

/** What of the installation's configuration Traefik's own follows from. */
export interface TraefikInstallation {
  readonly mode: 'local' | 'domain';
  readonly ports: { readonly http: number; readonly https: number };
  readonly acme: {
    readonly email: string | undefined;
    readonly server: string | undefined;
    readonly caFile: string | undefined;
  };
  /** URL of Traefik's API, on loopback. */
  readonly traefikApi: string;
  readonly paths: { readonly ingress: string; readonly traefikConfig: string; readonly acme: string };
}

/** Where Traefik writes its log in domain mode: its only writable folder, and the only place that says why an order failed. */
export function traefikLogFile(acmeDirectory: string): string {
  return join(acmeDirectory, 'traefik.log');
}

/** Writes `traefik.yml` and makes the folders that Traefik is given. Safe to repeat. */
export async function writeStaticConfig(installation: TraefikInstallation): Promise<void> {
  const { acme, paths } = installation;
  const configDirectory = dirname(paths.traefikConfig);
  await mkdir(paths.ingress, { recursive: true, mode: 0o755 });
  await mkdir(configDirectory, { recursive: true, mode: 0o755 });
  await mkdir(paths.acme, { recursive: true, mode: 0o700 });
  // Beside the configuration, because Traefik's container sees nothing else of the host.
  const caFile = acme.caFile === undefined ? undefined : join(configDirectory, 'acme-ca.pem');
  if (acme.caFile !== undefined && caFile !== undefined) await copyFile(acme.caFile, caFile);
  const text = renderStaticConfig({
    mode: installation.mode,
    ports: installation.ports,
    apiAddress: new URL(installation.traefikApi).host,
    ingressDirectory: paths.ingress,
    acme: {
      email: acme.email,
      server: acme.server,
      caFile,
      // A file of its own per authority: Traefik would go on serving the certificates of the other one.
      storage: join(paths.acme, acme.server === undefined ? 'acme.json' : `acme-${new URL(acme.server).hostname}.json`),
      logFile: traefikLogFile(paths.acme),
    },
  });
  await replaceFile(paths.traefikConfig, text);
}
