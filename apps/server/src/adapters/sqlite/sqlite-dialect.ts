import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { AppError } from '@agentpod/core';
import {
  CompiledQuery,
  type DatabaseConnection,
  type Driver,
  SqliteAdapter,
  type SqliteDatabase,
  SqliteDialect,
  SqliteDriver,
  type SqliteStatement,
} from 'kysely';

/** Lists of values of every length are texts of their own. */
const mostPrepared = 500;

/** Kysely on `node:sqlite`. */
export class NodeSqliteDialect extends SqliteDialect {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    super({ database: asKyselyExpects(database) });
    this.#database = database;
  }

  override createAdapter(): SqliteAdapter {
    return new TransactionalDdlAdapter();
  }

  override createDriver(): Driver {
    return new ImmediateDriver(this.#database);
  }
}

/** Kysely is careful because foreign keys cannot be switched inside a transaction; our migrations never do that. */
class TransactionalDdlAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

class ImmediateDriver extends SqliteDriver {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    super({ database: asKyselyExpects(database) });
    this.#database = database;
  }

  /** Takes the write lock first: a transaction that read before it writes could otherwise fail half-way. */
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }

  /** SQLite rolls back by itself when the disk is full; a second rollback would hide why. */
  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#database.isTransaction) await connection.executeQuery(CompiledQuery.raw('rollback'));
  }
}

function asKyselyExpects(database: DatabaseSync): SqliteDatabase {
  const prepared = new Map<string, SqliteStatement>();
  return {
    close: () => database.close(),
    // Kysely prepares anew for every query, and there are few texts: half the time of a small query goes into that.
    prepare: (text) => {
      const known = prepared.get(text);
      if (known) return known;
      const statement = translate(() => asStatement(database, text));
      if (prepared.size < mostPrepared) prepared.set(text, statement);
      return statement;
    },
  };
}

function asStatement(database: DatabaseSync, text: string): SqliteStatement {
  const statement = database.prepare(text);
  // Kysely types parameters as unknown; what SQLite cannot store it refuses itself.
  const values = (parameters: readonly unknown[]) => parameters as SQLInputValue[];
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => translate(() => statement.all(...values(parameters))),
    run: (parameters) => translate(() => statement.run(...values(parameters))),
    iterate: (parameters) => translate(() => statement.iterate(...values(parameters))),
  };
}

/** The only place that knows what a failure of SQLite looks like. A broken constraint is our mistake and stays as it is. */
export function translate<T>(call: () => T): T {
  try {
    return call();
  } catch (cause) {
    const { errcode, message } = cause as { errcode?: number; message: string };
    // The low byte is the kind of failure, the rest a refinement.
    switch ((errcode ?? 0) & 0xff) {
      case 5: // busy
      case 6: // locked
        throw new AppError('unavailable', 'DatabaseBusy', `the database is in use by another process: ${message}`, {
          cause,
        });
      case 8: // read-only
      case 10: // input/output error
      case 13: // disk full
      case 14: // cannot open
        throw new AppError('unavailable', 'DatabaseUnwritable', `the database cannot be used: ${message}`, {
          remedy: 'Look at free space and permissions of the data directory.',
          cause,
        });
      case 11: // corrupt
      case 26: // not a database
        throw new AppError('terminal', 'DatabaseCorrupt', `the file is not a sound database: ${message}`, {
          remedy: 'Restore agentpod.db from a backup.',
          cause,
        });
      default:
        throw cause;
    }
  }
}
