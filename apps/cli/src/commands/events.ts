import type { EventView } from '@agentpod/core';
import { connect } from '../api/connect.ts';
import type { Context } from '../context.ts';
import { ageOf } from '../output/duration.ts';
import { neutraliseLine } from '../output/neutralise.ts';
import { hint, printResult } from '../output/print.ts';
import { styleFor } from '../output/style.ts';
import { renderTable } from '../output/table.ts';

export async function events(context: Context, ref: string): Promise<number> {
  const client = await connect(context);
  const list = await client.events(ref);
  await printResult(context, list, () => (list.items.length === 0 ? '' : eventTable(context, list.items)));
  if (list.items.length === 0) await hint(context, context.t.events.none);
  return 0;
}

export function eventTable({ io, t }: Context, items: readonly EventView[]): string {
  const style = styleFor(io, io.stdout);
  const { columns } = t.events;
  const paint = (padded: string, value: string) =>
    value === t.events.types.warning ? style('yellow', padded) : padded;
  return renderTable(
    [
      { title: columns.age },
      { title: columns.type, paint },
      { title: columns.reason },
      { title: columns.count },
      { title: columns.message },
    ],
    items.map((event) => [
      ageOf(event.time, io.now()),
      t.events.types[event.type],
      neutraliseLine(event.reason),
      String(event.count),
      neutraliseLine(event.message),
    ]),
  );
}
