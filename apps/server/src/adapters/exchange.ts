import { type Agent, type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';

export interface Exchange {
  readonly method?: 'GET' | 'POST';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Where the connection goes, whatever the name in `url` resolves to; `Host` and SNI stay those of `url`. */
  readonly connectTo?: { readonly address: string; readonly port: number };
  /** From the question to the end of the answer. */
  readonly timeoutMs: number;
  /** In bytes; a longer answer is a failure. Absent: the body is not read at all. */
  readonly longestAnswer?: number;
  /** Keeps connections for the next request; for plain HTTP, and what may be asked twice. Absent: one for this alone. */
  readonly pool?: Agent;
}

export interface Exchanged {
  readonly status: number;
  readonly location: string | undefined;
  readonly body: string;
}

/**
 * One HTTP request over Node's own client: many agents are asked many times a minute, and `fetch` takes several times
 * the CPU time and memory. Redirects are not followed. Throws what Node throws, the reason of the signal, or a
 * `TimeoutError`.
 */
export async function exchange(asked: Exchange, signal: AbortSignal): Promise<Exchanged> {
  try {
    return await attempt(asked, asked.pool, signal);
  } catch (error) {
    if (!(error instanceof StaleConnection)) throw error;
    return attempt(asked, undefined, signal);
  }
}

/** The other side ended a kept connection at the moment in which we used it again: no news of how it is. */
class StaleConnection extends Error {}

async function attempt(asked: Exchange, pool: Agent | undefined, signal: AbortSignal): Promise<Exchanged> {
  signal.throwIfAborted();
  const { method = 'GET', url, headers, body, connectTo, timeoutMs } = asked;
  const target = new URL(url);
  const secure = target.protocol === 'https:';
  const request = (secure ? requestHttps : requestHttp)({
    method,
    host: connectTo?.address ?? target.hostname,
    port: connectTo?.port ?? (target.port || (secure ? 443 : 80)),
    path: `${target.pathname}${target.search}`,
    headers: { ...headers, host: target.host, ...(pool ? {} : { connection: 'close' }) },
    agent: pool ?? false,
    ...(secure && { servername: target.hostname }),
  });
  const stop = (): void => void request.destroy(signal.reason);
  // Not `AbortSignal.any` with a time-out: that is a third of the CPU time of a short exchange.
  const timer = setTimeout(() => request.destroy(tooSlow(timeoutMs)), timeoutMs);
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await answerOf(request, asked.longestAnswer, body);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}

function tooSlow(timeoutMs: number): DOMException {
  return new DOMException(`no answer within ${timeoutMs / 1000} s`, 'TimeoutError');
}

function answerOf(request: ClientRequest, longest: number | undefined, body: string | undefined): Promise<Exchanged> {
  const { promise, resolve, reject } = Promise.withResolvers<Exchanged>();
  let answered = false;
  request.on('error', (error: NodeJS.ErrnoException) => {
    const stale = request.reusedSocket && !answered && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
    reject(stale ? new StaleConnection(error.code) : error);
  });
  request.on('response', (response) => {
    answered = true;
    const { statusCode: status = 0, headers } = response;
    const { location } = headers;
    if (longest === undefined) {
      resolve({ status, location, body: '' });
      response.destroy();
      return;
    }
    read(response, longest).then((text) => resolve({ status, location, body: text }), reject);
  });
  request.end(body);
  return promise;
}

function read(response: IncomingMessage, longest: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const chunks: Buffer[] = [];
  let length = 0;
  response.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > longest) response.destroy(new Error('its answer is too long'));
    else chunks.push(chunk);
  });
  response.on('error', reject);
  response.on('end', () => resolve(Buffer.concat(chunks).toString()));
  return promise;
}
