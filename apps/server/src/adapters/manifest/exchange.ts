import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { AppError, plainText } from '@agentpod/core';

export interface Exchange {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Where the connection goes, whatever the name in `url` resolves to; `Host` and SNI stay those of `url`. */
  readonly connectTo?: { readonly address: string; readonly port: number };
  /** In bytes; a longer answer is a failure. Absent: the body is not read at all. */
  readonly longestAnswer?: number;
}

export interface Exchanged {
  readonly status: number;
  readonly location: string | undefined;
  readonly body: string;
}

/** One HTTP request. Redirects are not followed. Throws `unavailable`/`AgentUnreachable`. */
export async function exchange(
  { method, url, headers, body, connectTo, longestAnswer }: Exchange,
  signal: AbortSignal,
): Promise<Exchanged> {
  const { promise, resolve, reject } = Promise.withResolvers<Exchanged>();
  const target = new URL(url);
  const secure = target.protocol === 'https:';
  const host = connectTo?.address ?? target.hostname;
  const port = connectTo?.port ?? (target.port || (secure ? 443 : 80));
  const request = (secure ? requestHttps : requestHttp)({
    method,
    host,
    port,
    path: `${target.pathname}${target.search}`,
    headers: { ...headers, host: target.host, connection: 'close' },
    agent: false,
    signal,
    ...(secure && { servername: target.hostname }),
  });
  request.on('error', (cause) => reject(unreachable(cause, signal)));
  request.on('response', (response) => {
    const { statusCode: status = 0, headers: answered } = response;
    const finish = (text: string) => resolve({ status, location: answered.location, body: text });
    if (longestAnswer === undefined) {
      finish('');
      response.destroy();
      return;
    }
    const chunks: Buffer[] = [];
    let length = 0;
    response.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > longestAnswer) request.destroy(new Error('its answer is too long'));
      else chunks.push(chunk);
    });
    response.on('error', (cause) => reject(unreachable(cause, signal)));
    response.on('end', () => finish(Buffer.concat(chunks).toString()));
  });
  request.end(body);
  return await promise;
}

function unreachable(cause: Error, signal: AbortSignal): AppError {
  const why = signal.aborted ? 'it did not answer in time' : plainText(cause.message, 300);
  return new AppError('unavailable', 'AgentUnreachable', `The agent cannot be reached: ${why}`, { cause });
}
