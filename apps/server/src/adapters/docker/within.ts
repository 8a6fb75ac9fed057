import { AppError } from '@agentpod/core';

export interface Limit {
  /** Begins the message of the time-out. */
  readonly doing: string;
  readonly milliseconds: number;
  readonly signal: AbortSignal;
}

/**
 * Ends with the work, the caller's abort or the time-out, whatever is first. The race is needed beside the signal:
 * dockerode never settles when the engine goes away in the middle of an answer.
 */
export async function within<T>(limit: Limit, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  limit.signal.throwIfAborted();
  const expiry = new AbortController();
  const timer = setTimeout(() => {
    const message = `${limit.doing}: no answer from the container engine within ${limit.milliseconds / 1000} s`;
    expiry.abort(new AppError('unavailable', 'EngineTimeout', message));
  }, limit.milliseconds);
  const both = AbortSignal.any([limit.signal, expiry.signal]);
  const over = Promise.withResolvers<never>();
  const onAbort = (): void => over.reject(both.reason);
  both.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work(both), over.promise]);
  } catch (thrown) {
    // Whoever noticed first, the reason is the news, not the broken socket.
    throw both.aborted ? both.reason : thrown;
  } finally {
    clearTimeout(timer);
    both.removeEventListener('abort', onAbort);
  }
}
