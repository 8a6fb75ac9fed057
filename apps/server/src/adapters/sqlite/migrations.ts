import { AppError, toAppError } from '@agentpod/core';
import { type Kysely, sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import type { Tables } from './tables.ts';

/** In order of their names. A migration that was released is never changed: a new one follows it. */
const migrations: Readonly<Record<string, Migration>> = {
  '0001-first': statements(
    `create table tenants (
      id text primary key,
      name text not null,
      created_at integer not null,
      deleted_at integer
    ) strict`,
    `create unique index tenants_living_name on tenants (name) where deleted_at is null`,
    `create table agents (
      id text primary key,
      tenant_id text not null references tenants (id),
      name text not null,
      host text not null,
      spec text not null,
      generation integer not null,
      created_at integer not null,
      deletion_requested_at integer,
      purge integer not null default 0,
      deleted_at integer,
      recorded text not null,
      status text not null
    ) strict`,
    `create unique index agents_living_name on agents (tenant_id, name) where deleted_at is null`,
    `create unique index agents_living_host on agents (host) where deleted_at is null`,
    `create index agents_tenant on agents (tenant_id)`,
    `create table credentials (
      agent_id text primary key references agents (id) on delete cascade,
      sealed text not null
    ) strict`,
    // No cascade: an address is free when its network was seen gone, not when a row is.
    `create table blocks (
      agent_id text primary key references agents (id),
      subnet text not null unique,
      gateway text not null,
      address text not null
    ) strict`,
    `create table secrets (
      tenant_id text not null references tenants (id) on delete cascade,
      name text not null,
      version integer not null,
      sealed text not null,
      updated_at integer not null,
      primary key (tenant_id, name)
    ) strict`,
    `create table events (
      id integer primary key autoincrement,
      agent_id text not null references agents (id) on delete cascade,
      time integer not null,
      type text not null check (type in ('normal', 'warning')),
      reason text not null,
      message text not null,
      count integer not null
    ) strict`,
    `create index events_agent on events (agent_id, id)`,
    `create table idempotency (
      key text primary key,
      request_hash text not null,
      agent_id text not null,
      created_at integer not null
    ) strict`,
    `create table settings (name text primary key, value text not null) strict`,
    `create table people (
      id text primary key,
      username text not null unique collate nocase,
      password text not null,
      created_at integer not null,
      sessions_not_before integer not null
    ) strict`,
    `create table sessions (
      hash text primary key,
      person_id text not null references people (id) on delete cascade,
      created_at integer not null,
      used_at integer not null
    ) strict`,
    `create table tokens (
      id text primary key,
      person_id text not null references people (id) on delete cascade,
      name text not null,
      hash text not null unique,
      created_at integer not null
    ) strict`,
  ),
};

function statements(...texts: readonly string[]): Migration {
  return {
    async up(db) {
      for (const text of texts) await sql.raw(text).execute(db);
    },
  };
}

/** Brings the database to what this code knows, in one transaction. Throws `terminal`/`DatabaseTooNew`. */
export async function migrate(db: Kysely<Tables>): Promise<void> {
  const unknown = (await appliedMigrations(db)).filter((name) => !(name in migrations));
  if (unknown.length > 0) {
    throw new AppError(
      'terminal',
      'DatabaseTooNew',
      `the database was written by a newer AgentPod (${unknown.join(', ')})`,
      {
        remedy: 'Start the version of AgentPod that last used this data, or a newer one.',
      },
    );
  }
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw toAppError(error);
}

async function appliedMigrations(db: Kysely<Tables>): Promise<readonly string[]> {
  const table = await sql`select 1 from sqlite_master where type = 'table' and name = 'kysely_migration'`.execute(db);
  if (table.rows.length === 0) return [];
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db);
  return rows.map(({ name }) => name);
}
