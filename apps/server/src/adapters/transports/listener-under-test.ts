import { once } from 'node:events';
import {
  createServer as createPlain,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import { createServer as createSecure } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Network } from './network.ts';

export interface Received {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export type Reply = (response: ServerResponse, received: Received) => void;

export interface Listener {
  readonly port: number;
  readonly received: Received[];
  reply: Reply;
  stop(): Promise<void>;
}

/** A real HTTP server on loopback that keeps what it is sent. */
export async function listen(reply: Reply, tls?: { key: string; cert: string }): Promise<Listener> {
  const onRequest: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const received = { path: request.url ?? '', headers: request.headers, body };
      listener.received.push(received);
      listener.reply(response, received);
    });
  };
  const server = tls === undefined ? createPlain(onRequest) : createSecure(tls, onRequest);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const listener: Listener = {
    port: (server.address() as AddressInfo).port,
    received: [],
    reply,
    stop: async () => {
      if (!server.listening) return;
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return listener;
}

export function answer(status: number, body: unknown = '', headers: Record<string, string> = {}): Reply {
  return (response) => {
    response.writeHead(status, headers);
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}

/** Takes the request and never says a word. */
export const silence: Reply = () => {};

/** Short enough that a test waits for it. */
export const hastyMs = 250;
const patientMs = 8000;

/** Every name leads to loopback, and the clock stands still. `expectSilence` makes it hasty. */
export function testNetwork(over: Partial<Network> = {}): Network & { expectSilence(is: boolean): void } {
  let timeoutMs = over.timeoutMs ?? patientMs;
  return {
    resolve: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]),
    ownAddresses: () => [],
    nowMs: () => 1_764_042_000_000,
    ...over,
    get timeoutMs() {
      return timeoutMs;
    },
    expectSilence: (is) => {
      timeoutMs = is ? hastyMs : patientMs;
    },
  };
}
