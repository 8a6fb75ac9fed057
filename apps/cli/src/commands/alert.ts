import type { AlertDetail, AlertView } from '@agentpod/core';
import { connect } from '../api/connect.ts';
import type { Context } from '../context.ts';
import { write } from '../io.ts';
import { ageOf } from '../output/duration.ts';
import { neutraliseLine } from '../output/neutralise.ts';
import { hint, printResult } from '../output/print.ts';
import { styleFor } from '../output/style.ts';
import { renderPairs, renderTable } from '../output/table.ts';

export interface AlertListOptions {
  readonly all?: boolean;
  readonly tenant?: string;
}

export async function alertList(context: Context, options: AlertListOptions): Promise<number> {
  const client = await connect(context);
  const list = await client.listAlerts({
    state: options.all === true ? 'all' : 'firing',
    ...(options.tenant === undefined ? {} : { tenant: options.tenant }),
  });
  if (context.flags.quiet && context.flags.output === 'table') {
    await write(context.io.stdout, list.items.map(({ id }) => `${neutraliseLine(id)}\n`).join(''));
    return 0;
  }
  await printResult(context, list, () => (list.items.length === 0 ? '' : alertTable(context, list.items)));
  if (list.items.length === 0) {
    await hint(context, options.all === true ? context.t.alert.noneEver : context.t.alert.none);
  }
  return 0;
}

export async function alertShow(context: Context, id: string): Promise<number> {
  const client = await connect(context);
  const alert = await client.getAlert(id);
  await printResult(context, alert, () => details(context, alert));
  return 0;
}

function alertTable(context: Context, alerts: readonly AlertView[]): string {
  const { io, t } = context;
  const style = styleFor(io, io.stdout);
  const { columns, severities } = t.alert;
  const paint = (padded: string, word: string) => style(word === severities.critical ? 'red' : 'yellow', padded);
  return renderTable(
    [
      { title: columns.severity, paint },
      { title: columns.state },
      { title: columns.who },
      { title: columns.rule },
      { title: columns.reason },
      { title: columns.since },
      { title: columns.id },
    ],
    alerts.map((alert) =>
      [
        severities[alert.severity],
        stateOf(context, alert),
        alert.subject.ref,
        alert.rule,
        alert.reason,
        ageOf(alert.since, io.now()),
        alert.id,
      ].map(neutraliseLine),
    ),
  );
}

/** `firing, silenced`: the state, and why it is not simply that. */
function stateOf({ t }: Context, { state, flapping, mutedBy, heldBy }: AlertView): string {
  const { states, flapping: flaps, muted, held } = t.alert;
  return [
    states[state],
    ...(flapping && state === 'firing' ? [flaps] : []),
    ...(mutedBy === undefined ? [] : [muted[mutedBy]]),
    ...(heldBy === undefined ? [] : [held(heldBy)]),
  ].join(', ');
}

function details(context: Context, alert: AlertDetail): string {
  const { labels, severities, kinds, columns } = context.t.alert;
  const pairs = renderPairs([
    [labels.id, alert.id],
    [labels.rule, alert.rule],
    [labels.who, alert.subject.ref],
    [labels.state, stateOf(context, alert)],
    [labels.severity, severities[alert.severity]],
    [labels.reason, alert.reason],
    [labels.message, neutraliseLine(alert.message)],
    ...(alert.lastError === undefined ? [] : [[labels.lastError, neutraliseLine(alert.lastError)] as const]),
    [labels.since, alert.since],
    ...(alert.until === undefined ? [] : [[labels.until, alert.until] as const]),
  ]);
  if (alert.notices.length === 0) return `${pairs}\n${context.t.alert.nobodyTold}\n`;
  const notices = renderTable(
    [{ title: columns.told }, { title: columns.notice }, { title: columns.severity }, { title: columns.id }],
    alert.notices.map(({ at, kind, severity, id }) => [at, kinds[kind], severities[severity], neutraliseLine(id)]),
  );
  return `${pairs}\n${notices}`;
}
