import { createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a webhook is told, as far as tests look at it. */
export interface Notice {
  readonly id: string;
  readonly kind: 'firing' | 'resolved' | 'escalated' | 'test';
  readonly rule: string;
  readonly severity: string;
  readonly subject: { readonly kind: 'agent' | 'host'; readonly ref: string };
  readonly reason: string;
  readonly since: string;
  /** When it was decided. */
  readonly at: string;
  readonly message: string;
  readonly lastError?: string;
  readonly title: string;
  readonly text: string;
  readonly receivedAt: number;
}

const oldestSeconds = 300;

/** A receiver of signed webhooks as an operator would write one. */
export class AlertListener {
  readonly notices: Notice[] = [];
  /** Deliveries whose signature did not fit. */
  forged = 0;
  readonly secret = 'a secret that only two parties know';
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString();
        const { 'x-agentpod-timestamp': timestamp, 'x-agentpod-signature': signature } = request.headers;
        if (!isGenuine(this.secret, body, { timestamp: String(timestamp), signature: String(signature) })) {
          this.forged += 1;
          response.writeHead(401).end();
          return;
        }
        const notice = JSON.parse(body) as Omit<Notice, 'receivedAt'>;
        // The same notice may arrive twice; people want it once.
        if (!this.notices.some(({ id }) => id === notice.id)) this.notices.push({ ...notice, receivedAt: Date.now() });
        response.writeHead(204).end();
      });
    });
  }

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/alerts`;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** The check of docs/reference/alerts.md. */
function isGenuine(secret: string, body: string, sent: { timestamp: string; signature: string }): boolean {
  const expected = `v1=${createHmac('sha256', secret).update(`${sent.timestamp}.${body}`).digest('hex')}`;
  const fresh = Math.abs(Date.now() / 1000 - Number(sent.timestamp)) < oldestSeconds;
  return (
    fresh &&
    sent.signature.length === expected.length &&
    timingSafeEqual(Buffer.from(sent.signature), Buffer.from(expected))
  );
}
