import { AppError } from '@agentpod/core';
import { codeOf } from './checked-addresses.ts';
import { notNow, refused } from './verdict.ts';

interface Attempt {
  readonly host: string;
  readonly stopped: boolean;
  readonly timeoutMs: number;
}

/** What a failure of nodemailer means. SMTP itself says what may be tried again: 4xx may, 5xx may not. */
export function smtpFailure(error: unknown, { host, stopped, timeoutMs }: Attempt): AppError {
  const code = codeOf(error);
  const { responseCode, response } = error as { responseCode?: number; response?: string };
  const said = response === undefined ? '' : `: ${response}`;
  if (stopped) return notNow('DeliveryStopped', 'The delivery was stopped');
  if (code === 'EABORT' || code === 'ETIMEDOUT') {
    return notNow('ReceiverTooSlow', `${host} did not answer within ${timeoutMs / 1000} seconds`);
  }
  if (responseCode !== undefined && responseCode >= 500) {
    return code === 'EAUTH'
      ? refused('NoticeRefused', `The mail server refused user and password${said}`)
      : refused('NoticeRefused', `The mail server refused the notice${said}`);
  }
  if (responseCode !== undefined && responseCode >= 400) {
    return notNow('ReceiverFailed', `The mail server cannot take the notice now${said}`);
  }
  if (code === 'EAUTH') {
    return refused('NoticeRefused', 'The mail server offers no log-in that user and password fit');
  }
  if (code === 'EDNS') return notNow('NameNotFound', `The name ${host} cannot be resolved`);
  const why = error instanceof Error ? error.message : code;
  return notNow('ReceiverUnreachable', `${host} cannot be reached (${why})`);
}
