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
  '0002-alerts': statements(
    // `number` gives the order; the newest alert of a key is the one that may be open.
    `create table alerts (
      number integer primary key autoincrement,
      id text not null unique,
      key text not null,
      phase text not null check (phase in ('pending', 'firing', 'resolved')),
      tenant text,
      fired_at integer,
      resolved_at integer,
      body text not null
    ) strict`,
    `create index alerts_key on alerts (key, number)`,
    `create index alerts_phase on alerts (phase, number)`,
    `create table alert_notices (
      id text primary key,
      alert_id text not null references alerts (id) on delete cascade,
      at integer not null,
      body text not null
    ) strict`,
    `create index alert_notices_alert on alert_notices (alert_id)`,
    `create table alert_transports (
      id text primary key,
      name text not null unique,
      kind text not null,
      settings text not null,
      secret_names text not null,
      sealed_secrets text,
      minimum_severity text not null check (minimum_severity in ('warning', 'critical')),
      language text not null check (language in ('zh', 'en')),
      tenants text,
      enabled integer not null,
      created_at integer not null
    ) strict`,
    // Who heard that an alert fires hears that it is over.
    `create table alert_recipients (
      alert_id text not null references alerts (id) on delete cascade,
      transport_id text not null references alert_transports (id) on delete cascade,
      primary key (alert_id, transport_id)
    ) strict`,
    `create table alert_outbox (
      number integer primary key autoincrement,
      notice_id text not null references alert_notices (id) on delete cascade,
      transport_id text not null references alert_transports (id) on delete cascade,
      created_at integer not null,
      attempts integer not null default 0,
      next_attempt_at integer not null,
      last_error text,
      unique (transport_id, notice_id)
    ) strict`,
    `create index alert_outbox_transport on alert_outbox (transport_id, number)`,
    // No references: the log outlives what it speaks of.
    `create table alert_deliveries (
      number integer primary key autoincrement,
      at integer not null,
      transport text not null,
      notice_id text not null,
      kind text not null,
      rule text not null,
      subject text not null,
      outcome text not null check (outcome in ('delivered', 'retrying', 'failed', 'given-up')),
      attempts integer not null,
      detail text not null
    ) strict`,
    `create index alert_deliveries_transport on alert_deliveries (transport, number)`,
    `create table alert_silences (
      id text primary key,
      agent text,
      tenant text,
      rule text,
      until integer not null,
      comment text not null,
      created_by text not null,
      created_at integer not null
    ) strict`,
    `create table maintenance_windows (
      id text primary key,
      agent text,
      tenant text,
      starts_at integer not null,
      until integer not null,
      comment text not null,
      created_by text not null,
      created_at integer not null
    ) strict`,
  ),
  // Restarts were moments only; now each says which run it followed.
  '0004-restarts': statements(`update agents set recorded = json_set(recorded, '$.restarts', json('[]'))`),
  '0003-history': statements(
    // A short number for each agent: an id of 36 characters in every row would triple the size of all below.
    `create table history_agents (
      number integer primary key,
      agent_id text not null unique references agents (id) on delete cascade
    ) strict`,
    `create table state_marks (
      agent integer not null references history_agents (number) on delete cascade,
      at integer not null,
      state text not null,
      presence text not null,
      reason text not null,
      primary key (agent, at)
    ) strict, without rowid`,
    // By time first: a sweep over all agents appends to one page instead of changing one page per agent.
    `create table samples_30s (
      at_seconds integer not null,
      agent integer not null references history_agents (number) on delete cascade,
      cpu_thousandths integer not null,
      memory_kib integer not null,
      disk_kib integer,
      primary key (at_seconds, agent)
    ) strict, without rowid`,
    ...['samples_5m', 'samples_1h'].map(
      (table) => `create table ${table} (
      agent integer not null references history_agents (number) on delete cascade,
      at_seconds integer not null,
      samples integer not null,
      cpu_average_thousandths integer not null,
      cpu_maximum_thousandths integer not null,
      memory_average_kib integer not null,
      memory_maximum_kib integer not null,
      disk_kib integer,
      primary key (agent, at_seconds)
    ) strict, without rowid`,
    ),
    `create table history_progress (name text primary key, at integer not null) strict`,
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
