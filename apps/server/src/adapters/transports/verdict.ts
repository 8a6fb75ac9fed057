import { AppError } from '@agentpod/core';
import type { Answer } from './post.ts';

/** A refusal that no repetition changes. */
export function refused(reason: string, message: string, remedy?: string): AppError {
  return new AppError('terminal', reason, message, remedy === undefined ? {} : { remedy });
}

/** A refusal that may be another one in a minute. */
export function notNow(reason: string, message: string): AppError {
  return new AppError('unavailable', reason, message);
}

const worthAnotherTry = new Set([408, 425]);

/** Throws unless the status is 2xx. Of providers with codes of their own those are asked first. */
export function requireSuccess({ status, retryAfter, body }: Answer, quote: (text: string) => string): void {
  if (status >= 200 && status < 300) return;
  const said = quote(body) === '' ? '' : `: ${quote(body)}`;
  if (status === 429) {
    const wait = retryAfter === undefined ? '' : ` (try again after ${quote(retryAfter)})`;
    throw notNow('TooManyNotices', `The receiver takes no more notices for now${wait}`);
  }
  if (status >= 500 || worthAnotherTry.has(status)) {
    throw notNow('ReceiverFailed', `The receiver answered ${status}${said}`);
  }
  if (status >= 300 && status < 400) {
    throw refused(
      'RedirectRefused',
      `The receiver answered ${status} and points elsewhere`,
      'Redirects are not followed: enter the address that it points to',
    );
  }
  throw refused('NoticeRefused', `The receiver refused the notice with ${status}${said}`);
}

/** JSON objects only; anything else is no answer of this provider. */
export function fieldsOf(body: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** What a provider's code means. Codes that are in no table are tried again: a lost alert is worse than a late failure. */
export interface CodeTables {
  readonly provider: string;
  readonly busy: ReadonlySet<number>;
  readonly final: Readonly<Record<number, string>>;
}

export function judgeCode(code: unknown, said: string, tables: CodeTables): void {
  if (code === 0) return;
  const { provider, busy, final } = tables;
  if (typeof code !== 'number') {
    throw notNow('UnknownAnswer', `${provider} answered, but not in a way that says whether the notice was taken`);
  }
  const words = said === '' ? '' : `: ${said}`;
  if (busy.has(code) || /too (many|fast)|frequen|limit/i.test(said)) {
    throw notNow('TooManyNotices', `${provider} takes no more notices for now (code ${code}${words})`);
  }
  const meaning = final[code];
  if (meaning === undefined) throw notNow('ReceiverFailed', `${provider} answered with code ${code}${words}`);
  throw refused('NoticeRefused', `${meaning} (${provider} code ${code}${words})`);
}
