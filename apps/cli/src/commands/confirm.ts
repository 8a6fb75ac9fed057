import { AppError } from '@agentpod/core';
import type { Context } from '../context.ts';

/** Asks at a terminal; elsewhere, and without a clear yes, throws `invalid`/`NotConfirmed` with these words. */
export async function confirm(
  { io }: Context,
  words: { readonly question: string; readonly refusal: string; readonly remedy: string },
): Promise<void> {
  const refusal = new AppError('invalid', 'NotConfirmed', words.refusal, { field: '--yes', remedy: words.remedy });
  if (io.stdin.isTTY !== true || io.stderr.isTTY !== true) throw refusal;
  const prompts = await import('@clack/prompts');
  const answer = await prompts.confirm({
    message: words.question,
    initialValue: false,
    input: io.stdin,
    output: io.stderr,
    signal: io.interrupted,
  });
  if (prompts.isCancel(answer) || !answer) throw refusal;
}
