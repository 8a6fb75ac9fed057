import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Answers one request, badly if that is what the test is about. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface StubEngine {
  readonly socketPath: string;
  /** Method and path with query, in order. */
  readonly requests: readonly string[];
  /** For requests whose path without version contains this text; the newest that fits answers. */
  on(path: string, answer: Answer): void;
  close(): Promise<void>;
}

export const json =
  (body: unknown, status = 200): Answer =>
  (_, response) => {
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
  };

/** Takes the request and never answers. */
export const silence: Answer = () => undefined;

/** Something on a unix socket that speaks as much of the engine's API as a test about failures needs. */
export async function startStubEngine(): Promise<StubEngine> {
  const folder = await mkdtemp(join(tmpdir(), 'engine-'));
  const socketPath = join(folder, 'engine.sock');
  const requests: string[] = [];
  const answers: { path: string; answer: Answer }[] = [
    { path: '', answer: json({ message: 'no such thing' }, 404) },
    { path: '/version', answer: json({ Version: '20.10.24', ApiVersion: '1.41', MinAPIVersion: '1.12' }) },
  ];
  const server = createServer((request, response) => {
    const url = request.url ?? '';
    requests.push(`${request.method} ${url}`);
    const path = url.replace(/^\/v[\d.]+/, '');
    request.resume();
    answers.findLast((known) => path.includes(known.path))?.answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  return {
    socketPath,
    requests,
    on: (path, answer) => answers.push({ path, answer }),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
