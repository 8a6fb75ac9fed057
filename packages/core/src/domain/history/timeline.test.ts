import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Agent } from '../agent.ts';
import type { Condition, ConditionType } from '../condition.ts';
import {
  interruption,
  markOf,
  newsAfter,
  presences,
  type StateMark,
  timelineCells,
  type TimelineCell,
  toSegments,
} from './timeline.ts';

const condition = (type: ConditionType, status: Condition['status'], reason: string): Condition => ({
  type,
  status,
  reason,
  message: '',
  observedGeneration: 1,
  lastTransitionTime: '2026-11-01T00:00:00.000Z',
});
const running = [condition('Running', 'True', 'Running'), condition('Healthy', 'True', 'Answering')];
const answering = [...running, condition('Ready', 'True', 'Answering')];

function seen(conditions: readonly Condition[], differences: { suspended?: boolean; deleted?: boolean } = {}) {
  const agent = {
    spec: { suspended: differences.suspended === true },
    deletion: differences.deleted === true ? { requestedAt: '2026-11-01T00:00:00.000Z', purge: false } : undefined,
    status: { observedGeneration: 1, conditions: [...conditions] },
  };
  // Only what a mark is made from.
  return markOf(agent as unknown as Agent, 5);
}

describe('a mark', () => {
  test('of an agent that answers', () => {
    expect(seen(answering)).toEqual({ at: 5, state: 'ready', presence: 'answering', reason: 'Answering' });
  });

  test('of one whose channel is broken: it answers all the same, and says what is wrong', () => {
    const conditions = [...answering, condition('ChannelsConnected', 'False', 'NeedsRelink')];
    expect(seen(conditions)).toMatchObject({ state: 'degraded', presence: 'answering', reason: 'NeedsRelink' });
  });

  test('of one that runs but is not reachable is down, although its word is the same', () => {
    const conditions = [...running, condition('Ready', 'False', 'NotReachable')];
    expect(seen(conditions)).toMatchObject({ state: 'degraded', presence: 'down', reason: 'NotReachable' });
  });

  test('of one that was made just now is down', () => {
    expect(seen([])).toMatchObject({ state: 'creating', presence: 'down', reason: 'Creating' });
  });

  test('of one that cannot be seen is unknown, neither up nor down', () => {
    const conditions = [...running, condition('Ready', 'Unknown', 'EngineUnreachable')];
    expect(seen(conditions)).toMatchObject({ presence: 'unknown', reason: 'EngineUnreachable' });
  });

  test.each([
    ['stopped', { suspended: true }],
    ['deleting', { deleted: true }],
  ])('of one that is %s: it is not wanted, whatever it does', (state, differences) => {
    expect(seen(answering, differences)).toMatchObject({ state, presence: 'unwanted' });
    const stalled = [condition('Stalled', 'True', 'ConfigRefused'), condition('Ready', 'False', 'ConfigRefused')];
    expect(seen(stalled, differences)).toMatchObject({ presence: 'unwanted' });
  });
});

const mark = (at: number, presence: StateMark['presence'] = 'answering', state: StateMark['state'] = 'ready') => ({
  at,
  state,
  presence,
  reason: 'x',
});

describe('what is written', () => {
  test('is the first that is seen, and then only what is new', () => {
    expect(newsAfter(undefined, mark(1))).toEqual(mark(1));
    expect(newsAfter(mark(1), mark(2))).toBeUndefined();
    expect(newsAfter(mark(1), { ...mark(2), reason: 'another' })).toBeUndefined();
    expect(newsAfter(mark(1), mark(2, 'down', 'starting'))).toEqual(mark(2, 'down', 'starting'));
    expect(newsAfter(mark(1, 'down', 'degraded'), mark(2, 'answering', 'degraded'))).toBeDefined();
  });

  test('never lies before what was written, when the clock was put back', () => {
    expect(newsAfter(mark(100), mark(50, 'down'))).toMatchObject({ at: 100, presence: 'down' });
  });

  test('after a time without a watch is that nobody knows, from the last heartbeat on', () => {
    expect(interruption(mark(10), 30)).toMatchObject({ at: 30, presence: 'unknown', reason: 'NotWatched' });
    expect(interruption(mark(10, 'down', 'starting'), 30)).toMatchObject({ at: 30, presence: 'unknown' });
    // Written after the last heartbeat and before the end.
    expect(interruption(mark(40), 30)).toMatchObject({ at: 40 });
  });

  test('of an agent that is stopped is nothing: nobody could start it meanwhile', () => {
    expect(interruption(mark(10, 'unwanted', 'stopped'), 30)).toBeUndefined();
  });
});

const anyMarks = fc
  .array(
    fc.record({
      at: fc.integer({ min: 0, max: 1000 }),
      state: fc.constantFrom('ready', 'degraded', 'starting' as const),
      presence: fc.constantFrom(...presences),
      reason: fc.constant('x'),
    }),
    { maxLength: 20 },
  )
  .map((marks): StateMark[] => marks.toSorted((a, b) => a.at - b.at));
const anyRange = fc.tuple(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 501, max: 1200 }));

describe('segments', () => {
  test('are clipped to the range, and equal neighbours are one', () => {
    const marks = [mark(0), mark(10, 'down', 'starting'), mark(20), mark(30), mark(40, 'unwanted', 'stopped')];
    expect(toSegments(marks, { from: 5, to: 50 }).map(({ from, to, presence }) => [from, to, presence])).toEqual([
      [5, 10, 'answering'],
      [10, 20, 'down'],
      [20, 40, 'answering'],
      [40, 50, 'unwanted'],
    ]);
  });

  test('keep the reason they began with', () => {
    const marks = [
      { ...mark(0, 'down', 'starting'), reason: 'Exited' },
      { ...mark(9, 'down', 'starting'), reason: 'Booting' },
    ];
    expect(toSegments(marks, { from: 0, to: 20 })).toMatchObject([{ from: 0, to: 20, reason: 'Exited' }]);
  });

  test('cover everything from the first mark on, without overlap, and no two neighbours are equal', () => {
    fc.assert(
      fc.property(anyMarks, anyRange, (marks, [from, to]) => {
        const segments = toSegments(marks, { from, to });
        let reached = Math.max(marks[0]?.at ?? to, from);
        for (const [index, segment] of segments.entries()) {
          expect(segment.from).toBe(reached);
          expect(segment.to).toBeGreaterThan(segment.from);
          reached = segment.to;
          const before = segments[index - 1];
          expect(before?.state === segment.state && before.presence === segment.presence).toBe(false);
        }
        if (marks.length > 0 && (marks[0]?.at ?? to) < to) expect(reached).toBe(to);
      }),
    );
  });

  test('say of each moment what the newest mark before it says', () => {
    fc.assert(
      fc.property(anyMarks, anyRange, fc.nat(1200), (marks, [from, to], moment) => {
        fc.pre(moment >= from && moment < to);
        const found = toSegments(marks, { from, to }).find((one) => one.from <= moment && moment < one.to);
        expect(found?.presence).toBe(marks.findLast(({ at }) => at <= moment)?.presence);
      }),
    );
  });
});

describe('the bar', () => {
  const range = { from: 0, to: 100 };
  const cells = (marks: readonly StateMark[], count: number): TimelineCell[] =>
    timelineCells(toSegments(marks, range), range, count);

  test('shows the worst that was in a cell, however short', () => {
    const marks = [mark(10), mark(55, 'down', 'starting'), mark(56), mark(80, 'unwanted', 'stopped')];
    expect(cells(marks, 10)).toEqual([
      'nothing',
      ...Array<string>(4).fill('answering'),
      'down',
      'answering',
      'answering',
      'unwanted',
      'unwanted',
    ]);
  });

  test('tells degraded and unknown from answering', () => {
    const marks = [mark(0), mark(25, 'answering', 'degraded'), mark(50, 'unknown', 'unknown'), mark(75)];
    expect(cells(marks, 4)).toEqual(['answering', 'degraded', 'unknown', 'answering']);
  });
});
