import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '@agentpod/core';
import type { Context } from '../context.ts';

export const defaultUrl = 'http://127.0.0.1:7100';
export const defaultDataDir = '/var/lib/agentpod';

/** Throws `invalid` when it is no http address. */
export function serverUrl({ flags, io, t }: Context): URL {
  const text = flags.url ?? (io.env['AGENTPOD_URL'] || defaultUrl);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '') {
    throw new AppError('invalid', 'InvalidUrl', t.errors.invalidUrl(text), { field: '--url' });
  }
  return url;
}

/**
 * The option, else the environment, else what the server left for this machine's root. That file opens everything, so
 * it is never sent to another machine. Throws `unauthorized` when the file is there and may not be read.
 */
export async function findToken(context: Context, url: URL): Promise<string | undefined> {
  const given = context.flags.token ?? context.io.env['AGENTPOD_TOKEN'];
  if (given) return given;
  if (!isLoopback(url)) return undefined;
  const path = rootTokenPath(context);
  try {
    return (await readFile(path, 'utf8')).trim() || undefined;
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new AppError('unauthorized', 'RootTokenUnreadable', context.t.errors.rootTokenUnreadable(path), {
      remedy: context.t.errors.rootTokenRemedy,
      cause,
    });
  }
}

export function rootTokenPath({ io }: Context): string {
  return join(io.env['AGENTPOD_DATA_DIR'] || defaultDataDir, 'root.token');
}

export function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
