import { type Agent, type AgentState, isTrouble, stateOf } from '../agent.ts';
import { findCondition } from '../condition.ts';

/**
 * What a moment counts as. `unwanted`: stopped or deleted by a person. `unknown`: nobody was looking, or what was looked
 * at could not be seen; never taken for answering.
 */
export const presences = ['answering', 'down', 'unwanted', 'unknown'] as const;
export type Presence = (typeof presences)[number];

/** From this moment on an agent was like this, until the next mark. */
export interface StateMark {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly state: AgentState;
  readonly presence: Presence;
  /** Of the first moment: of the condition that decided. */
  readonly reason: string;
}

export interface StateSegment {
  readonly from: number;
  readonly to: number;
  readonly state: AgentState;
  readonly presence: Presence;
  readonly reason: string;
}

/** From `from` to before `to`. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

/** The reason of time in which the control plane did not run. */
export const notWatched = 'NotWatched';

export function markOf(agent: Pick<Agent, 'spec' | 'status' | 'deletion'>, at: number): StateMark {
  const { conditions } = agent.status;
  const ready = findCondition(conditions, 'Ready');
  const state = stateOf(agent);
  const presence = presenceOf(agent, ready?.status);
  const trouble = presence === 'answering' && state === 'degraded' ? conditions.find(isTrouble) : undefined;
  return { at, state, presence, reason: (trouble ?? ready)?.reason ?? 'Creating' };
}

function presenceOf(
  { spec, deletion }: Pick<Agent, 'spec' | 'deletion'>,
  ready: 'True' | 'False' | 'Unknown' | undefined,
): Presence {
  if (deletion || spec.suspended) return 'unwanted';
  if (ready === 'True') return 'answering';
  return ready === 'Unknown' ? 'unknown' : 'down';
}

/** What there is to write when `next` was seen after `last`: nothing when it is no news. Time never goes backwards. */
export function newsAfter(last: StateMark | undefined, next: StateMark): StateMark | undefined {
  if (last && sameWord(last, next)) return undefined;
  return last && last.at > next.at ? { ...next, at: last.at } : next;
}

/** What becomes of the open segment when nobody looked from `watchedUntil` on. What is not wanted does not run meanwhile. */
export function interruption(open: StateMark, watchedUntil: number): StateMark | undefined {
  return open.presence === 'unwanted' ? undefined : newsAfter(open, unwatched(watchedUntil));
}

/** Nobody looked from this moment on. */
export function unwatched(at: number): StateMark {
  return { at, state: 'unknown', presence: 'unknown', reason: notWatched };
}

/** Segments within the range; equal neighbours are one. Marks are in order of time. Before the first mark there is nothing. */
export function toSegments(marks: readonly StateMark[], range: TimeRange): StateSegment[] {
  const segments: StateSegment[] = [];
  for (const [index, { at, state, presence, reason }] of marks.entries()) {
    const from = Math.max(at, range.from);
    const to = Math.min(marks[index + 1]?.at ?? range.to, range.to);
    if (to <= from) continue;
    const last = segments.at(-1);
    if (last && sameWord(last, { state, presence })) {
      segments[segments.length - 1] = { ...last, to };
    } else segments.push({ from, to, state, presence, reason });
  }
  return segments;
}

type Word = Pick<StateMark, 'state' | 'presence'>;

function sameWord(a: Word, b: Word): boolean {
  return a.state === b.state && a.presence === b.presence;
}

export type TimelineCell = 'down' | 'degraded' | 'unknown' | 'answering' | 'unwanted' | 'nothing';

/** Worst first: a short outage must be seen in a cell of half an hour. */
const cellOrder: readonly TimelineCell[] = ['down', 'degraded', 'unknown', 'answering', 'unwanted', 'nothing'];

/** The range in `count` cells of equal length, each with the worst that was in it. */
export function timelineCells(segments: readonly StateSegment[], range: TimeRange, count: number): TimelineCell[] {
  const width = (range.to - range.from) / count;
  return Array.from({ length: count }, (_, index) => {
    const from = range.from + index * width;
    const within = segments.filter((segment) => segment.from < from + width && segment.to > from).map(cellOf);
    return cellOrder.find((word) => within.includes(word)) ?? 'nothing';
  });
}

function cellOf({ state, presence }: StateSegment): TimelineCell {
  return presence === 'answering' && state !== 'ready' ? 'degraded' : presence;
}
