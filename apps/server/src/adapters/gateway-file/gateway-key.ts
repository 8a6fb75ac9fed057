import { randomBytes } from 'node:crypto';
import { link, open, readFile, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError } from '@agentpod/core';

const keyBytes = 32;

/**
 * The gateway's own key, which seals its snapshot; makes one where there is none: base64url, 0600, never in place of
 * another. Throws `terminal`/`GatewayKeyExposed` when others than its owner may use it, `terminal`/`InvalidGatewayKey`
 * when it is no key, `unavailable`/`GatewayKeyUnreadable` otherwise.
 */
export async function ensureGatewayKey(file: string): Promise<Uint8Array> {
  try {
    if (!(await exists(file))) await createGatewayKey(file);
    return await readGatewayKey(file);
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError('unavailable', 'GatewayKeyUnreadable', `gateway key ${file}: ${(error as Error).message}`, {
      cause: error,
      remedy: 'Make sure that the data directory exists and belongs to the user AgentPod runs as.',
    });
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

async function readGatewayKey(file: string): Promise<Uint8Array> {
  const status = await stat(file);
  if (status.isFile() && (status.mode & 0o077) !== 0) {
    throw new AppError('terminal', 'GatewayKeyExposed', `others than its owner may use the gateway's key ${file}`, {
      remedy: `Run: chmod 600 ${file}`,
    });
  }
  const text = status.isFile() ? await readFile(file, 'utf8') : '';
  // Node's own decoder skips what is not base64: a damaged key would become another one.
  if (!/^[\w-]{43}\s*$/.test(text)) {
    throw new AppError('terminal', 'InvalidGatewayKey', `${file} does not hold a key of ${keyBytes} bytes`, {
      remedy: 'Remove the file and start the server again: it makes a new key and a new snapshot.',
    });
  }
  return Buffer.from(text, 'base64url');
}

/** Whole or not at all: the gateway may be looking already, and half a key would stay after a power cut. */
async function createGatewayKey(file: string): Promise<void> {
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle.writeFile(`${randomBytes(keyBytes).toString('base64url')}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    await link(draft, file);
  } catch (error) {
    // Another process was faster: its key is the one.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(draft);
  }
  const folder = await open(dirname(file), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
