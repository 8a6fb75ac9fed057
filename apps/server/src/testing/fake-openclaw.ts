import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import type { AgentEndpoint } from '../ports/agent-driver.ts';
import { aType } from './stub-agent-type.ts';

export const allScopes: readonly string[] = [
  'operator.admin',
  'operator.read',
  'operator.write',
  'operator.approvals',
  'operator.pairing',
];

export interface FakeRequest {
  readonly id: string;
  readonly method: string;
  readonly params: Record<string, unknown>;
}

type Answering = (request: FakeRequest, socket: WebSocket) => object | undefined;

/** The gateway inside OpenClaw: answers each request with what `answer` says; nothing when that is `undefined`. */
export class FakeOpenClaw {
  readonly requests: FakeRequest[] = [];
  readonly headers: Record<string, unknown>[] = [];
  readonly sockets: WebSocket[] = [];
  closedSockets = 0;
  readonly #server: Server;
  readonly #answer: Answering;

  constructor(answer: Answering, greet = true, server = createServer()) {
    this.#answer = answer;
    this.#server = server;
    const sockets = new WebSocketServer({ server: this.#server });
    sockets.on('connection', (socket, { headers }) => {
      this.headers.push(headers);
      this.sockets.push(socket);
      socket.on('close', () => {
        this.closedSockets += 1;
      });
      socket.on('error', () => socket.terminate());
      socket.on('message', (data: Buffer) => this.#receive(socket, JSON.parse(data.toString())));
      if (greet) {
        socket.send(JSON.stringify({ type: 'event', event: 'connect.challenge', payload: { nonce: 'n', ts: 1 } }));
      }
    });
  }

  /** Until the end of the test. */
  async start(): Promise<AgentEndpoint> {
    onTestFinished(() => this.stop());
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return endpointAt((this.#server.address() as AddressInfo).port);
  }

  stop(): void {
    for (const socket of this.sockets) socket.terminate();
    this.#server.close();
  }

  #receive(socket: WebSocket, request: FakeRequest): void {
    this.requests.push(request);
    const answer = this.#answer(request, socket);
    if (answer) socket.send(JSON.stringify({ type: 'res', id: request.id, ...answer }));
  }
}

export const hello = (scopes: readonly string[] = allScopes) => ({
  ok: true,
  payload: { type: 'hello-ok', protocol: 4, server: { version: '2026.9.6' }, auth: { role: 'operator', scopes } },
});

export function endpointAt(port: number): AgentEndpoint {
  const credentials = {
    virtualKey: 'vk',
    controlUser: 'control-secret',
    ingressUser: 'people',
    probeUser: 'probe',
    probeToken: 'probe-token',
  };
  return { address: '127.0.0.1', port, credentials, type: aType };
}
