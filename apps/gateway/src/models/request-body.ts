import type { IncomingMessage } from 'node:http';
import { ModelFailure } from './dialect.ts';

/** Throws `too-large` for a body that says so itself, before any of it is read. */
export function checkDeclaredSize(request: IncomingMessage, limitBytes: number): void {
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) throw tooLarge(limitBytes);
}

/** The body as it comes, read only as fast as it is taken. Throws `too-large` once it is, however it was announced. */
export async function* countedBody(request: IncomingMessage, limitBytes: number): AsyncGenerator<Buffer> {
  let seen = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    seen += chunk.length;
    if (seen > limitBytes) throw tooLarge(limitBytes);
    yield chunk;
  }
}

function tooLarge(limitBytes: number): ModelFailure {
  return new ModelFailure('too-large', `a request may have ${Math.floor(limitBytes / 1024 ** 2)} MB at most`);
}
