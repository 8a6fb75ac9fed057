import { AppError, errorKinds, toAppError } from '@agentpod/core';
import { write, type Io } from './io.ts';
import type { Format } from './context.ts';
import type { Messages } from './messages/zh.ts';
import { escapeForMachines, neutralise, neutraliseLine } from './output/neutralise.ts';
import { styleFor } from './output/style.ts';

export interface Reporting {
  readonly io: Io;
  readonly t: Messages;
  readonly format: Format;
  /** `create`, `model set`: what was being done. */
  readonly command: string;
}

/** Tells the person what failed, why and what to do; answers with the exit code. */
export async function reportError(thrown: unknown, { io, t, format, command }: Reporting): Promise<number> {
  const error = explain(thrown, t);
  const { exit } = errorKinds[error.kind];
  const remedy = remedyOf(error, t);
  if (format !== 'table') {
    const { kind, reason, message, field } = error;
    const body = { error: { command, kind, reason, message, field, remedy, exitCode: exit } };
    await write(io.stderr, `${escapeForMachines(JSON.stringify(body))}\n`);
    return exit;
  }
  const style = styleFor(io, io.stderr);
  const lines = [
    `${style('red', t.errors.failed(command))}${neutralise(error.message)}`,
    `  ${t.errors.reason}${neutraliseLine(error.reason)} (${error.kind})`,
    ...(error.field === undefined ? [] : [`  ${t.errors.field}${neutraliseLine(error.field)}`]),
    `  ${style('bold', t.errors.remedy)}${neutralise(remedy)}`,
  ];
  await write(io.stderr, `${lines.join('\n')}\n`);
  return exit;
}

/** The server's advice, except where it cannot know that it speaks to a command line. */
export function remedyOf(error: AppError, { errors }: Messages): string {
  return errors.remediesOfReasons[error.reason] ?? error.remedy ?? errors.remedies[error.kind];
}

function explain(thrown: unknown, t: Messages): AppError {
  if (
    thrown instanceof Error &&
    (thrown.name === 'ZodError' || thrown.name === '$ZodError' || thrown instanceof SyntaxError)
  ) {
    return new AppError('unavailable', 'UnexpectedAnswer', t.errors.contractBroken, {
      remedy: t.errors.compareVersions,
      cause: thrown,
    });
  }
  if (thrown instanceof DOMException && thrown.name === 'TimeoutError') {
    return new AppError('unavailable', 'TimedOut', t.errors.timedOut, { cause: thrown });
  }
  return toAppError(thrown);
}
