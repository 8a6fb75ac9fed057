import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { toAppError, toProblem } from '@agentpod/core';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import type { RouteContext } from './services.ts';

const heartbeatMs = 15_000;

/** Aborted when the client is gone, the answer is sent or the server stops. */
export function untilGone(reply: FastifyReply, stopping: AbortSignal): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  return AbortSignal.any([gone.signal, stopping]);
}

/**
 * Answers with server-sent events. The source is read only as fast as the client takes them. A source that fails says
 * so in an event of its own, because the status was sent long before.
 */
export function sendEvents<S extends z.ZodType>(
  reply: FastifyReply,
  schema: S,
  source: AsyncIterable<z.input<S>>,
  { signal, context }: { signal: AbortSignal; context: RouteContext },
): FastifyReply {
  const out = new PassThrough();
  // Also tells proxies and clients at once that the stream is open.
  out.write(': agentpod\n\n');
  const stopHeart = beat(out, context);
  const finish = (): void => {
    stopHeart();
    out.end();
  };
  // Whether or not the source takes notice.
  signal.addEventListener('abort', finish, { once: true });
  pump(out, schema, source, signal)
    .catch((error: unknown) => {
      if (signal.aborted) return;
      const failure = toAppError(error);
      reply.log.warn({ kind: failure.kind, reason: failure.reason, err: failure }, 'stream failed');
      out.write(`event: error\ndata: ${JSON.stringify(toProblem(failure))}\n\n`);
    })
    .finally(finish);
  return (
    reply
      .header('content-type', 'text/event-stream; charset=utf-8')
      .header('x-accel-buffering', 'no')
      // An idle connection left behind by a stream would keep the server from stopping.
      .header('connection', 'close')
      .send(out)
  );
}

async function pump<S extends z.ZodType>(
  out: PassThrough,
  schema: S,
  source: AsyncIterable<z.input<S>>,
  signal: AbortSignal,
): Promise<void> {
  for await (const item of source) {
    if (signal.aborted) return;
    const free = out.write(`data: ${JSON.stringify(schema.parse(item))}\n\n`);
    if (!free) await once(out, 'drain', { signal });
  }
}

/** Something is sent now and then, so that nobody in between takes a quiet stream for a dead one. */
function beat(out: PassThrough, { options }: RouteContext): () => void {
  let cancel = () => {};
  const again = (): void => {
    cancel = options.clock.after(heartbeatMs, () => {
      if (!out.writableNeedDrain) out.write(': alive\n\n');
      again();
    });
  };
  again();
  return () => cancel();
}
