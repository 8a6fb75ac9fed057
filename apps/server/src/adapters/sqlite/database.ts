import { AsyncLocalStorage } from 'node:async_hooks';
import { chmodSync, closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout } from 'node:timers/promises';
import { AppError } from '@agentpod/core';
import { Kysely, type Transaction } from 'kysely';
import { migrate } from './migrations.ts';
import { NodeSqliteDialect, translate } from './sqlite-dialect.ts';
import type { Tables } from './tables.ts';

const busyTimeoutMs = 5000;
const walRetryMs = 20;

/** One connection to one file. Everything that writes goes through `transact`. */
export class Database {
  readonly #sqlite: DatabaseSync;
  readonly #kysely: Kysely<Tables>;
  readonly #inTransaction = new AsyncLocalStorage<true>();

  constructor(sqlite: DatabaseSync) {
    this.#sqlite = sqlite;
    this.#kysely = new Kysely<Tables>({ dialect: new NodeSqliteDialect(sqlite) });
  }

  /** For reads of one statement. Inside a transaction there is only `tx`: the one connection is taken, this would wait for ever. */
  get query(): Kysely<Tables> {
    if (this.#inTransaction.getStore()) {
      throw new AppError('bug', 'DatabaseUsedInTransaction', 'inside a transaction only the transaction may be used');
    }
    return this.#kysely;
  }

  /** All of `work` or nothing. Others wait; `work` must not wait for anything but the database. */
  async transact<T>(work: (tx: Transaction<Tables>) => Promise<T>): Promise<T> {
    return this.query.transaction().execute((tx) => this.#inTransaction.run(true, () => work(tx)));
  }

  async close(): Promise<void> {
    await this.#kysely.destroy();
    if (this.#sqlite.isOpen) this.#sqlite.close();
  }
}

/**
 * Opens the file (or `:memory:`), makes it when it is absent, and brings it up to date. Throws `terminal`/`DatabaseTooNew`,
 * `terminal`/`DatabaseCorrupt` or `unavailable`/`DatabaseUnwritable`.
 */
export async function openDatabase(path: string): Promise<Database> {
  if (path !== ':memory:') makePrivate(path);
  const database = new Database(await openSqlite(path));
  try {
    await migrate(database.query);
  } catch (error) {
    await database.close();
    throw error;
  }
  return database;
}

async function openSqlite(path: string): Promise<DatabaseSync> {
  const sqlite = translate(
    () => new DatabaseSync(path, { timeout: busyTimeoutMs, enableForeignKeyConstraints: true, defensive: true }),
  );
  try {
    await switchToWal(sqlite);
    // What was answered as done survives a power cut: every commit is synced.
    translate(() => sqlite.exec('pragma synchronous = full'));
  } catch (error) {
    sqlite.close();
    throw error;
  }
  return sqlite;
}

/** SQLite does not wait by itself for the lock that this one change needs: it answers "locked" at once. */
async function switchToWal(sqlite: DatabaseSync): Promise<void> {
  for (let triesLeft = busyTimeoutMs / walRetryMs; ; triesLeft--) {
    try {
      return translate(() => sqlite.exec('pragma journal_mode = wal'));
    } catch (error) {
      if (!(error instanceof AppError) || error.reason !== 'DatabaseBusy' || triesLeft <= 0) throw error;
      await setTimeout(walRetryMs);
    }
  }
}

/** SQLite gives its side files the mode of the main one. */
function makePrivate(path: string): void {
  try {
    closeSync(openSync(path, 'a', 0o600));
    chmodSync(path, 0o600);
  } catch (cause) {
    throw new AppError('unavailable', 'DatabaseUnwritable', `open database: ${(cause as Error).message}`, {
      remedy: 'Make sure that the data directory exists and belongs to the user AgentPod runs as.',
      cause,
    });
  }
}
