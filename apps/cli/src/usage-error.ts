import { AppError } from '@agentpod/core';
import type { CommanderError } from 'commander';
import type { Messages } from './messages/zh.ts';

/** What commander refused, in the person's language: its own sentences are English, its codes are stable. */
export function usageError({ code, message }: CommanderError, t: Messages, command: string): AppError {
  const quoted = [...message.matchAll(/'([^']*)'/g)].map((match) => match[1] ?? '');
  const say = t.usage.of[code];
  const suggestion = /\(Did you mean (?:one of )?(.+)\?\)/.exec(message)?.[1];
  const said = say ? say(quoted[0] ?? '', quoted[1] ?? '') : message.replace(/^error: /, '');
  const guess = suggestion === undefined ? '' : t.usage.didYouMean(suggestion);
  return new AppError('invalid', 'Usage', `${said}${guess}`, { remedy: t.usage.remedy(command) });
}
