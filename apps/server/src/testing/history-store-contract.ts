import {
  mergeBuckets,
  type SampleBucket,
  sampleLevels,
  type StateMark,
  timelineKeepMs,
  toBucket,
} from '@agentpod/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AgentSample, HistoryStore } from '../ports/history-store.ts';

export interface HistoryWorld {
  readonly history: HistoryStore;
  /** Makes an agent and answers its id. */
  makeAgent(tenant: string): Promise<string>;
  /** Removes an agent with everything that is kept of it. */
  purge(agentId: string): Promise<void>;
  close(): Promise<void>;
}

const [fine, middle, coarse] = sampleLevels;
const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const kib = 1024;
/** A full hour. */
const t0 = Date.parse('2026-11-20T00:00:00.000Z');

export function historyStoreContract(title: string, makeWorld: () => Promise<HistoryWorld>): void {
  describe(title, () => {
    let world: HistoryWorld;
    let history: HistoryStore;
    let acme: string;
    let other: string;
    beforeEach(async () => {
      world = await makeWorld();
      ({ history } = world);
      acme = await world.makeAgent('acme');
      other = await world.makeAgent('other');
    });
    afterEach(() => world.close());

    const mark = (at: number, presence: StateMark['presence'] = 'answering'): StateMark => ({
      at,
      state: presence === 'answering' ? 'ready' : 'starting',
      presence,
      reason: 'Because',
    });
    const of = <T extends object>(agentId: string, what: T): T & { agentId: string } => ({ agentId, ...what });

    describe('marks', () => {
      test('are read in order, beginning with the one that held when the range began', async () => {
        await history.addMarks([of(acme, mark(t0 + 30)), of(acme, mark(t0, 'down')), of(other, mark(t0 + 5))]);
        await history.addMarks([of(acme, mark(t0 + 60, 'unwanted'))]);
        const read = async (from: number, to: number) =>
          (await history.marks(acme, { from, to })).map(({ at }) => at - t0);
        expect(await read(t0 - 10, t0 + 100)).toEqual([0, 30, 60]);
        expect(await read(t0 + 30, t0 + 60)).toEqual([30]);
        expect(await read(t0 + 40, t0 + 61)).toEqual([30, 60]);
        expect(await read(t0 + 90, t0 + 100)).toEqual([60]);
        expect(await read(t0 - 10, t0)).toEqual([]);
        expect((await history.marks(acme, { from: t0, to: t0 + 1 }))[0]).toEqual(mark(t0, 'down'));
      });

      test('of the same moment are replaced by the later word', async () => {
        await history.addMarks([of(acme, mark(t0))]);
        await history.addMarks([of(acme, mark(t0, 'unknown'))]);
        expect(await history.marks(acme, { from: t0, to: t0 + 1 })).toEqual([mark(t0, 'unknown')]);
      });

      test('the open one of each agent is its newest', async () => {
        expect(await history.openMarks()).toEqual(new Map());
        await history.addMarks([of(acme, mark(t0)), of(acme, mark(t0 + 9, 'down')), of(other, mark(t0 + 3))]);
        expect(await history.openMarks()).toEqual(
          new Map([
            [acme, mark(t0 + 9, 'down')],
            [other, mark(t0 + 3)],
          ]),
        );
      });

      test('until when somebody looked is remembered, also without any news', async () => {
        expect(await history.watchedUntil()).toBeUndefined();
        await history.addMarks([], t0);
        await history.addMarks([of(acme, mark(t0))]);
        expect(await history.watchedUntil()).toBe(t0);
        await history.addMarks([], t0 + 30_000);
        expect(await history.watchedUntil()).toBe(t0 + 30_000);
      });
    });

    describe('samples', () => {
      const sample = (at: number, cpuFraction = 0.25, memoryBytes = 100 * kib, diskBytes?: number) => ({
        at,
        cpuFraction,
        memoryBytes,
        diskBytes,
      });
      /** Every 30 s from `from` on. */
      const series = (agentId: string, from: number, count: number): AgentSample[] =>
        Array.from({ length: count }, (_, index) => {
          const disk = index % 20 === 0 ? (5000 + index) * kib : undefined;
          return of(agentId, sample(from + index * 30_000, (index % 7) / 8, (1000 + index) * kib, disk));
        });
      const add = async (samples: readonly AgentSample[]): Promise<void> => {
        for (const sweep of Map.groupBy(samples, ({ at }) => at).values()) await history.addSamples(sweep);
      };
      const all = { from: t0 - 500 * day, to: t0 + 100 * day };

      test('are read as they were measured, each agent its own', async () => {
        await history.addSamples([of(acme, sample(t0, 1.5, 7 * kib, 9 * kib)), of(other, sample(t0))]);
        await history.addSamples([of(acme, sample(t0 + 30_000))]);
        expect(await history.samples(acme, fine, all)).toEqual(
          [sample(t0, 1.5, 7 * kib, 9 * kib), sample(t0 + 30_000)].map(toBucket),
        );
        expect(await history.samples(acme, fine, { from: t0 + 1000, to: t0 + 31_000 })).toHaveLength(1);
        expect(await history.samples(acme, fine, { from: t0, to: t0 + 30_000 })).toHaveLength(1);
      });

      test('the same sweep twice is one', async () => {
        await history.addSamples([of(acme, sample(t0))]);
        await history.addSamples([of(acme, sample(t0, 0.5))]);
        expect(await history.samples(acme, fine, all)).toEqual([toBucket(sample(t0, 0.5))]);
      });

      const close = (buckets: readonly SampleBucket[]) =>
        buckets.map((bucket) => ({
          ...bucket,
          cpuAverage: expect.closeTo(bucket.cpuAverage, 2) as number,
          // Half a KiB for each round of rounding.
          memoryAverageBytes: expect.closeTo(bucket.memoryAverageBytes, -3.4) as number,
        }));

      test('become coarser ones with the average and the highest of each step, as the core reckons them', async () => {
        const samples = [...series(acme, t0 + 90_000, 250), ...series(other, t0, 30)];
        await add(samples);
        await history.compact(t0 + 4 * hour);
        const mine = samples.filter(({ agentId }) => agentId === acme).map(toBucket);
        expect(await history.samples(acme, middle, all)).toEqual(close(mergeBuckets(mine, middle.stepMs)));
        expect(await history.samples(acme, coarse, all)).toEqual(close(mergeBuckets(mine, coarse.stepMs)));
        expect(await history.samples(other, coarse, all)).toMatchObject([{ at: t0, samples: 30 }]);
      });

      test('where the coarse ones are not made yet, the finer ones stand in', async () => {
        const samples = series(acme, t0, 260);
        await add(samples);
        await history.compact(t0 + 2 * hour + 7 * minute);
        for (const level of sampleLevels) {
          const read = await history.samples(acme, level, all);
          expect(read.reduce((sum, bucket) => sum + bucket.samples, 0)).toBe(260);
          expect(mergeBuckets(read, hour)).toEqual(close(mergeBuckets(samples.map(toBucket), hour)));
        }
        const steps = (await history.samples(acme, coarse, all)).map((bucket) => bucket.samples);
        expect(steps).toEqual([120, 120, 10, ...Array<number>(10).fill(1)]);
      });

      test('a coarse one that the range only touches is part of it', async () => {
        await add(series(acme, t0, 120));
        await history.compact(t0 + 2 * hour);
        const touched = await history.samples(acme, middle, { from: t0 + 7 * minute, to: t0 + 11 * minute });
        expect(touched.map(({ at }) => (at - t0) / minute)).toEqual([5, 10]);
      });

      test('made twice, or in many rounds, they are the same', async () => {
        const samples = series(acme, t0, 250);
        for (const [index, one] of samples.entries()) {
          await history.addSamples([one]);
          if (index % 40 === 0) await history.compact(one.at + 1000);
        }
        await history.compact(t0 + 3 * hour);
        const once = await Promise.all(sampleLevels.map((level) => history.samples(acme, level, all)));
        await history.compact(t0 + 3 * hour);
        expect(await Promise.all(sampleLevels.map((level) => history.samples(acme, level, all)))).toEqual(once);
        expect(once[1]).toEqual(close(mergeBuckets(samples.map(toBucket), middle.stepMs)));
      });

      test('a sweep that is written a little late is not missed', async () => {
        await history.compact(t0 + 5 * minute + 30_000);
        await history.addSamples([of(acme, sample(t0 + 5 * minute - 1000))]);
        await history.compact(t0 + hour);
        expect(await history.samples(acme, middle, all)).toMatchObject([{ at: t0, samples: 1 }]);
      });

      test('are forgotten when they were kept long enough, and not before they live on in coarser ones', async () => {
        await add(series(acme, t0, 240));
        // Nobody compacted for longer than the finest are kept.
        await history.compact(t0 + 3 * day);
        expect(await history.samples(acme, fine, all)).toEqual([]);
        expect(await history.samples(acme, middle, all)).toHaveLength(24);
        await history.compact(t0 + 15 * day);
        expect(await history.samples(acme, middle, all)).toEqual([]);
        expect(await history.samples(acme, coarse, all)).toHaveLength(2);
        await history.compact(t0 + 399 * day);
        expect(await history.samples(acme, coarse, all)).toHaveLength(2);
        await history.compact(t0 + 401 * day);
        expect(await history.samples(acme, coarse, all)).toEqual([]);
      });

      test('when the clock is put back nothing breaks and nothing is made twice', async () => {
        await add(series(acme, t0, 120));
        await history.compact(t0 + 2 * hour);
        const before = await history.samples(acme, middle, all);
        await history.compact(t0 - 5 * hour);
        expect(await history.samples(acme, middle, all)).toEqual(before);
      });
    });

    test('marks older than the timeline are forgotten, but the one that still holds is not', async () => {
      await history.addMarks([of(acme, mark(t0)), of(acme, mark(t0 + day, 'down')), of(acme, mark(t0 + 2 * day))]);
      await history.compact(t0 + timelineKeepMs + day + hour);
      const kept = await history.marks(acme, { from: t0 - 1, to: t0 + 9 * day });
      expect(kept.map(({ at }) => at)).toEqual([t0 + day, t0 + 2 * day]);
    });

    test('an agent that changes all the time does not fill the disk', async () => {
      const flapping = Array.from({ length: 20_100 }, (_, index) =>
        of(acme, mark(t0 + index, index % 2 === 0 ? 'answering' : 'down')),
      );
      await history.addMarks(flapping);
      await history.compact(t0 + day);
      const kept = await history.marks(acme, { from: t0, to: t0 + day });
      expect(kept).toHaveLength(20_001);
      expect(kept.at(-1)?.at).toBe(t0 + 20_099);
    });

    test('of an agent that was purged nothing is kept, and nothing is written any more', async () => {
      const sample = { at: t0, cpuFraction: 1, memoryBytes: kib, diskBytes: undefined };
      await history.addSamples([of(acme, sample)]);
      await history.addSamples([of(other, sample)]);
      await history.addMarks([of(other, mark(t0))]);
      await history.compact(t0 + hour);
      await world.purge(other);
      await history.addSamples([of(acme, { ...sample, at: t0 + 30_000 }), of(other, { ...sample, at: t0 + 30_000 })]);
      await history.addMarks([of(acme, mark(t0 + 1)), of(other, mark(t0 + 1))]);
      expect([...(await history.openMarks()).keys()]).toEqual([acme]);
      expect(await history.marks(other, { from: 0, to: t0 + day })).toEqual([]);
      expect(await history.samples(other, fine, { from: 0, to: t0 + day })).toEqual([]);
      // An agent made afterwards gets nothing of it.
      const next = await world.makeAgent('next');
      await history.addMarks([of(next, mark(t0 + 2))]);
      for (const level of sampleLevels)
        expect(await history.samples(next, level, { from: 0, to: t0 + day })).toEqual([]);
      expect(await history.samples(acme, fine, { from: 0, to: t0 + day })).toHaveLength(2);
    });
  });
}
