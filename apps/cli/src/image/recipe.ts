import { spawn } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError } from '@agentpod/core';
import type { Context } from '../context.ts';
import type { Output } from '../io.ts';

/**
 * The script that builds an image: below AGENTPOD_HOME, or in a folder above this file (the repository, or the
 * installation that holds `dist`). Throws `not-found` saying where it was looked for.
 */
export async function findRecipe({ io, t }: Context, name: string): Promise<string> {
  if (!/^[a-z][a-z0-9-]{0,30}$/.test(name)) {
    throw new AppError('invalid', 'InvalidName', t.image.invalidName(name), { field: 'type' });
  }
  const places = io.env['AGENTPOD_HOME'] ? [io.env['AGENTPOD_HOME']] : foldersAbove(import.meta.dirname);
  for (const place of places) {
    const script = join(place, 'deploy', 'images', name, 'build.sh');
    if (await isReadable(script)) return script;
  }
  throw new AppError('not-found', 'NoRecipe', t.image.noRecipe(name, places[0] ?? ''), {
    remedy: t.image.noRecipeRemedy,
  });
}

/** Runs it with its output going where ours goes. Throws `terminal` when it fails. */
export async function runRecipe(context: Context, script: string, args: readonly string[]): Promise<void> {
  const { io, t } = context;
  const code = await new Promise<number | string>((resolve, reject) => {
    const child = spawn('bash', [script, ...args], {
      // Docker draws its progress when it sees a terminal; the result of the command stays alone on stdout.
      stdio: ['ignore', channel(io.stderr), channel(io.stderr)],
      env: { ...io.env },
      signal: io.interrupted,
    });
    child.stdout?.on('data', (chunk: Buffer) => io.stderr.write(chunk));
    child.stderr?.on('data', (chunk: Buffer) => io.stderr.write(chunk));
    child.once('error', reject);
    child.once('close', (exitCode, signal) => resolve(exitCode ?? signal ?? 'unknown'));
  });
  if (code !== 0)
    throw new AppError('terminal', 'BuildFailed', t.image.failed(script, code), { remedy: t.image.failedRemedy });
}

function channel(output: Output): number | 'pipe' {
  return 'fd' in output && typeof output.fd === 'number' ? output.fd : 'pipe';
}

function foldersAbove(start: string): string[] {
  const folders: string[] = [];
  for (let folder = start; ; folder = dirname(folder)) {
    folders.push(folder);
    if (dirname(folder) === folder) return folders;
  }
}

async function isReadable(path: string): Promise<boolean> {
  try {
    await access(path, constants.R_OK);
    return true;
  } catch {
    // Not here: the next place.
    return false;
  }
}
