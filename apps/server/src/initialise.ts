import { randomBytes } from 'node:crypto';
import { chmod, mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError } from '@agentpod/core';
import { writeStaticConfig } from './adapters/traefik/write-static-config.ts';
import { ensureGatewayKey } from './adapters/gateway-file/gateway-key.ts';
import { openVault } from './adapters/vault-file/file-vault.ts';
import type { Config } from './config.ts';

export interface Installation {
  /** On every object of the engine: what carries another one is not ours. */
  readonly id: string;
  /** Lets the CLI on this machine in; readable by root alone. */
  readonly rootToken: string;
}

/** Makes the data directory and what has to be there before anything starts. Repeating it changes nothing. */
export async function initialise({ paths, ...config }: Config): Promise<Installation> {
  try {
    await mkdir(paths.data, { recursive: true, mode: 0o711 });
    for (const file of [paths.ingress, paths.acme, dirname(paths.gatewayKey), dirname(paths.traefikConfig)]) {
      await mkdir(file, { recursive: true, mode: 0o700 });
    }
  } catch (cause) {
    throw new AppError('terminal', 'DataDirectory', `cannot make the data directory ${paths.data}`, {
      field: 'AGENTPOD_DATA_DIR',
      remedy: 'Run as root, or name a directory that you may write to.',
      cause,
    });
  }
  openVault({ file: paths.masterKey, fromEnvironment: config.masterKey });
  await ensureGatewayKey(paths.gatewayKey);
  await writeStaticConfig({ ...config, paths });
  return {
    id: await onceWritten(paths.installation, () => randomBytes(6).toString('hex')),
    rootToken: await onceWritten(paths.rootToken, () => `apt_${randomBytes(32).toString('base64url')}`),
  };
}

/** The file's content; made the first time, and never again, whoever comes first. */
async function onceWritten(file: string, make: () => string): Promise<string> {
  try {
    const handle = await open(file, 'wx', 0o600);
    try {
      await handle.writeFile(`${make()}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    await chmod(file, 0o600);
  }
  return (await readFile(file, 'utf8')).trim();
}
