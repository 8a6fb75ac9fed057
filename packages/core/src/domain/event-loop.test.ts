import { expect, test } from 'vitest';
import { judgeLoop, LoopProbe, type LoopView } from './event-loop.ts';

const now = 1_700_000_000_000;
const policy = LoopProbe.parse({ path: '/healthz', body: { ok: true } });
const silent: LoopView = { misses: 3, silentSince: now - 9000, cpu: { usedMs: 0, overMs: 5000 } };
const judge = (loop: LoopView | undefined, cpus = 1) => judgeLoop(loop, policy, { cpus, now });

test.each<[string, LoopView | undefined, string]>([
  ['was never looked at', undefined, 'turning'],
  ['answers', { misses: 0, silentSince: undefined, cpu: undefined }, 'turning'],
  ['missed fewer looks than count', { ...silent, misses: 2 }, 'turning'],
  ['is silent and uses no CPU', silent, 'hung'],
  ['is silent and uses the CPU', { ...silent, cpu: { usedMs: 900, overMs: 5000 } }, 'busy'],
  ['is silent, and the engine cannot tell its CPU', { ...silent, cpu: undefined }, 'busy'],
  ['is silent, and its CPU was read over too short a time', { ...silent, cpu: { usedMs: 0, overMs: 900 } }, 'busy'],
  [
    'was busy and silent for longer than is believed',
    { misses: 20, silentSince: now - 60_000, cpu: { usedMs: 5000, overMs: 50_000 } },
    'hung-busy',
  ],
])('an event loop that %s', (_what, loop, verdict) => {
  expect(judge(loop)).toBe(verdict);
});

test('a throttled agent that uses all it is given is busy, however little that is', () => {
  const throttled = { ...silent, cpu: { usedMs: 45, overMs: 5000 } };
  expect(judge(throttled, 1)).toBe('hung');
  expect(judge(throttled, 0.01)).toBe('busy');
});

test('a type without such a probe is never called hung', () => {
  expect(judgeLoop(silent, undefined, { cpus: 1, now })).toBe('turning');
});
