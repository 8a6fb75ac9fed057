import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type RequestListener, type Server } from 'node:http';
import { WebSocketServer } from 'ws';

/** What a server behind the proxy got. */
export interface Seen {
  readonly by: string;
  readonly method: string;
  readonly url: string;
  /** Name and value exactly as they came, in order. */
  readonly headers: readonly (readonly [string, string])[];
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

/** A server that answers with what it saw, and echoes WebSocket messages. */
export class EchoServer {
  readonly name: string;
  readonly seen: Seen[] = [];
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({ noServer: true });

  constructor(
    name: string,
    respond?: (seen: Seen) => { status: number; headers?: Record<string, string>; body?: string } | undefined,
  ) {
    this.name = name;
    const listener: RequestListener = (incoming, response) => {
      const seen = this.#note(incoming);
      const answer = respond?.(seen) ?? { status: 200 };
      response.writeHead(answer.status, answer.headers ?? { 'content-type': 'application/json' });
      response.end(answer.body ?? JSON.stringify(seen));
    };
    this.#server = createServer(listener);
    this.#server.on('upgrade', (incoming, socket, head) => {
      this.#note(incoming);
      this.#sockets.handleUpgrade(incoming, socket, head, (client) => {
        client.on('message', (data, binary) => client.send(data, { binary }));
      });
    });
  }

  #note(incoming: IncomingMessage): Seen {
    const raw = incoming.rawHeaders;
    const headers = Array.from({ length: raw.length / 2 }, (_, i) => [raw[2 * i] ?? '', raw[2 * i + 1] ?? ''] as const);
    const seen = { by: this.name, method: incoming.method ?? '', url: incoming.url ?? '', headers };
    this.seen.push(seen);
    return seen;
  }

  async start(port = 0): Promise<void> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async stop(): Promise<void> {
    for (const client of this.#sockets.clients) client.terminate();
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error(`${this.name} is not listening`);
    return address.port;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }
}

export function header(seen: Seen | undefined, name: string): string[] {
  return (seen?.headers ?? []).filter(([key]) => key.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
}

/** One request to the proxy on loopback, with exactly this path and these headers. */
export function ask(
  port: number,
  target: { host: string; path?: string; method?: string; headers?: Record<string, string | string[]> },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request(
      {
        host: '127.0.0.1',
        port,
        path: target.path ?? '/',
        method: target.method ?? 'GET',
        headers: { host: target.host, ...target.headers },
        timeout: 8000,
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
      },
    );
    call.on('timeout', () => call.destroy(new Error('no answer')));
    call.on('error', reject);
    call.end();
  });
}
