import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { AppError } from '@agentpod/core';

const keyBytes = 32;

/** Throws `invalid`/`InvalidMasterKey`: the text itself is never repeated. */
export function parseMasterKey(text: string): Buffer {
  const key = decode(text);
  if (!key) {
    throw new AppError('invalid', 'InvalidMasterKey', `the master key must be ${keyBytes} bytes in base64`, {
      field: 'AGENTPOD_MASTER_KEY',
      remedy: 'Make one with: openssl rand -base64 32',
    });
  }
  return key;
}

/**
 * Reads the key from its file and makes one where there is none. Throws `terminal`/`MasterKeyExposed` when others than
 * the owner may read it, `terminal`/`InvalidMasterKey` when it is no key, `unavailable`/`MasterKeyUnreadable` otherwise.
 */
export function readOrCreateMasterKey(file: string): Buffer {
  try {
    return readMasterKey(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw asAppError(error, file);
  }
  try {
    createMasterKey(file);
    return readMasterKey(file);
  } catch (error) {
    throw asAppError(error, file);
  }
}

function readMasterKey(file: string): Buffer {
  const status = statSync(file);
  if (!status.isFile()) {
    throw new AppError('terminal', 'InvalidMasterKey', `the master key ${file} is not a file`);
  }
  if ((status.mode & 0o077) !== 0) {
    throw new AppError(
      'terminal',
      'MasterKeyExposed',
      `others than its owner may read or change the master key ${file}`,
      {
        remedy: `Run: chmod 600 ${file}`,
      },
    );
  }
  const key = decode(readFileSync(file, 'utf8'));
  if (!key) {
    throw new AppError('terminal', 'InvalidMasterKey', `${file} does not hold ${keyBytes} bytes in base64`, {
      remedy: 'Put the master key back from where you keep its copy. Without it stored secrets cannot be read.',
    });
  }
  return key;
}

/** Whole or not at all: a half-written key would seal secrets that nobody can open after the next start. */
function createMasterKey(file: string): void {
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  const handle = openSync(draft, 'wx', 0o600);
  try {
    writeSync(handle, `${randomBytes(keyBytes).toString('base64')}\n`);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  try {
    linkSync(draft, file);
  } catch (error) {
    // Another process was faster: its key is the one.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft);
  }
  const folder = openSync(dirname(file), 'r');
  fsyncSync(folder);
  closeSync(folder);
}

function decode(text: string): Buffer | undefined {
  // Node's own decoder skips what is not base64: a damaged key would become another one.
  if (!/^\s*[A-Za-z0-9+/]{43}=\s*$/.test(text)) return undefined;
  return Buffer.from(text, 'base64');
}

function asAppError(error: unknown, file: string): AppError {
  if (error instanceof AppError) return error;
  return new AppError('unavailable', 'MasterKeyUnreadable', `master key ${file}: ${(error as Error).message}`, {
    cause: error,
    remedy: 'Make sure that the data directory exists and belongs to the user AgentPod runs as.',
  });
}
