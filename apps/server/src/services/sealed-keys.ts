import { randomBytes } from 'node:crypto';
import { AppError } from '@agentpod/core';
import type { Store } from '../ports/store.ts';
import type { Vault } from '../ports/vault.ts';

/** A key that only server and gateway know: made once, kept sealed, so that sessions outlive a restart. */
export async function sealedKey(store: Store, vault: Vault, name: string): Promise<string> {
  const sealed = await store.getSetting(name);
  if (sealed !== undefined) return vault.open(sealed, name);
  const key = randomBytes(32).toString('base64url');
  await store.putSetting(name, vault.seal(key, name));
  return key;
}

/** Without its master key a database is unreadable: better said at the start than at the first secret. */
export async function requireSameMasterKey(store: Store, keyId: string, keyFile: string): Promise<void> {
  const known = await store.getSetting('vault.keyId');
  if (known === undefined) return store.putSetting('vault.keyId', keyId);
  if (known === keyId) return;
  throw new AppError('terminal', 'WrongMasterKey', `${keyFile} is not the key this database was sealed with`, {
    remedy: 'Put the original master.key back, or start with an empty data directory.',
  });
}
