import { AppError } from '@agentpod/core';
import type { Transaction } from 'kysely';
import type { StoredSecret } from '../../ports/store.ts';
import type { Tables } from './tables.ts';

/**
 * Writes new values, each as the version after the present one; throws `conflict`/`Changed` when that is another by
 * now. The newest version alone is kept: a value that was replaced is of use to nobody but a thief.
 */
export async function putSecrets(
  tx: Transaction<Tables>,
  put: { tenantId: string; secrets: Readonly<Record<string, StoredSecret>>; now: number },
): Promise<void> {
  for (const [name, { sealed, version }] of Object.entries(put.secrets)) {
    const value = { version, sealed, updated_at: put.now };
    const written =
      version === 1
        ? await tx
            .insertInto('secrets')
            .values({ tenant_id: put.tenantId, name, ...value })
            .onConflict((conflict) => conflict.doNothing())
            .returning('version')
            .execute()
        : await tx
            .updateTable('secrets')
            .set(value)
            .where('tenant_id', '=', put.tenantId)
            .where('name', '=', name)
            .where('version', '=', version - 1)
            .returning('version')
            .execute();
    if (written.length === 0) {
      throw new AppError('conflict', 'Changed', `the secret ${name} was changed meanwhile`, {
        remedy: 'Repeat the change.',
      });
    }
  }
}
