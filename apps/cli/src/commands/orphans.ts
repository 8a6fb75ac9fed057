import type { OrphanView } from '@agentpod/core';
import { connect } from '../api/connect.ts';
import type { Context } from '../context.ts';
import { ageOf } from '../output/duration.ts';
import { neutraliseLine } from '../output/neutralise.ts';
import { hint, printResult } from '../output/print.ts';
import { renderTable } from '../output/table.ts';
import { confirm } from './confirm.ts';

export interface OrphansOptions {
  readonly remove?: boolean;
  readonly yes?: boolean;
}

/** What agents that nobody knows have left on the engine. Without `--remove` it only tells. */
export async function orphans(context: Context, options: OrphansOptions): Promise<number> {
  const { t } = context;
  const client = await connect(context);
  const list = await client.orphans();
  if (options.remove !== true || list.items.length === 0) {
    await printResult(context, list, () => (list.items.length === 0 ? '' : orphanTable(context, list.items)));
    await hint(context, list.items.length === 0 ? t.orphans.none : t.orphans.hint);
    return 0;
  }
  if (options.yes !== true) {
    const { refusal, remedy } = t.orphans;
    await confirm(context, { question: t.orphans.ask(list.items.length), refusal, remedy });
  }
  const removed = await client.removeOrphans();
  await printResult(context, removed, () => orphanTable(context, removed.items));
  await hint(context, t.orphans.removed);
  return 0;
}

function orphanTable({ io, t }: Context, items: readonly OrphanView[]): string {
  const { columns } = t.orphans;
  const words = (names: readonly string[]) => neutraliseLine(names.join(' ')) || '-';
  return renderTable(
    [
      { title: columns.seen },
      { title: columns.removal },
      { title: columns.containers },
      { title: columns.networks },
      { title: columns.volumes },
    ],
    items.map(({ seenAt, removalAt, containers, networks, keptVolumes }) => [
      ageOf(seenAt, io.now()),
      removalAt.slice(0, 16).replace('T', ' '),
      words(containers),
      words(networks),
      words(keptVolumes),
    ]),
  );
}
