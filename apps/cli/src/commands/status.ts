import { type AgentHistory, type AgentView, AppError, type Client, type EventView, formatBytes } from '@agentpod/core';
import { connect } from '../api/connect.ts';
import type { Context } from '../context.ts';
import { paintState } from '../output/agent-table.ts';
import { ageOf } from '../output/duration.ts';
import { historySection } from '../output/history-section.ts';
import { neutraliseLine } from '../output/neutralise.ts';
import { printResult } from '../output/print.ts';
import { styleFor } from '../output/style.ts';
import { renderPairs, renderTable } from '../output/table.ts';
import { ready } from '../wait/goal.ts';
import { waitFor } from '../wait/wait-for.ts';
import { eventTable } from './events.ts';

const shownEvents = 5;

export interface StatusOptions {
  readonly wait?: boolean;
  readonly timeout: number;
}

export async function status(context: Context, ref: string, options: StatusOptions): Promise<number> {
  const client = await connect(context);
  let agent = await client.getAgent(ref);
  if (options.wait === true) {
    const goal = ready(agent.generation);
    agent = (await waitFor(context, client, agent, { goal, timeoutSeconds: options.timeout })) ?? agent;
  }
  const [{ items }, history] = await Promise.all([client.events(ref), historyOf(context, client, ref)]);
  const events = items.slice(0, shownEvents);
  const shown = { ...agent, events, ...(history ? { history } : {}) };
  await printResult(context, shown, () => statusPage(context, agent, events, history));
  return 0;
}

async function historyOf({ io }: Context, client: Client, ref: string): Promise<AgentHistory | undefined> {
  try {
    return await client.history(ref, { tz: io.timeZone() });
  } catch (error) {
    // A server that is older than this command line.
    if (error instanceof AppError && error.reason === 'NoSuchRoute') return undefined;
    throw error;
  }
}

function statusPage(
  context: Context,
  agent: AgentView,
  events: readonly EventView[],
  history: AgentHistory | undefined,
): string {
  const { t } = context;
  const past = history ? historySection(context, agent, history) : '';
  return [
    agentDetails(context, agent),
    ...(past === '' ? [] : [past]),
    conditionTable(context, agent),
    ...(events.length === 0 ? [] : [`${t.status.events}\n${eventTable(context, events)}`]),
  ].join('\n');
}

/** What an agent is and where; never a key, only whether there is one. */
export function agentDetails({ io, t }: Context, agent: AgentView): string {
  const style = styleFor(io, io.stdout);
  const { spec, status: observed } = agent;
  const { labels } = t.status;
  const { instance } = observed;
  const now = io.now();
  const sizes = `${spec.plan} (${formatBytes(spec.resources.memoryBytes)}, ${t.status.cpus(spec.resources.cpus)})`;
  const running =
    instance &&
    [
      neutraliseLine(`${instance.name}: ${instance.state}`),
      ...(instance.startedAt === undefined ? [] : [t.status.since(ageOf(instance.startedAt, now))]),
      t.status.restarts(instance.restarts),
    ].join(', ');
  return renderPairs([
    [labels.name, agent.ref],
    [labels.state, paintState(style, agent.state, t.states[agent.state])],
    [labels.url, neutraliseLine(agent.url)],
    [labels.type, neutraliseLine(`${spec.type} ${spec.version}`)],
    [labels.plan, neutraliseLine(sizes)],
    [labels.model, modelLine(agent, t.model)],
    ...(running === undefined ? [] : [[labels.instance, running] as const]),
    ...(observed.lastError === undefined
      ? []
      : [[labels.lastError, style('red', neutraliseLine(observed.lastError))] as const]),
    ...(agent.heartbeatAt === undefined
      ? []
      : [[labels.heartbeat, t.status.ago(ageOf(agent.heartbeatAt, now))] as const]),
    ...(agent.lastActivityAt === undefined
      ? []
      : [[labels.lastActivity, t.status.ago(ageOf(agent.lastActivityAt, now))] as const]),
    [labels.age, ageOf(agent.createdAt, now)],
  ]);
}

function modelLine({ spec: { model } }: AgentView, t: Context['t']['model']): string {
  const where = model.baseUrl === undefined ? '' : ` @ ${model.baseUrl}`;
  return neutraliseLine(`${model.provider}/${model.name}${where} (${model.key ? t.keySet : t.noKey})`);
}

function conditionTable({ io, t }: Context, agent: AgentView): string {
  const style = styleFor(io, io.stdout);
  const { columns } = t.status;
  const paint = (padded: string, value: string) =>
    value === t.status.words.True
      ? style('green', padded)
      : value === t.status.words.False
        ? style('yellow', padded)
        : padded;
  return renderTable(
    [
      { title: columns.condition },
      { title: columns.status, paint },
      { title: columns.reason },
      { title: columns.age },
      { title: columns.message },
    ],
    agent.status.conditions.map((condition) => [
      t.conditions[condition.type],
      t.status.words[condition.status],
      neutraliseLine(condition.reason),
      ageOf(condition.lastTransitionTime, io.now()),
      neutraliseLine(condition.message),
    ]),
  );
}
