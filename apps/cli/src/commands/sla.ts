import { AppError, type AvailabilityView, type SlaReport } from '@agentpod/core';
import { connect } from '../api/connect.ts';
import type { Context } from '../context.ts';
import { write } from '../io.ts';
import { formatAge } from '../output/duration.ts';
import { percent } from '../output/history-section.ts';
import { neutraliseLine, withoutControls } from '../output/neutralise.ts';
import { hint, printResult } from '../output/print.ts';
import { renderTable } from '../output/table.ts';

export interface SlaOptions {
  readonly month?: string;
  readonly tenant?: string;
  readonly tz?: string;
}

/** How available every tenant was in a month: the present one when none is named. */
export async function sla(context: Context, options: SlaOptions): Promise<number> {
  const { io, t, flags } = context;
  const tz = options.tz ?? io.timeZone();
  const query = {
    month: options.month ?? monthOf(io.now(), tz),
    tz,
    ...(options.tenant === undefined ? {} : { tenant: options.tenant }),
  };
  const client = await connect(context);
  if (flags.output === 'csv') {
    await write(io.stdout, withoutControls(await client.slaCsv(query)));
    return 0;
  }
  const report = await client.sla(query);
  await printResult(context, report, () => (report.tenants.length === 0 ? '' : slaTable(context, report)));
  if (report.tenants.length === 0) await hint(context, t.sla.none(report.month));
  else await hint(context, report.complete ? t.sla.whole(report.month, tz) : t.sla.soFar(report.month, tz));
  return 0;
}

function slaTable({ t }: Context, { tenants }: SlaReport): string {
  const { columns } = t.sla;
  const row = (name: string, view: AvailabilityView): string[] => [
    neutraliseLine(name),
    percent(view),
    duration(view.downSeconds),
    view.outages === 0 ? '-' : String(view.outages),
    duration(view.longestOutageSeconds),
    duration(view.degradedSeconds),
    duration(view.maintenanceSeconds),
    duration(view.unknownSeconds),
  ];
  return renderTable(
    [
      { title: columns.name },
      { title: columns.availability },
      { title: columns.down },
      { title: columns.outages },
      { title: columns.longest },
      { title: columns.degraded },
      { title: columns.maintenance },
      { title: columns.unknown },
    ],
    tenants.flatMap(({ tenant, agents, ...total }) => [
      row(tenant, total),
      // Of a tenant with one agent that would be the same again.
      ...(agents.length < 2 ? [] : agents.map((agent) => row(`├ ${agent.agent}`, agent))),
    ]),
  );
}

function duration(seconds: number): string {
  return seconds === 0 ? '-' : formatAge(seconds * 1000);
}

function monthOf(now: number, timeZone: string): string {
  const part = (type: 'year' | 'month', options: Intl.DateTimeFormatOptions): string =>
    dateFormat(timeZone, options)
      .formatToParts(now)
      .find((candidate) => candidate.type === type)?.value ?? '';
  return `${part('year', { year: 'numeric' })}-${part('month', { month: '2-digit' })}`;
}

function dateFormat(timeZone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone, ...options });
  } catch (cause) {
    throw new AppError('invalid', 'UnknownTimeZone', `there is no time zone "${timeZone}"`, { field: 'tz', cause });
  }
}
