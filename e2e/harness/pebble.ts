import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { Program, until } from './processes.ts';

/** A real ACME server and the DNS server it asks, on loopback: every name points to the address given. */
export class Pebble {
  readonly #directory: string;
  readonly #ports: { dns: number; dnsApi: number; acme: number; api: number };
  readonly #programs: Program[] = [];

  constructor(directory: string, basePort: number) {
    this.#directory = directory;
    this.#ports = { dns: basePort, dnsApi: basePort + 1, acme: basePort + 2, api: basePort + 3 };
    mkdirSync(directory, { recursive: true });
  }

  get directoryUrl(): string {
    return `https://127.0.0.1:${this.#ports.acme}/dir`;
  }

  /** Root that Traefik has to trust to speak to Pebble itself. */
  get caFile(): string {
    return join(this.#directory, 'ca.pem');
  }

  /** Root of the certificates that Pebble issues; new at every start. */
  get rootFile(): string {
    return join(this.#directory, 'root.pem');
  }

  get resolver(): string {
    return `127.0.0.1:${this.#ports.dns}`;
  }

  async start(options: { address: string; httpPort: number; httpsPort: number }): Promise<void> {
    const { dns, dnsApi, acme, api } = this.#ports;
    const file = (name: string) => join(this.#directory, name);
    const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe', cwd: this.#directory });
    openssl(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      'ca.key',
      '-out',
      'ca.pem',
      '-days',
      '30',
      '-subj',
      '/CN=pebble-test-ca',
    );
    openssl(
      'req',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      'server.key',
      '-out',
      'server.csr',
      '-subj',
      '/CN=localhost',
    );
    writeFileSync(file('san.ext'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
    openssl(
      'x509',
      '-req',
      '-in',
      'server.csr',
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-days',
      '30',
      '-extfile',
      'san.ext',
      '-out',
      'server.pem',
    );
    writeFileSync(
      file('pebble.json'),
      JSON.stringify({
        pebble: {
          listenAddress: `127.0.0.1:${acme}`,
          managementListenAddress: `127.0.0.1:${api}`,
          certificate: file('server.pem'),
          privateKey: file('server.key'),
          httpPort: options.httpPort,
          tlsPort: options.httpsPort,
          ocspResponderURL: '',
          externalAccountBindingRequired: false,
        },
      }),
    );
    const none = ['-http01', '', '-https01', '', '-tlsalpn01', ''];
    this.#programs.push(
      new Program(
        'pebble-challtestsrv',
        [
          '-dns01',
          `127.0.0.1:${dns}`,
          ...none,
          '-management',
          `127.0.0.1:${dnsApi}`,
          '-defaultIPv4',
          options.address,
          '-defaultIPv6',
          '',
        ],
        { logFile: file('dns.log') },
      ),
      new Program('pebble', ['-config', file('pebble.json'), '-dnsserver', this.resolver], {
        env: { PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '0' },
        logFile: file('pebble.log'),
      }),
    );
    const root = await until('Pebble answers', 30, () => this.#get(`https://127.0.0.1:${api}/roots/0`));
    writeFileSync(this.rootFile, root);
  }

  /** Lets one name point somewhere else. */
  async setAddress(host: string, addresses: readonly string[]): Promise<void> {
    // Adding alone would leave the old addresses beside the new ones.
    for (const [path, body] of [
      ['clear-a', { host: `${host}.` }],
      ['add-a', { host: `${host}.`, addresses }],
    ] as const) {
      await fetch(`http://127.0.0.1:${this.#ports.dnsApi}/${path}`, { method: 'POST', body: JSON.stringify(body) });
    }
  }

  async stop(): Promise<void> {
    for (const program of this.#programs) await program.stop();
  }

  #get(url: string): Promise<string> {
    return new Promise((resolve, reject) => {
      // Pebble's management interface has a certificate of the throw-away authority made above.
      const call = request(url, { rejectUnauthorized: false }, (response) => {
        let body = '';
        response.on('data', (chunk) => (body += String(chunk)));
        response.on('end', () => resolve(body));
      });
      call.on('error', reject);
      call.end();
    });
  }
}
