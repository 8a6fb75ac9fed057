import type { AgentView, EventView } from '@agentpod/core';
import type { EngineEvent, EngineWatch } from './engine-watch.ts';

/** One life of a container as the engine told it. */
interface Life {
  readonly container: string;
  readonly startedAt: number;
  readonly endedAt: number | undefined;
}

/** What AgentPod may say before it starts an agent again. */
const causes = new Set([
  'EngineRestarted',
  'Exited',
  'Hung',
  'HungBusy',
  'InstanceGone',
  'NetworkGone',
  'OutOfDate',
  'OutOfMemory',
  'RestartRequested',
  'Restarting',
  'StartDeadlineExceeded',
]);

/** A cause is written down when the end was seen, which may be after the control plane came back. */
const lateMs = 20_000;
const earlyMs = 60_000;

export interface Complaint {
  readonly agent: string;
  readonly what: string;
}

/** Compares what the engine did with what AgentPod says of it: every start after the first has a cause, no two lives overlap. */
export function audit(
  agents: readonly { view: AgentView; events: readonly EventView[] }[],
  watch: EngineWatch,
): Complaint[] {
  return agents.flatMap(({ view, events }) => {
    const lives = livesOf(watch.all.filter(({ agent }) => agent === view.id));
    const complain = (what: string): Complaint => ({ agent: view.ref, what });
    const overlaps = lives.flatMap((life, index) => {
      const next = lives[index + 1];
      return next && (life.endedAt === undefined || life.endedAt > next.startedAt)
        ? [complain(`${inShort(life)} still ran when ${inShort(next)} was started`)]
        : [];
    });
    const unexplained = lives
      .filter(({ startedAt }) => !events.some((event) => explains(event, startedAt)))
      .map((life) => complain(`nothing explains ${inShort(life)}`));
    return [...overlaps, ...unexplained];
  });
}

function explains({ reason, time }: EventView, startedAt: number): boolean {
  const at = Date.parse(time);
  return causes.has(reason) && at >= startedAt - earlyMs && at <= startedAt + lateMs;
}

/** In the order of their starts; a life that began before we looked is not among them. */
function livesOf(events: readonly EngineEvent[]): Life[] {
  const inOrder = events.toSorted((a, b) => a.at - b.at);
  return inOrder
    .filter(({ action }) => action === 'start')
    .map(({ container, at }) => ({
      container,
      startedAt: at,
      endedAt: inOrder.find((one) => one.container === container && one.action === 'die' && one.at > at)?.at,
    }));
}

function inShort({ container, startedAt }: Life): string {
  return `${container.slice(0, 12)} started at ${new Date(startedAt).toISOString()}`;
}
