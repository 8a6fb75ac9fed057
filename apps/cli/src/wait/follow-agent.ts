import { type AgentView, AppError, type Client } from '@agentpod/core';
import type { Io } from '../io.ts';

/** How often to ask when the stream is silent, and when there is none. */
const silentMs = 15_000;
const pollMs = 2_000;

export type Seen =
  | { readonly kind: 'agent'; readonly agent: AgentView }
  | { readonly kind: 'gone' }
  | { readonly kind: 'unreachable'; readonly why: string };

/**
 * One agent as it changes: from the watch stream while there is one, by asking again when there is none. Ends never;
 * the caller stops with `signal`. Errors that waiting cannot heal are thrown.
 */
export async function* followAgent(
  client: Client,
  agent: { id: string; ref: string },
  io: Io,
  signal: AbortSignal,
): AsyncGenerator<Seen> {
  const ask = async (): Promise<Seen> => {
    try {
      return { kind: 'agent', agent: await client.getAgent(agent.ref, { signal }) };
    } catch (error) {
      if (error instanceof AppError && error.kind === 'not-found') return { kind: 'gone' };
      return { kind: 'unreachable', why: whyUnavailable(error, signal) };
    }
  };
  for (;;) {
    try {
      yield* streamed(client, agent.id, io, signal, ask);
    } catch (error) {
      yield { kind: 'unreachable', why: whyUnavailable(error, signal) };
    }
    await io.sleep(pollMs, signal);
    yield await ask();
  }
}

async function* streamed(
  client: Client,
  id: string,
  io: Io,
  signal: AbortSignal,
  ask: () => Promise<Seen>,
): AsyncGenerator<Seen> {
  const messages = client.watch({ signal })[Symbol.asyncIterator]();
  try {
    let next = messages.next();
    // A broken stream is found below; nobody may be left waiting for it meanwhile.
    next.catch(() => undefined);
    // The stream begins with what is alive: what was over before it began is not in it.
    yield await ask();
    for (;;) {
      const message = await orSilence(next, io, signal);
      if (message === 'silence') {
        yield await ask();
        continue;
      }
      if (message.done === true) return;
      if (message.value.type === 'agent' && message.value.agent.id === id)
        yield { kind: 'agent', agent: message.value.agent };
      if (message.value.type === 'gone' && message.value.id === id) yield { kind: 'gone' };
      next = messages.next();
    }
  } finally {
    // The stream ends with the signal; waiting for it here would hold up the result.
    messages.return?.().catch(() => undefined);
  }
}

/** A proxy in between may swallow a stream without ending it. */
async function orSilence<T>(next: Promise<T>, io: Io, signal: AbortSignal): Promise<T | 'silence'> {
  const heard = new AbortController();
  const silence = io.sleep(silentMs, AbortSignal.any([heard.signal, signal])).then(() => 'silence' as const);
  try {
    return await Promise.race([next, silence]);
  } finally {
    heard.abort();
    silence.catch(() => undefined);
  }
}

/** Waiting helps against an absent server and against nothing else. */
function whyUnavailable(error: unknown, signal: AbortSignal): string {
  if (signal.aborted || !(error instanceof AppError) || error.kind !== 'unavailable') throw error;
  return error.message;
}
