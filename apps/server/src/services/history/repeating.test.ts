import { AppError } from '@agentpod/core';
import { expect, test } from 'vitest';
import { FakeClock } from '../../testing/fake-clock.ts';
import { Repeating } from './repeating.ts';

function aRepeating(work: (signal: AbortSignal) => Promise<void>) {
  const clock = new FakeClock();
  const errors: AppError[] = [];
  const repeating = new Repeating({
    work,
    everyMs: 1000,
    clock,
    random: () => 0.5,
    onError: (error) => errors.push(error),
  });
  return { repeating, clock, errors };
}

test('the work is done again and again until it is stopped', async () => {
  let rounds = 0;
  const { repeating, clock } = aRepeating(async () => void rounds++);
  repeating.start(0);
  await clock.advance(3500);
  expect(rounds).toBe(4);
  await repeating.stop();
  await clock.advance(5000);
  expect(rounds).toBe(4);
});

test('a round that takes longer than its time is never joined by another, and the next one follows at once', async () => {
  const open: (() => void)[] = [];
  const { repeating, clock } = aRepeating(() => new Promise((resolve) => open.push(resolve)));
  repeating.start(0);
  await clock.advance(5000);
  expect(open).toHaveLength(1);
  open[0]?.();
  await clock.advance(1);
  expect(open).toHaveLength(2);
  const stopped = repeating.stop();
  open[1]?.();
  await stopped;
});

test('failures are told once in a row, and the work goes on', async () => {
  let fails = true;
  let rounds = 0;
  const { repeating, clock, errors } = aRepeating(async () => {
    rounds++;
    if (fails) throw new AppError('unavailable', 'Away', `round ${rounds}`);
  });
  repeating.start(0);
  await clock.advance(2500);
  fails = false;
  await clock.advance(1000);
  fails = true;
  await clock.advance(2000);
  expect(rounds).toBe(6);
  expect(errors.map(({ message }) => message)).toEqual(['round 1', 'round 5']);
  await repeating.stop();
});

test('what a stop interrupts is no failure', async () => {
  const { repeating, clock, errors } = aRepeating(
    (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
  );
  repeating.start(0);
  await clock.advance(10);
  await repeating.stop();
  expect(errors).toEqual([]);
});
