import { type AgentView, AppError, type Client } from '@agentpod/core';
import { connect } from '../api/connect.ts';
import type { Context } from '../context.ts';
import { write } from '../io.ts';
import { agentRow, agentTable } from '../output/agent-table.ts';
import { neutraliseLine } from '../output/neutralise.ts';
import { hint, printItem, printResult } from '../output/print.ts';

const reconnectMs = 2_000;

export interface ListOptions {
  readonly tenant?: string;
  readonly deleted?: boolean;
  readonly watch?: boolean;
}

export async function list(context: Context, options: ListOptions): Promise<number> {
  const client = await connect(context);
  const agents = await allAgents(client, options);
  if (options.watch === true) return watch(context, client, agents, options);
  if (context.flags.quiet && context.flags.output === 'table') {
    await write(context.io.stdout, agents.map(({ ref }) => `${neutraliseLine(ref)}\n`).join(''));
    return 0;
  }
  await printResult(context, { items: agents }, () => (agents.length === 0 ? '' : agentTable(context, agents)));
  if (agents.length === 0) await hint(context, context.t.list.none);
  return 0;
}

async function allAgents(client: Client, { tenant, deleted }: ListOptions): Promise<AgentView[]> {
  const agents: AgentView[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.listAgents({
      ...(tenant === undefined ? {} : { tenant }),
      ...(cursor === undefined ? {} : { cursor }),
      ...(deleted === true ? { deleted } : {}),
    });
    agents.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return agents;
}

/** Redraws the table for a person; says each change on its own line otherwise. Ends with Ctrl-C. */
async function watch(
  context: Context,
  client: Client,
  first: readonly AgentView[],
  options: ListOptions,
): Promise<number> {
  const { io, t } = context;
  const known = new Map(first.map((agent) => [agent.id, agent]));
  const living = context.flags.output === 'table' && io.stdout.isTTY === true;
  const redraw = () => write(io.stdout, `\u001b[H\u001b[2J${agentTable(context, sorted(known.values()))}`);
  if (living) await redraw();
  else for (const agent of first) await printItem(context, { type: 'agent', agent }, () => rowLine(context, agent));
  for (;;) {
    try {
      for await (const message of client.watch({ signal: io.interrupted })) {
        if (message.type === 'agent') {
          const { agent } = message;
          if (options.tenant !== undefined && agent.tenant !== options.tenant) continue;
          const before = known.get(agent.id);
          known.set(agent.id, agent);
          if (before && JSON.stringify(before) === JSON.stringify(agent)) continue;
          await (living ? redraw() : printItem(context, message, () => rowLine(context, agent)));
          continue;
        }
        const gone = known.get(message.id);
        if (!gone) continue;
        known.delete(message.id);
        await (living ? redraw() : printItem(context, message, () => `${t.list.gone(neutraliseLine(gone.ref))}\n`));
      }
    } catch (error) {
      if (!(error instanceof AppError) || error.kind !== 'unavailable') throw error;
      await hint(context, t.wait.serverAway(neutraliseLine(error.message)));
    }
    await io.sleep(reconnectMs);
  }
}

function rowLine(context: Context, agent: AgentView): string {
  return `${agentRow(context, agent).filter(Boolean).join('  ')}\n`;
}

function sorted(agents: Iterable<AgentView>): AgentView[] {
  return [...agents].toSorted((a, b) => (a.ref < b.ref ? -1 : 1));
}
