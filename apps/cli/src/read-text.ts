import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AppError } from '@agentpod/core';
import type { Context } from './context.ts';
import { warn } from './output/print.ts';

/** More than any field of the API takes. */
const limitBytes = 256 * 1024;

/** A file the person named with `option`. Throws `invalid` when it cannot be read, is too large or is not text. */
export async function readText(
  context: Context,
  path: string,
  option: string,
): Promise<{ text: string; mode: number }> {
  const { io, t } = context;
  const fail = (message: string, cause?: unknown) =>
    new AppError('invalid', 'UnreadableFile', message, { field: option, cause });
  const file = await open(resolve(io.cwd, path)).catch((cause: NodeJS.ErrnoException) => {
    throw fail(t.files.unreadable(path, cause.code ?? cause.message), cause);
  });
  try {
    const { size, mode } = await file.stat();
    if (size > limitBytes) throw fail(t.files.tooLarge(path, limitBytes / 1024));
    const { bytesRead, buffer } = await file.read({ buffer: Buffer.alloc(limitBytes + 1) });
    if (bytesRead > limitBytes) throw fail(t.files.tooLarge(path, limitBytes / 1024));
    return { text: decode(buffer.subarray(0, bytesRead), () => fail(t.files.notText(path))), mode };
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw fail(t.files.unreadable(path, (cause as NodeJS.ErrnoException).code ?? String(cause)), cause);
  } finally {
    await file.close();
  }
}

/** A secret from a file, from standard input with `-`, or typed unseen when that is a terminal. */
export async function readKey(context: Context, path: string, option: string): Promise<string> {
  const { io, t } = context;
  const key = (path === '-' ? await keyFromInput(context) : await keyFromFile(context, path, option)).replace(
    /[\r\n]+$/,
    '',
  );
  const wrong = key.trim() === '' ? t.files.emptyKey : /[\r\n]/.test(key) ? t.files.manyLines : undefined;
  if (wrong === undefined) return key;
  throw new AppError('invalid', 'InvalidKey', wrong, { field: option, remedy: t.files.keyRemedy });
  function keyFromInput(from: Context): Promise<string> {
    return io.stdin.isTTY === true ? askKey(from) : readInput(from, option);
  }
}

/** All of standard input. */
export async function readInput({ io, t }: Context, field: string): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of io.stdin) {
    const bytes = Buffer.from(chunk as Uint8Array | string);
    size += bytes.length;
    if (size > limitBytes)
      throw new AppError('invalid', 'UnreadableFile', t.files.tooLarge('-', limitBytes / 1024), { field });
    chunks.push(bytes);
  }
  return decode(
    Buffer.concat(chunks),
    () => new AppError('invalid', 'UnreadableFile', t.files.notText('-'), { field }),
  );
}

async function keyFromFile(context: Context, path: string, option: string): Promise<string> {
  const { text, mode } = await readText(context, path, option);
  if (mode & 0o004) await warn(context, context.t.files.worldReadable(path));
  return text;
}

async function askKey({ io, t }: Context): Promise<string> {
  const { isCancel, password } = await import('@clack/prompts');
  const answer = await password({
    message: t.files.askKey,
    input: io.stdin,
    output: io.stderr,
    signal: io.interrupted,
  });
  if (isCancel(answer)) throw new AppError('invalid', 'Cancelled', t.files.noKeyGiven);
  return answer;
}

function decode(bytes: Uint8Array, fail: () => AppError): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    const error = fail();
    error.cause = cause;
    throw error;
  }
}
