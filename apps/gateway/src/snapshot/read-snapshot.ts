import { readFile } from 'node:fs/promises';
import { AppError, GatewaySnapshot } from '@agentpod/core';
import { compactDecrypt } from 'jose';
import { type Snapshot, toSnapshot } from './snapshot.ts';

export interface SnapshotFiles {
  readonly key: string;
  readonly snapshot: string;
}

/** Throws `unavailable` with a reason: `KeyMissing`, `SnapshotMissing`, `SnapshotSealed` or `SnapshotInvalid`. */
export async function readSnapshot(files: SnapshotFiles): Promise<Snapshot> {
  const key = await attempt('KeyMissing', () => readFile(files.key, 'utf8'));
  const sealed = await attempt('SnapshotMissing', () => readFile(files.snapshot, 'utf8'));
  const { plaintext } = await attempt('SnapshotSealed', () =>
    compactDecrypt(sealed, Buffer.from(key.trim(), 'base64url'), {
      keyManagementAlgorithms: ['dir'],
      contentEncryptionAlgorithms: ['A256GCM'],
    }),
  );
  return await attempt('SnapshotInvalid', () =>
    toSnapshot(GatewaySnapshot.parse(JSON.parse(new TextDecoder().decode(plaintext)))),
  );
}

async function attempt<T>(reason: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    // The cause may quote what it could not read, which are keys: it stays out of the message.
    throw new AppError('unavailable', reason, 'the snapshot cannot be used', { cause });
  }
}
