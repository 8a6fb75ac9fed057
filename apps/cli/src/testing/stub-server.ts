import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { AppError, toProblem, type AppErrorOptions, type ErrorKind, type WatchMessage } from '@agentpod/core';

export interface Request {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

/** What a route does: answers with a value as JSON, or takes the response into its own hands. */
export type Route = (request: Request, response: ServerResponse) => unknown;

/** A server that speaks the contract as far as a test scripts it. Anything else is 404 `NoSuchRoute`. */
export async function startStubServer(routes: Readonly<Record<string, Route>>) {
  const requests: Request[] = [];
  const server = createServer((incoming, response) => {
    void answer(incoming, response).catch((error: unknown) => problem(response, error));
  });
  async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of incoming) text += String(chunk);
    const request: Request = {
      method: incoming.method ?? '',
      path: incoming.url ?? '',
      headers: incoming.headers,
      body: text === '' ? undefined : JSON.parse(text),
    };
    requests.push(request);
    const route =
      routes[`${request.method} ${request.path}`] ?? routes[`${request.method} ${request.path.split('?')[0]}`];
    if (!route) throw new AppError('not-found', 'NoSuchRoute', `${request.method} ${request.path}`);
    const value = await route(request, response);
    if (response.headersSent || response.writableEnded || value === handled) return;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(value));
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requests,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
export type StubServer = Awaited<ReturnType<typeof startStubServer>>;

/** Returned by a route that has written, or will write, its answer itself. */
export const handled = Symbol('handled');

export function fails(kind: ErrorKind, reason: string, message: string, options: AppErrorOptions = {}): Route {
  return () => {
    throw new AppError(kind, reason, message, options);
  };
}

/** A stream of these messages. It stays open afterwards, as the real one does, unless `ends`. */
export function streams(messages: readonly unknown[], { ends = false }: { readonly ends?: boolean } = {}): Route {
  return (_request, response) => {
    response.setHeader('content-type', 'text/event-stream; charset=utf-8');
    response.write(': agentpod\n\n');
    for (const message of messages) response.write(`data: ${JSON.stringify(message)}\n\n`);
    if (ends) response.end();
    return handled;
  };
}

export function watches(
  agents: readonly Extract<WatchMessage, { type: 'agent' }>['agent'][],
  options?: { readonly ends?: boolean },
): Route {
  return streams(
    agents.map((agent) => ({ type: 'agent', agent })),
    options,
  );
}

function problem(response: ServerResponse, error: unknown): void {
  const body = toProblem(error instanceof AppError ? error : new AppError('bug', 'Bug', String(error)));
  response.statusCode = body.status;
  response.setHeader('content-type', 'application/problem+json');
  response.end(JSON.stringify(body));
}
