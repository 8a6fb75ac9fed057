import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TraefikInstallation, writeStaticConfig } from './write-static-config.ts';

/** The binary that scripts/test.sh obtains; `undefined` where nobody did. */
export const traefikBinary = process.env['AGENTPOD_TRAEFIK_BIN'];

export const traefikMissing =
  traefikBinary !== undefined && existsSync(traefikBinary)
    ? undefined
    : 'no Traefik: set AGENTPOD_TRAEFIK_BIN to what scripts/lib/obtain-traefik.sh prints';

export interface Ports {
  readonly http: number;
  readonly https: number;
  readonly api: number;
}

/** A real Traefik on ports of its own, configured by the same code as in an installation. */
export class TraefikUnderTest {
  readonly root: string;
  readonly ports: Ports;
  readonly installation: TraefikInstallation;
  #child: ChildProcess | undefined;

  private constructor(
    root: string,
    ports: Ports,
    options: { mode: 'local' | 'domain'; acme: TraefikInstallation['acme'] },
  ) {
    this.root = root;
    this.ports = ports;
    this.installation = {
      mode: options.mode,
      ports,
      acme: options.acme,
      traefikApi: `http://127.0.0.1:${ports.api}`,
      paths: {
        ingress: join(root, 'ingress'),
        traefikConfig: join(root, 'traefik/traefik.yml'),
        acme: join(root, 'acme'),
      },
    };
  }

  static async create(options: {
    mode: 'local' | 'domain';
    ports?: Partial<Ports>;
    acme?: Partial<TraefikInstallation['acme']>;
  }): Promise<TraefikUnderTest> {
    const [http, https, api] = await freePorts();
    const made = new TraefikUnderTest(
      await mkdtemp(join(tmpdir(), 'agentpod-traefik-')),
      { http, https, api, ...options.ports },
      { mode: options.mode, acme: { email: undefined, server: undefined, caFile: undefined, ...options.acme } },
    );
    await writeStaticConfig(made.installation);
    return made;
  }

  async start(): Promise<void> {
    const log = createWriteStream(this.logFile, { flags: 'a' });
    const args = [`--configfile=${this.installation.paths.traefikConfig}`];
    this.#child = spawn(traefikBinary ?? 'traefik', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.stdout?.pipe(log);
    this.#child.stderr?.pipe(log, { end: false });
    await eventually(async () => (await fetch(`${this.installation.traefikApi}/ping`)).ok);
  }

  async stop(): Promise<void> {
    if (!this.#child || this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    // Open connections would otherwise be waited for.
    this.#child.kill('SIGKILL');
    await gone;
  }

  async destroy(): Promise<void> {
    await this.stop();
    await rm(this.root, { recursive: true, force: true });
  }

  get logFile(): string {
    return join(this.root, 'stdout.log');
  }

  get ingressFile(): string {
    return join(this.installation.paths.ingress, 'agentpod.yml');
  }

  log(): string {
    return existsSync(this.logFile) ? readFileSync(this.logFile, 'utf8') : '';
  }
}

/** Three ports that were free a moment ago. */
export async function freePorts(): Promise<[number, number, number]> {
  const servers = Array.from({ length: 3 }, () => createServer().listen(0, '127.0.0.1'));
  const ports = await Promise.all(
    servers.map(async (server) => {
      if (!server.listening) await once(server, 'listening');
      const address = server.address();
      if (address === null || typeof address === 'string') throw new Error('no port');
      return address.port;
    }),
  );
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  const [a = 0, b = 0, c = 0] = ports;
  return [a, b, c];
}

/** Asks again and again, for up to 15 s, until the answer is true; failures of the question count as no. */
export async function eventually(ask: () => Promise<boolean>, milliseconds = 15_000): Promise<void> {
  const end = Date.now() + milliseconds;
  let last: unknown = 'the answer stayed no';
  for (;;) {
    try {
      if (await ask()) return;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error('not in time', { cause: last });
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
