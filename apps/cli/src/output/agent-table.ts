import type { AgentView } from '@agentpod/core';
import { findCondition, formatBytes, isTrouble, plainText } from '@agentpod/core';
import type { Context } from '../context.ts';
import { ageOf } from './duration.ts';
import { neutraliseLine } from './neutralise.ts';
import { type Format, type Style, styleFor } from './style.ts';
import { renderTable } from './table.ts';

const stateColours: Readonly<Record<AgentView['state'], Format>> = {
  ready: 'green',
  creating: 'cyan',
  starting: 'cyan',
  degraded: 'yellow',
  stalled: 'red',
  stopped: 'dim',
  deleting: 'dim',
  deleted: 'dim',
  unknown: 'magenta',
};

export function paintState(style: Style, state: AgentView['state'], text: string): string {
  return style(stateColours[state], text);
}

/** What `list` shows; one line per agent. */
export function agentTable(context: Context, agents: readonly AgentView[]): string {
  const { io, t } = context;
  const style = styleFor(io, io.stdout);
  const stateOfWord = new Map(agents.map(({ state }) => [t.states[state], state]));
  const columns = t.list.columns;
  const paint = (padded: string, word: string) => {
    const state = stateOfWord.get(word);
    return state ? paintState(style, state, padded) : padded;
  };
  return renderTable(
    [
      { title: columns.name },
      { title: columns.state, paint },
      { title: columns.reason },
      { title: columns.heartbeat },
      { title: columns.cpu },
      { title: columns.memory },
      { title: columns.version },
      { title: columns.plan },
      { title: columns.model },
      { title: columns.url },
      { title: columns.age },
      { title: columns.lastError },
    ],
    agents.map((agent) => agentRow(context, agent)),
  );
}

/** Of one core, and of what it may have: who is near the limit is seen at a glance. */
function usageCells({ usage }: AgentView): readonly [cpu: string, memory: string] {
  if (!usage) return ['-', '-'];
  const { cpuFraction, memoryBytes, memoryLimitBytes } = usage;
  return [`${Math.round(cpuFraction * 100)}%`, `${formatBytes(memoryBytes)} / ${formatBytes(memoryLimitBytes)}`];
}

/** The rest stands in `status`. */
const longestError = 60;

export function agentRow({ io, t }: Context, agent: AgentView): string[] {
  const { spec, status } = agent;
  const ready = findCondition(status.conditions, 'Ready');
  // What answers and is not simply ready has trouble beside that.
  const cause = ready?.status === 'True' ? status.conditions.find(isTrouble) : ready;
  const reason = agent.state === 'ready' ? '' : (cause?.reason ?? '');
  return [
    agent.ref,
    t.states[agent.state],
    reason,
    agent.heartbeatAt === undefined ? '-' : ageOf(agent.heartbeatAt, io.now()),
    ...usageCells(agent),
    spec.version,
    spec.plan,
    `${spec.model.provider}/${spec.model.name}`,
    agent.url,
    ageOf(agent.createdAt, io.now()),
    plainText(status.lastError ?? '', longestError),
  ].map(neutraliseLine);
}
