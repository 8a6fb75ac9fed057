import { type IncomingHttpHeaders, request } from 'node:http';
import { networkInterfaces } from 'node:os';
import type { ControlPlane } from './control-plane.ts';
import { until } from './processes.ts';

export interface Seen {
  readonly status: number;
  readonly body: string;
}

interface Page extends Seen {
  readonly headers: IncomingHttpHeaders;
}

/** An address of this machine that is not loopback: where customers come in. */
export function outsideAddress(): string {
  const found = Object.entries(networkInterfaces())
    .filter(([name]) => !/^(lo|docker|br-|agp|veth)/.test(name))
    .flatMap(([, addresses]) => addresses ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal);
  if (!found) throw new Error('this machine has no address but loopback');
  return found.address;
}

/** A person who logged in at the console once and then opens agents by name, through Traefik, from outside. */
export class Visitor {
  readonly #plane: ControlPlane;
  readonly #address = outsideAddress();
  /** By host, as browsers keep them where there is no `Domain=`. */
  readonly #cookies = new Map<string, Map<string, string>>();

  constructor(plane: ControlPlane) {
    this.#plane = plane;
  }

  /** Makes the first account. */
  async logIn(): Promise<void> {
    const { url } = await this.#plane.client.setupLink();
    const console = new URL(url);
    const token = new URLSearchParams(console.hash.slice(1)).get('token');
    const account = { token, username: 'zhaoming', password: 'correct horse battery' };
    const { status, body } = await until('the console is routed', 30, async () => {
      const page = await this.#ask(new URL('/v1/setup', console), {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: console.origin },
        body: JSON.stringify(account),
        seconds: 10,
      });
      return page.status === 404 ? undefined : page;
    });
    if (status !== 200) throw new Error(`the first account was refused: ${status} ${body}`);
  }

  /** One page of an agent, going through the hand-over where that is asked for. Throws when nobody answers in time. */
  async open(agentUrl: string, path = '/', seconds = 4): Promise<Seen> {
    let next = new URL(path, agentUrl);
    for (let hop = 0; hop < 6; hop++) {
      const page = await this.#ask(next, { method: 'GET', headers: navigation, seconds });
      const { location } = page.headers;
      if (page.status < 300 || page.status > 399 || location === undefined) return page;
      next = new URL(location, next);
    }
    throw new Error(`redirected for ever, last to ${next.href}`);
  }

  async #ask(
    url: URL,
    { method, headers, body, seconds }: { method: string; headers: object; body?: string; seconds: number },
  ): Promise<Page> {
    const jar = this.#cookies.get(url.host) ?? new Map<string, string>();
    this.#cookies.set(url.host, jar);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const { promise, resolve, reject } = Promise.withResolvers<Page>();
    const call = request(
      {
        method,
        host: this.#address,
        port: this.#plane.ports.http,
        path: `${url.pathname}${url.search}`,
        headers: { ...headers, host: url.host, connection: 'close', ...(cookie === '' ? {} : { cookie }) },
        agent: false,
        signal: AbortSignal.timeout(seconds * 1000),
      },
      (response) => {
        for (const line of response.headers['set-cookie'] ?? []) {
          const [name = '', value = ''] = (line.split(';')[0] ?? '').split('=', 2);
          if (value === '' || /max-age=0/i.test(line)) jar.delete(name);
          else jar.set(name, value);
        }
        let text = '';
        response.on('data', (chunk) => (text += String(chunk)));
        response.on('error', reject);
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
      },
    );
    call.on('error', reject);
    call.end(body);
    return await promise;
  }
}

const navigation = { accept: 'text/html,application/json', 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate' };
