import { type CallOutcome, longestDetail, plainText } from '@agentpod/core';
import { errors } from 'undici';
import { z } from 'zod';
import { ModelFailure } from './dialect.ts';

/** How a call to a provider ended, for whoever watches over the agent's model. */
export interface CallEnd {
  readonly outcome: CallOutcome;
  /** Of the provider's answer; absent when there was none. */
  readonly status?: number;
  /** One plain sentence without secrets; empty when there is nothing to add. */
  readonly detail: string;
}

/** As all providers word a failure, give or take a level. */
const Words = z.looseObject({
  message: z.string().optional().catch(undefined),
  code: z.union([z.string(), z.number()]).transform(String).optional().catch(undefined),
  type: z.string().optional().catch(undefined),
});
const FailureBody = z.union([
  z.object({ error: Words }).transform(({ error }) => error),
  z.object({ error: z.string() }).transform(({ error }): z.infer<typeof Words> => ({ message: error })),
  Words,
]);

/** An account without money, in the words of OpenAI, Moonshot, Anthropic, Qwen and Zhipu; the status alone says less. */
const spentWords = new Set([
  'insufficient_quota',
  'exceeded_current_quota_error',
  'billing_error',
  'Arrearage',
  '1113',
]);
const spentSentence = /credit balance is too low/i;

/** `body` is the beginning of an answer that failed; what is longer than a failure usually is, is not read. */
export function endOfAnswer(status: number, body: string, redact: (text: string) => string): CallEnd {
  if (status < 400) return { outcome: 'ok', status, detail: '' };
  const words = wordsOf(body);
  const detail = oneLine(redact(words.message ?? ''));
  return { outcome: isSpent(status, words) ? 'quota-exhausted' : outcomeOf(status), status, detail };
}

/** `undefined` for a failure that is not the provider's: it says nothing about the model. */
export function endOfFailure(error: unknown): CallEnd | undefined {
  if (error instanceof ModelFailure) return error.kind === 'bad-upstream' ? unanswered(error) : undefined;
  const { name, code } = error as NodeJS.ErrnoException;
  // Of the two ends of the pipe only the agent's closes without an error of its own.
  if (name === 'AbortError' || code === 'ERR_STREAM_PREMATURE_CLOSE') return { outcome: 'aborted', detail: '' };
  if (error instanceof errors.BodyTimeoutError) return { outcome: 'timed-out', detail: 'its answer fell silent' };
  if (code !== undefined) return { outcome: 'unreachable', detail: `its answer broke off (${code})` };
  return undefined;
}

function unanswered({ message, cause }: ModelFailure): CallEnd {
  const late = cause instanceof errors.ConnectTimeoutError || cause instanceof errors.HeadersTimeoutError;
  const { code = '' } = (cause ?? {}) as NodeJS.ErrnoException;
  // The system's own word says more: refused, no such name, no route.
  return { outcome: late ? 'timed-out' : 'unreachable', detail: /^E[A-Z_]+$/.test(code) ? code : message };
}

function outcomeOf(status: number): CallOutcome {
  if (status >= 500) return 'server-error';
  switch (status) {
    case 401:
      return 'unauthorized';
    case 402:
      return 'quota-exhausted';
    case 403:
      return 'forbidden';
    case 404:
      return 'not-found';
    case 429:
      return 'rate-limited';
    default:
      return 'refused';
  }
}

function isSpent(status: number, { code = '', type = '', message = '' }: z.infer<typeof Words>): boolean {
  if (status >= 500) return false;
  return spentWords.has(code) || spentWords.has(type) || spentSentence.test(message);
}

function wordsOf(body: string): z.infer<typeof Words> {
  try {
    return FailureBody.parse(JSON.parse(body));
  } catch {
    // Not JSON, or cut off: then it is no sentence, and might hold half a key.
    return {};
  }
}

function oneLine(text: string): string {
  return plainText(text.replace(/\s+/g, ' '), longestDetail);
}
