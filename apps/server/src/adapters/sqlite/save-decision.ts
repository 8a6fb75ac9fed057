import { type Alert, alertIdOf, type AlertNotice, takes } from '@agentpod/core';
import { sql, type Transaction } from 'kysely';
import type { StoredTransport } from '../../ports/alert-store.ts';
import { alertRow, toNotice, toTransport } from './alert-rows.ts';
import type { Tables } from './tables.ts';

/** Alerts, notices and their places in the outbox, within one transaction. */
export async function saveDecision(
  tx: Transaction<Tables>,
  decision: { readonly alerts: readonly Alert[]; readonly notices: readonly AlertNotice[]; readonly now: number },
): Promise<void> {
  for (const alert of decision.alerts) {
    const { id: _, ...changes } = alertRow(alert);
    await tx
      .insertInto('alerts')
      .values(alertRow(alert))
      .onConflict((conflict) => conflict.column('id').doUpdateSet(changes))
      .execute();
  }
  if (decision.notices.length === 0) return;
  const transports = (await tx.selectFrom('alert_transports').selectAll().orderBy('name').execute()).map(toTransport);
  for (const notice of decision.notices) {
    const alertId = alertIdOf(notice);
    const written = await tx
      .insertInto('alert_notices')
      .values({ id: notice.id, alert_id: alertId, at: Date.parse(notice.at), body: JSON.stringify(notice) })
      .onConflict((conflict) => conflict.doNothing())
      .returning('id')
      .execute();
    if (written.length === 0) continue;
    const heard = await tx
      .selectFrom('alert_recipients')
      .select('transport_id')
      .where('alert_id', '=', alertId)
      .execute();
    const heardOfIt = new Set(heard.map(({ transport_id }) => transport_id));
    for (const transport of transports) {
      if (!takes(transport, notice, heardOfIt.has(transport.id))) continue;
      await enqueue(tx, notice, transport.id, decision.now);
    }
  }
}

/** Somebody who listens from now on hears what fires now, and so hears of its end. */
export async function tellNewcomer(tx: Transaction<Tables>, transport: StoredTransport, now: number): Promise<void> {
  const rows = await tx
    .selectFrom('alert_notices')
    .innerJoin('alerts', 'alerts.id', 'alert_notices.alert_id')
    .select('alert_notices.body')
    .where('alerts.phase', '=', 'firing')
    .where('alerts.id', 'not in', (eb) =>
      eb.selectFrom('alert_recipients').select('alert_id').where('transport_id', '=', transport.id),
    )
    .where(sql<number>`alert_notices.rowid`, 'in', (eb) =>
      eb
        .selectFrom('alert_notices')
        .select(sql<number>`max(rowid)`.as('newest'))
        .groupBy('alert_id'),
    )
    .orderBy(sql`alert_notices.rowid`)
    .execute();
  for (const notice of rows.map(toNotice)) {
    if (takes(transport, notice, false)) await enqueue(tx, notice, transport.id, now);
  }
}

async function enqueue(tx: Transaction<Tables>, notice: AlertNotice, transportId: string, now: number): Promise<void> {
  await tx
    .insertInto('alert_outbox')
    .values({ notice_id: notice.id, transport_id: transportId, attempts: 0, created_at: now, next_attempt_at: now })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  await tx
    .insertInto('alert_recipients')
    .values({ alert_id: alertIdOf(notice), transport_id: transportId })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}
