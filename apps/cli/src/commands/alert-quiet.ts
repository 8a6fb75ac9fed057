import type { Client, MaintenanceView, SilenceView } from '@agentpod/core';
import { connect } from '../api/connect.ts';
import type { Context } from '../context.ts';
import { write } from '../io.ts';
import { neutraliseLine } from '../output/neutralise.ts';
import { hint, printResult } from '../output/print.ts';
import { renderTable } from '../output/table.ts';

interface UntilOptions {
  /** Milliseconds. */
  readonly for?: number;
  readonly until?: string;
  readonly comment?: string;
  readonly tenant?: string;
}

export interface SilenceOptions extends UntilOptions {
  readonly rule?: string;
}

export interface MaintenanceOptions extends UntilOptions {
  readonly everything?: boolean;
  readonly from?: string;
}

const anHourMs = 3_600_000;

export async function alertSilence(
  context: Context,
  agent: string | undefined,
  options: SilenceOptions,
): Promise<number> {
  const client = await connect(context);
  const silence = await client.createSilence({
    ...scopeOf(agent, options),
    ...(options.rule === undefined ? {} : { rule: options.rule as NonNullable<SilenceView['rule']> }),
    until: untilOf(context, options),
  });
  await printResult(context, silence, () => `${context.t.alert.silenced(silence.until, silence.id)}\n`);
  return 0;
}

export async function alertSilences(context: Context): Promise<number> {
  const client = await connect(context);
  const list = await client.listSilences();
  const { columns, noSilence } = context.t.alert;
  const titles = [columns.id, columns.who, columns.rule, columns.until, columns.by, columns.comment];
  const rows = list.items.map((item) => [item.id, whoOf(context, item), item.rule ?? '*', item.until, ...noteOf(item)]);
  await printRows(context, list, { titles, rows, none: noSilence });
  return 0;
}

export async function alertUnsilence(context: Context, id: string): Promise<number> {
  const client = await connect(context);
  await client.removeSilence(id);
  return done(context, { id, removed: true }, context.t.alert.unsilenced(neutraliseLine(id)));
}

export async function maintenanceAdd(
  context: Context,
  agent: string | undefined,
  options: MaintenanceOptions,
): Promise<number> {
  const client = await connect(context);
  const from = options.from === undefined ? context.io.now() : Date.parse(options.from);
  const window = await client.createMaintenance({
    ...scopeOf(agent, options),
    ...(options.everything === true ? { everything: true } : {}),
    ...(options.from === undefined ? {} : { from: options.from }),
    until: untilOf(context, options, from),
  });
  await printResult(context, window, () => `${context.t.alert.announced(window.from, window.until, window.id)}\n`);
  return 0;
}

export async function maintenanceList(context: Context): Promise<number> {
  const client = await connect(context);
  const list = await client.listMaintenance();
  const { columns, noMaintenance } = context.t.alert;
  const titles = [columns.id, columns.who, columns.from, columns.until, columns.by, columns.comment];
  const rows = list.items.map((item) => [item.id, whoOf(context, item), item.from, item.until, ...noteOf(item)]);
  await printRows(context, list, { titles, rows, none: noMaintenance });
  return 0;
}

export async function maintenanceRemove(context: Context, id: string): Promise<number> {
  const client: Client = await connect(context);
  await client.endMaintenance(id);
  return done(context, { id, ended: true }, context.t.alert.maintenanceEnded(neutraliseLine(id)));
}

function scopeOf(agent: string | undefined, { tenant, comment }: UntilOptions) {
  return {
    ...(agent === undefined ? {} : { agent }),
    ...(tenant === undefined ? {} : { tenant }),
    ...(comment === undefined ? {} : { comment }),
  };
}

/** An hour, unless somebody says otherwise: quiet that nobody ends is worse than none. */
function untilOf({ io }: Context, options: UntilOptions, from = io.now()): string {
  return options.until ?? new Date(from + (options.for ?? anHourMs)).toISOString();
}

function whoOf({ t }: Context, { agent, tenant }: SilenceView | MaintenanceView): string {
  return agent ?? (tenant === undefined ? t.alert.everybody : t.alert.wholeTenant(tenant));
}

function noteOf({ createdBy, comment }: SilenceView | MaintenanceView): string[] {
  return [createdBy, comment];
}

async function printRows(
  context: Context,
  list: unknown,
  table: { readonly titles: readonly string[]; readonly rows: readonly string[][]; readonly none: string },
): Promise<void> {
  const rows = table.rows.map((row) => row.map(neutraliseLine));
  const columns = table.titles.map((title) => ({ title }));
  await printResult(context, list, () => (rows.length === 0 ? '' : renderTable(columns, rows)));
  if (rows.length === 0) await hint(context, table.none);
}

async function done(context: Context, value: unknown, sentence: string): Promise<number> {
  if (context.flags.output === 'table') await write(context.io.stdout, context.flags.quiet ? '' : `${sentence}\n`);
  else await printResult(context, value, () => '');
  return 0;
}
