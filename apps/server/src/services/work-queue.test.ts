import { describe, expect, test } from 'vitest';
import { FakeClock, settle } from '../testing/fake-clock.ts';
import { type Outcome, WorkQueue } from './work-queue.ts';

function queueOf(outcome: (key: string, run: number) => Outcome | Promise<Outcome>, concurrency = 2) {
  const clock = new FakeClock();
  const log: string[] = [];
  const failures: string[] = [];
  const queue = new WorkQueue({
    work: async (key) => {
      log.push(key);
      return outcome(key, log.filter((one) => one === key).length);
    },
    clock,
    concurrency,
    random: () => 0.5,
    deadlineMs: 60_000,
    onFailure: (key) => failures.push(key),
  });
  return { clock, log, failures, queue };
}

/** Work that ends when the test says so. */
function gate() {
  const waiting: (() => void)[] = [];
  return {
    pass: () => new Promise<Outcome>((resolve) => waiting.push(() => resolve({ kind: 'settled' }))),
    open: async () => {
      waiting.shift()?.();
      await settle();
    },
  };
}

describe('a key', () => {
  test('that waits is not queued twice', async () => {
    const { pass, open } = gate();
    const { log, queue } = queueOf(pass, 1);
    queue.add('busy');
    queue.add('a');
    queue.add('a');
    await open();
    await open();
    await open();
    expect(log).toEqual(['busy', 'a']);
  });

  test('added while it is worked on runs once more afterwards, never at the same time', async () => {
    const { pass, open } = gate();
    const { log, queue } = queueOf(pass);
    queue.add('a');
    queue.add('a');
    queue.add('a');
    await settle();
    expect(log).toEqual(['a']);
    await open();
    expect(log).toEqual(['a', 'a']);
    await open();
    expect(log).toEqual(['a', 'a']);
  });

  test('a person waits for goes before the others', async () => {
    const { pass, open } = gate();
    const { log, queue } = queueOf(pass, 1);
    queue.add('busy');
    queue.add('a');
    queue.add('b');
    queue.add('c', { urgent: true });
    for (let count = 0; count < 4; count++) await open();
    expect(log).toEqual(['busy', 'c', 'a', 'b']);
  });
});

describe('the outcome', () => {
  test('"retry" waits twice as long each time, up to five minutes', async () => {
    const { clock, log, queue } = queueOf(() => ({ kind: 'retry' }));
    queue.add('a');
    const waits: number[] = [];
    let last = clock.now();
    for (let seconds = 0; seconds < 1500; seconds++) {
      const before = log.length;
      await clock.advance(1000);
      if (log.length > before) {
        waits.push(Math.round((clock.now() - last) / 1000));
        last = clock.now();
      }
    }
    expect(waits.slice(1, 6)).toEqual([2, 4, 8, 16, 32]);
    expect(Math.max(...waits)).toBeLessThanOrEqual(301);
  }, 30_000);

  test('"again" looks at once, but ten in a row count as a failure', async () => {
    const { log, queue, clock } = queueOf(() => ({ kind: 'again' }));
    queue.add('a');
    await settle();
    expect(log).toHaveLength(10);
    await clock.advance(1000);
    expect(log.length).toBeGreaterThan(10);
  });

  test('"settled" may name the time of the next look', async () => {
    const { log, queue, clock } = queueOf((_key, run) =>
      run === 1 ? { kind: 'settled', lookAgainAt: Date.UTC(2026, 0, 1) + 5000 } : { kind: 'settled' },
    );
    queue.add('a');
    await clock.advance(4000);
    expect(log).toHaveLength(1);
    await clock.advance(1500);
    expect(log).toHaveLength(2);
  });

  test('"stalled" is not tried again until somebody adds it', async () => {
    const { log, queue, clock } = queueOf(() => ({ kind: 'stalled' }));
    queue.add('a');
    await clock.advance(3_600_000);
    expect(log).toHaveLength(1);
    queue.add('a');
    await settle();
    expect(log).toHaveLength(2);
  });

  test('a thrown error is reported and tried again; other keys go on', async () => {
    const { log, failures, queue, clock } = queueOf((key, run) => {
      if (key === 'bad' && run === 1) throw new Error('boom');
      return { kind: 'settled' };
    });
    queue.add('bad');
    queue.add('good');
    await clock.advance(2000);
    expect(failures).toEqual(['bad']);
    expect(log.toSorted()).toEqual(['bad', 'bad', 'good']);
  });
});

test('draining waits for what is being done and starts nothing new', async () => {
  const { pass, open } = gate();
  const { log, queue } = queueOf(pass, 1);
  queue.add('a');
  queue.add('b');
  await settle();
  const drained = queue.drain(10_000);
  await open();
  await drained;
  queue.add('c');
  await settle();
  expect(log).toEqual(['a']);
});
