import { AppError, type HttpCall } from '@agentpod/core';

/** A stream that is silent for so long is ended, to be opened anew: lines die without anybody saying so. */
const silenceMs = 45_000;
const answerMs = 20_000;

/** The HTTP API of the site this page came from; the browser adds the session cookie. */
export const callApi: HttpCall = async (path, { method, headers, body, signal }) => {
  const streams = headers['accept'] === 'text/event-stream';
  const stop = new AbortController();
  const patience = setTimeout(() => stop.abort(), answerMs);
  // `AbortSignalLike` is what core knows of it; in a browser it is the real one.
  const signals = signal instanceof AbortSignal ? [stop.signal, signal] : [stop.signal];
  try {
    const response = await fetch(path, {
      method,
      headers,
      credentials: 'same-origin',
      cache: 'no-store',
      signal: AbortSignal.any(signals),
      ...(body === undefined ? {} : { body }),
    });
    // Read here, so that the time limit covers the body too.
    const text = streams && response.ok ? undefined : await response.text();
    return {
      ok: response.ok,
      status: response.status,
      text: async () => text ?? (await response.text()),
      lines: () => linesOf(response, stop),
    };
  } catch (cause) {
    throw new AppError('unavailable', 'Unreachable', 'the server does not answer', { cause });
  } finally {
    clearTimeout(patience);
  }
};

async function* linesOf(response: Response, stop: AbortController): AsyncIterable<string> {
  if (!response.body) return;
  let rest = '';
  let patience = setTimeout(() => stop.abort(), silenceMs);
  try {
    for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
      clearTimeout(patience);
      patience = setTimeout(() => stop.abort(), silenceMs);
      const lines = (rest + text).split(/\r?\n/);
      rest = lines.pop() ?? '';
      yield* lines;
    }
  } catch (cause) {
    throw new AppError('unavailable', 'Unreachable', 'the stream broke', { cause });
  } finally {
    clearTimeout(patience);
    stop.abort();
  }
}
