import { Buffer } from 'node:buffer';
import { sql } from 'kysely';
import type { Database } from '../adapters/sqlite/database.ts';
import { openSqliteStore } from '../adapters/sqlite/sqlite-store.ts';
import { FileVault } from '../adapters/vault-file/file-vault.ts';
import type { Store } from '../ports/store.ts';
import type { Vault } from '../ports/vault.ts';

/** What every simulation needs and none may leave a trace in: making the tables takes longer than emptying them. */
export interface Stage {
  readonly store: Store;
  readonly database: Database;
  readonly vault: Vault;
  clear(): Promise<void>;
  close(): Promise<void>;
}

export async function openStage(): Promise<Stage> {
  const { store, database, close } = await openSqliteStore(':memory:');
  const { rows } = await sql<{ name: string }>`
    select name from sqlite_master where type = 'table' and name not like 'kysely%' and name not like 'sqlite_stat%'
  `.execute(database.query);
  const tables = rows.map(({ name }) => name);
  return {
    store,
    database,
    vault: new FileVault(Buffer.alloc(32, 1)),
    async clear() {
      await sql`pragma foreign_keys = off`.execute(database.query);
      for (const table of tables) await sql`delete from ${sql.table(table)}`.execute(database.query);
      await sql`pragma foreign_keys = on`.execute(database.query);
    },
    close,
  };
}
