import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Telegram's Bot API as far as an agent needs it to be connected: it polls for updates, and there are none. */
export class FakeTelegram {
  /** Tokens that are not in here are refused as Telegram refuses revoked ones. */
  readonly validTokens = new Set<string>();
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      request.resume();
      const [, token = '', method = ''] = /^\/bot([^/]+)\/(\w+)/.exec(request.url ?? '') ?? [];
      if (!this.validTokens.has(token)) {
        return reply(response, 401, { ok: false, error_code: 401, description: 'Unauthorized' });
      }
      const bot = { id: 1, is_bot: true, first_name: 'Ada', username: 'ada_bot' };
      if (method === 'getMe') return reply(response, 200, { ok: true, result: bot });
      if (method !== 'getUpdates') return reply(response, 200, { ok: true, result: true });
      // A long poll that ends without news.
      setTimeout(() => reply(response, 200, { ok: true, result: [] }), 2000);
    });
  }

  /** `address`: one that the agent's container reaches. */
  async start(address: string): Promise<string> {
    this.#server.listen(0, address);
    await once(this.#server, 'listening');
    return `http://${address}:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
