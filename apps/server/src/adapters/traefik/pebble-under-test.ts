import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually, freePorts } from './traefik-under-test.ts';

const run = promisify(execFile);

export const pebbleMissing = ['pebble', 'pebble-challtestsrv', 'openssl'].every((name) =>
  (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(join(folder, name))),
)
  ? undefined
  : 'no pebble: install the Debian package "pebble"';

/** An address of a reserved block, to which a connection fails at once. */
export const nowhere = '240.0.0.1';

/** A real ACME authority on loopback, to which every host name resolves to loopback unless told otherwise. */
export class PebbleUnderTest {
  readonly root: string;
  readonly #ports: {
    readonly acme: number;
    readonly management: number;
    readonly dns: number;
    readonly dnsManagement: number;
  };
  readonly #children: ChildProcess[] = [];

  private constructor(root: string, ports: readonly number[]) {
    this.root = root;
    const [acme = 0, management = 0, dns = 0, dnsManagement = 0] = ports;
    this.#ports = { acme, management, dns, dnsManagement };
  }

  static async start(httpPort: number): Promise<PebbleUnderTest> {
    const ports = [...(await freePorts()), ...(await freePorts())];
    const made = new PebbleUnderTest(await mkdtemp(join(tmpdir(), 'agentpod-pebble-')), ports);
    await made.#start(httpPort);
    return made;
  }

  get directory(): string {
    return `https://127.0.0.1:${this.#ports.acme}/dir`;
  }

  /** Root of the authority's own HTTPS; the certificates it issues come from another one. */
  get caFile(): string {
    return join(this.root, 'ca.pem');
  }

  /** Makes one host resolve to `nowhere`. */
  async misdirect(host: string): Promise<void> {
    const response = await fetch(`http://127.0.0.1:${this.#ports.dnsManagement}/add-a`, {
      method: 'POST',
      body: JSON.stringify({ host: `${host}.`, addresses: [nowhere] }),
    });
    if (!response.ok) throw new Error(`challtestsrv: ${response.status}`);
  }

  async stop(): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null) continue;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    }
    await rm(this.root, { recursive: true, force: true });
  }

  async #start(httpPort: number): Promise<void> {
    const openssl = (...args: string[]) => run('openssl', args, { cwd: this.root });
    const lasting = ['-days', '30'];
    await openssl(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      'ca.key',
      '-out',
      'ca.pem',
      ...lasting,
      '-subj',
      '/CN=pebble-test-ca',
    );
    await openssl(
      'req',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      'srv.key',
      '-out',
      'srv.csr',
      '-subj',
      '/CN=localhost',
    );
    await writeFile(join(this.root, 'ext'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
    await openssl(
      'x509',
      '-req',
      '-in',
      'srv.csr',
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      ...lasting,
      '-extfile',
      'ext',
      '-out',
      'srv.pem',
    );
    const { acme, management, dns, dnsManagement } = this.#ports;
    const config = {
      pebble: {
        listenAddress: `127.0.0.1:${acme}`,
        managementListenAddress: `127.0.0.1:${management}`,
        certificate: 'srv.pem',
        privateKey: 'srv.key',
        httpPort,
        tlsPort: 1,
        ocspResponderURL: '',
        externalAccountBindingRequired: false,
      },
    };
    await writeFile(join(this.root, 'pebble.json'), JSON.stringify(config));
    const off = ['http01', 'https01', 'tlsalpn01', 'defaultIPv6'].flatMap((name) => [`-${name}`, '']);
    this.#spawn('pebble-challtestsrv', [
      '-dns01',
      `127.0.0.1:${dns}`,
      '-management',
      `127.0.0.1:${dnsManagement}`,
      '-defaultIPv4',
      '127.0.0.1',
      ...off,
    ]);
    this.#spawn('pebble', ['-config', 'pebble.json', '-dnsserver', `127.0.0.1:${dns}`]);
    await eventually(async () => {
      await run('curl', ['-sf', '--cacert', this.caFile, this.directory]);
      return true;
    });
  }

  #spawn(command: string, args: readonly string[]): void {
    const child = spawn(command, args, {
      cwd: this.root,
      env: { ...process.env, PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '0' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const log = createWriteStream(join(this.root, `${command}.log`));
    child.stdout?.pipe(log);
    child.stderr?.pipe(log, { end: false });
    this.#children.push(child);
  }
}
