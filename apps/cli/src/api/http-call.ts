import { AppError, type HttpCall, type HttpResponse } from '@agentpod/core';
import type { Messages } from '../messages/zh.ts';

const bodyLimitCharacters = 64 * 1024 * 1024;
const lineLimitCharacters = 4 * 1024 * 1024;
/** For calls that bring no time limit of their own; the slowest is `doctor`, which probes things. */
const defaultTimeoutMs = 60_000;

export interface HttpCallOptions {
  readonly baseUrl: string;
  readonly token: string | undefined;
  readonly interrupted: AbortSignal;
  readonly t: Messages;
}

/** HTTP over the `fetch` of Node. A stream's time limit covers its beginning only. */
export function createHttpCall({ baseUrl, token, interrupted, t }: HttpCallOptions): HttpCall {
  return async (path, request) => {
    const streamed = request.headers['accept'] === 'text/event-stream';
    // The client's signals are those of this program: always the platform's own.
    const own = request.signal as AbortSignal | undefined;
    const opening = new AbortController();
    const timer = setTimeout(
      () => opening.abort(new AppError('unavailable', 'TimedOut', t.errors.noAnswer(baseUrl, defaultTimeoutMs / 1000))),
      defaultTimeoutMs,
    );
    const signals = [interrupted, opening.signal, ...(own ? [own] : [])];
    if (own && !streamed) clearTimeout(timer);
    try {
      const response = await fetch(new URL(path, baseUrl), {
        method: request.method,
        headers: { ...request.headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
        ...(request.body === undefined ? {} : { body: request.body }),
        // The token must not follow a redirect to somewhere else.
        redirect: 'manual',
        signal: AbortSignal.any(signals),
      });
      if (streamed) clearTimeout(timer);
      return answerOf(response, () => clearTimeout(timer), baseUrl, t);
    } catch (cause) {
      clearTimeout(timer);
      throw unreachable(cause, baseUrl, t);
    }
  };
}

function answerOf(response: Response, done: () => void, baseUrl: string, t: Messages): HttpResponse {
  const type = response.headers.get('content-type') ?? '';
  if (response.ok && response.status !== 204 && !/json|event-stream|csv/.test(type)) {
    done();
    void response.body?.cancel();
    throw new AppError('unavailable', 'UnexpectedAnswer', t.errors.notAgentpod(baseUrl), { remedy: t.errors.checkUrl });
  }
  const chunks = async function* () {
    try {
      if (response.body) yield* response.body.pipeThrough(new TextDecoderStream());
    } catch (cause) {
      throw unreachable(cause, baseUrl, t);
    } finally {
      done();
    }
  };
  return {
    ok: response.ok,
    status: response.status,
    text: async () => {
      let text = '';
      for await (const chunk of chunks()) text = bounded(text + chunk, bodyLimitCharacters, t);
      return text;
    },
    lines: () => linesOf(chunks(), t),
  };
}

async function* linesOf(chunks: AsyncIterable<string>, t: Messages): AsyncIterable<string> {
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split('\n');
    rest = bounded(lines.pop() ?? '', lineLimitCharacters, t);
    for (const line of lines) yield line.endsWith('\r') ? line.slice(0, -1) : line;
  }
  if (rest !== '') yield rest;
}

function bounded(text: string, limit: number, t: Messages): string {
  if (text.length <= limit) return text;
  throw new AppError('unavailable', 'UnexpectedAnswer', t.errors.answerTooLarge);
}

function unreachable(cause: unknown, baseUrl: string, t: Messages): unknown {
  if (cause instanceof AppError) return cause;
  // Given up on purpose, by the person or by the caller's own time limit: theirs to explain.
  if (cause instanceof DOMException) return cause;
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  const code = (inner as { code?: unknown } | undefined)?.code;
  const why = (typeof code === 'string' ? t.errors.network[code] : undefined) ?? describe(inner);
  return new AppError('unavailable', 'ServerUnreachable', t.errors.unreachable(baseUrl, why), {
    remedy: t.errors.unreachableRemedy,
    cause,
  });
}

function describe(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
