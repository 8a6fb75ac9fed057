import type { AppError } from '@agentpod/core';
import type { Messages } from './messages/zh.ts';

/** One sentence for a person. What has no words here is told in the server's own. */
export function explainError(error: AppError, t: Messages): string {
  switch (error.reason) {
    case 'WrongPassword':
      return t.logIn.wrong;
    case 'TooManyAttempts':
      return t.logIn.tooMany;
    case 'Unreachable':
      return t.unreachableHelp;
    default:
      return error.remedy === undefined ? error.message : `${error.message}. ${error.remedy}`;
  }
}
