import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { GatewaySnapshot } from '@agentpod/core';
import { CompactEncrypt } from 'jose';
import type { SnapshotFiles } from '../snapshot/read-snapshot.ts';

/** Publishes as the control plane does, with the key given. */
export async function sealSnapshot(files: SnapshotFiles, snapshot: GatewaySnapshot, key: string): Promise<void> {
  const sealed = await new CompactEncrypt(Buffer.from(JSON.stringify(snapshot)))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
    .encrypt(Buffer.from(key, 'base64url'));
  mkdirSync(dirname(files.snapshot), { recursive: true });
  writeFileSync(files.key, `${key}\n`, { mode: 0o600 });
  replaceWith(files.snapshot, sealed);
}

export function replaceWith(file: string, text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}
