import { type Alert, type AlertNotice, AppError, type MaintenanceWindow, type Silence } from '@agentpod/core';
import { type Selectable, sql, type Transaction } from 'kysely';
import type {
  AlertQuery,
  AlertStore,
  AttemptResult,
  Delivery,
  OutboxEntry,
  StoredTransport,
} from '../../ports/alert-store.ts';
import { toAlert, toDelivery, toMaintenance, toNotice, toSilence, toTransport, transportRow } from './alert-rows.ts';
import type { Database } from './database.ts';
import { saveDecision, tellNewcomer } from './save-decision.ts';
import type { Tables } from './tables.ts';

/** So many attempts are remembered for each transport. */
const keptDeliveries = 500;

/** Alerts in `agentpod.db`, with the same connection and transactions as the store. */
export class SqliteAlerts implements AlertStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async currentAlerts(): Promise<readonly Alert[]> {
    const { query } = this.#database;
    const rows = await query
      .selectFrom('alerts')
      .select('body')
      .where('number', 'in', (eb) =>
        eb
          .selectFrom('alerts')
          .select((newest) => newest.fn.max('number').as('number'))
          .groupBy('key'),
      )
      .orderBy('number')
      .execute();
    return rows.map(toAlert);
  }

  async saveDecision(decision: {
    readonly alerts: readonly Alert[];
    readonly notices: readonly AlertNotice[];
    readonly now: number;
  }): Promise<void> {
    await this.#database.transact((tx) => saveDecision(tx, decision));
  }

  async listAlerts({ state, tenant, limit }: AlertQuery): Promise<readonly Alert[]> {
    let rows = this.#database.query.selectFrom('alerts').select('body').orderBy('number', 'desc').limit(limit);
    rows =
      state === 'firing'
        ? rows.where('phase', '=', 'firing')
        : rows.where((eb) => eb.or([eb('phase', '!=', 'resolved'), eb('fired_at', 'is not', null)]));
    if (tenant !== undefined) rows = rows.where('tenant', '=', tenant);
    return (await rows.execute()).map(toAlert);
  }

  async getAlert(id: string): Promise<Alert | undefined> {
    const row = await this.#database.query.selectFrom('alerts').select('body').where('id', '=', id).executeTakeFirst();
    return row && toAlert(row);
  }

  async listNotices(alertId: string): Promise<readonly AlertNotice[]> {
    const rows = await this.#database.query
      .selectFrom('alert_notices')
      .select('body')
      .where('alert_id', '=', alertId)
      .orderBy(sql`rowid`)
      .execute();
    return rows.map(toNotice);
  }

  async nextToDeliver(transportId: string): Promise<OutboxEntry | undefined> {
    const row = await this.#database.query
      .selectFrom('alert_outbox')
      .innerJoin('alert_notices', 'alert_notices.id', 'alert_outbox.notice_id')
      .selectAll('alert_outbox')
      .select('alert_notices.body')
      .where('transport_id', '=', transportId)
      .orderBy('number')
      .executeTakeFirst();
    if (!row) return undefined;
    const { number, attempts, created_at: createdAt, next_attempt_at: nextAttemptAt } = row;
    return { number, notice: toNotice(row), attempts, createdAt, nextAttemptAt };
  }

  async backlog(): Promise<ReadonlyMap<string, { readonly waiting: number; readonly lastError: string | undefined }>> {
    const rows = await this.#database.query
      .selectFrom('alert_outbox')
      .select((eb) => ['transport_id', eb.fn.countAll<number>().as('waiting'), eb.fn.max('last_error').as('error')])
      .groupBy('transport_id')
      .execute();
    return new Map(
      rows.map(({ transport_id, waiting, error }) => [transport_id, { waiting, lastError: error ?? undefined }]),
    );
  }

  async postponeDelivery(
    entry: OutboxEntry,
    result: AttemptResult & { readonly nextAttemptAt: number },
  ): Promise<void> {
    await this.#database.transact(async (tx) => {
      const [row] = await tx
        .updateTable('alert_outbox')
        .set({ attempts: result.attempts, next_attempt_at: result.nextAttemptAt, last_error: result.detail })
        .where('number', '=', entry.number)
        .returningAll()
        .execute();
      if (row) await log(tx, row, entry.notice, result);
    });
  }

  async endDelivery(entry: OutboxEntry, result: AttemptResult): Promise<void> {
    await this.#database.transact(async (tx) => {
      const [row] = await tx.deleteFrom('alert_outbox').where('number', '=', entry.number).returningAll().execute();
      if (row) await log(tx, row, entry.notice, result);
    });
  }

  async listDeliveries(query: {
    readonly transport?: string | undefined;
    readonly limit: number;
  }): Promise<readonly Delivery[]> {
    let rows = this.#database.query.selectFrom('alert_deliveries').selectAll();
    if (query.transport !== undefined) rows = rows.where('transport', '=', query.transport);
    return (await rows.orderBy('number', 'desc').limit(query.limit).execute()).map(toDelivery);
  }

  async addSilence({ id, agent, tenant, rule, until, comment, createdBy, createdAt }: Silence): Promise<void> {
    const scope = { agent: agent ?? null, tenant: tenant ?? null, rule: rule ?? null };
    await this.#database.query
      .insertInto('alert_silences')
      .values({ id, ...scope, until, comment, created_by: createdBy, created_at: createdAt })
      .execute();
  }

  async listSilences(now: number): Promise<readonly Silence[]> {
    const rows = await this.#database.query
      .selectFrom('alert_silences')
      .selectAll()
      .where('until', '>', now)
      .orderBy('until')
      .orderBy('id')
      .execute();
    return rows.map(toSilence);
  }

  async removeSilence(id: string): Promise<void> {
    await this.#database.query.deleteFrom('alert_silences').where('id', '=', id).execute();
  }

  async addMaintenance({ id, agent, tenant, ...window }: MaintenanceWindow): Promise<void> {
    const { from, until, comment, createdBy, createdAt } = window;
    const scope = { agent: agent ?? null, tenant: tenant ?? null };
    await this.#database.query
      .insertInto('maintenance_windows')
      .values({ id, ...scope, starts_at: from, until, comment, created_by: createdBy, created_at: createdAt })
      .execute();
  }

  async listMaintenance(endingAfter: number): Promise<readonly MaintenanceWindow[]> {
    const rows = await this.#database.query
      .selectFrom('maintenance_windows')
      .selectAll()
      .where('until', '>', endingAfter)
      .orderBy('starts_at')
      .orderBy('id')
      .execute();
    return rows.map(toMaintenance);
  }

  async endMaintenance(id: string, now: number): Promise<void> {
    await this.#database.transact(async (tx) => {
      await tx.deleteFrom('maintenance_windows').where('id', '=', id).where('starts_at', '>=', now).execute();
      await tx
        .updateTable('maintenance_windows')
        .set({ until: now })
        .where('id', '=', id)
        .where('until', '>', now)
        .execute();
    });
  }

  async putTransport(transport: StoredTransport, now: number): Promise<void> {
    await this.#database.transact(async (tx) => {
      const other = await tx
        .selectFrom('alert_transports')
        .select('id')
        .where('name', '=', transport.name)
        .where('id', '!=', transport.id)
        .executeTakeFirst();
      if (other) {
        throw new AppError('conflict', 'NameTaken', `there is a transport "${transport.name}" already`, {
          field: 'name',
        });
      }
      const before = await tx
        .selectFrom('alert_transports')
        .select('enabled')
        .where('id', '=', transport.id)
        .executeTakeFirst();
      const { id: _, ...changes } = transportRow(transport);
      await tx
        .insertInto('alert_transports')
        .values(transportRow(transport))
        .onConflict((conflict) => conflict.column('id').doUpdateSet(changes))
        .execute();
      if (before?.enabled !== 1) await tellNewcomer(tx, transport, now);
    });
  }

  async getTransport(name: string): Promise<StoredTransport | undefined> {
    const row = await this.#database.query
      .selectFrom('alert_transports')
      .selectAll()
      .where('name', '=', name)
      .executeTakeFirst();
    return row && toTransport(row);
  }

  async listTransports(): Promise<readonly StoredTransport[]> {
    const rows = await this.#database.query.selectFrom('alert_transports').selectAll().orderBy('name').execute();
    return rows.map(toTransport);
  }

  async removeTransport(name: string): Promise<void> {
    await this.#database.query.deleteFrom('alert_transports').where('name', '=', name).execute();
  }

  async forgetAlerts(overBefore: number): Promise<void> {
    await this.#database.query
      .deleteFrom('alerts')
      .where('phase', '=', 'resolved')
      .where('resolved_at', '<', overBefore)
      .where('number', 'not in', (eb) =>
        eb
          .selectFrom('alerts')
          .select((newest) => newest.fn.max('number').as('number'))
          .groupBy('key'),
      )
      .execute();
  }
}

async function log(
  tx: Transaction<Tables>,
  row: Selectable<Tables['alert_outbox']>,
  notice: AlertNotice,
  result: AttemptResult,
): Promise<void> {
  const { name } = await tx
    .selectFrom('alert_transports')
    .select('name')
    .where('id', '=', row.transport_id)
    .executeTakeFirstOrThrow();
  const { at, outcome, attempts, detail } = result;
  const { kind, rule, subject } = notice;
  await tx
    .insertInto('alert_deliveries')
    .values({ at, transport: name, notice_id: notice.id, kind, rule, subject: subject.ref, outcome, attempts, detail })
    .execute();
  const oldest = tx
    .selectFrom('alert_deliveries')
    .select('number')
    .where('transport', '=', name)
    .orderBy('number', 'desc')
    .limit(1)
    .offset(keptDeliveries);
  await tx
    .deleteFrom('alert_deliveries')
    .where('transport', '=', name)
    .where('number', '<=', (eb) => eb.selectFrom(oldest.as('oldest')).select('oldest.number'))
    .execute();
}
