import type { AppError, ModelReport } from '@agentpod/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeClock, settle } from '../testing/fake-clock.ts';
import { MemoryModelHealth } from '../testing/memory-model-health.ts';
import { ModelWatch } from './model-watch.ts';

let clock: FakeClock;
let health: MemoryModelHealth;
let watch: ModelWatch;
let changed: string[];
let errors: AppError[];

beforeEach(async () => {
  clock = new FakeClock();
  health = new MemoryModelHealth();
  changed = [];
  errors = [];
  watch = new ModelWatch({
    health,
    clock,
    changed: (id) => changed.push(id),
    onError: (error) => errors.push(error),
  });
});
afterEach(() => watch.stop());

function failing(kind: 'unauthorized' | 'server-error', count = 1): ModelReport {
  const now = clock.now();
  return { provider: 'openai', streak: [{ kind, at: now, detail: '', count, since: now }], recent: {} };
}
const well = (): ModelReport => ({ provider: 'openai', lastSuccessAt: clock.now(), streak: [], recent: {} });
const reasonOf = (id: string) => watch.findingOf(id)?.reason;

describe('the watch over models', () => {
  test('knows of a trouble within 15 s and says so once, and of its end too', async () => {
    watch.start();
    await settle();
    expect(watch.findingOf('a1')).toBeUndefined();
    health.reports.set('a1', failing('unauthorized')).set('a2', well());
    await clock.advance(15_000);
    expect([reasonOf('a1'), reasonOf('a2')]).toEqual(['ModelKeyRejected', 'NoTrouble']);
    await clock.advance(60_000);
    expect(changed).toEqual(['a1', 'a2']);
    health.reports.set('a1', well());
    await clock.advance(15_000);
    expect(reasonOf('a1')).toBe('NoTrouble');
    expect(changed).toEqual(['a1', 'a2', 'a1']);
  });

  test('sees time pass: what lasts becomes a trouble without another call', async () => {
    health.reports.set('a1', failing('server-error', 3));
    watch.start();
    await clock.advance(45_000);
    expect(watch.findingOf('a1')).toBeUndefined();
    await clock.advance(15_000);
    expect(reasonOf('a1')).toBe('ModelUnreachable');
  });

  test('keeps what it found while the gateway is away, complains once, and goes on afterwards', async () => {
    health.reports.set('a1', failing('unauthorized'));
    watch.start();
    await settle();
    health.down = true;
    await clock.advance(60_000);
    expect(reasonOf('a1')).toBe('ModelKeyRejected');
    expect(errors.map(({ reason }) => reason)).toEqual(['GatewaySilent']);
    health.down = false;
    health.reports.set('a1', well());
    await clock.advance(15_000);
    expect(reasonOf('a1')).toBe('NoTrouble');
    health.down = true;
    await clock.advance(15_000);
    expect(errors).toHaveLength(2);
  });

  test('says nothing of an agent whose gateway began anew, so that what is stored stands', async () => {
    health.reports.set('a1', failing('unauthorized'));
    watch.start();
    await settle();
    health.reports.set('a1', { provider: 'openai', streak: [], recent: {} });
    await clock.advance(15_000);
    expect(watch.findingOf('a1')).toBeUndefined();
    expect(changed).toEqual(['a1']);
  });

  test('that was stopped looks no more', async () => {
    watch.start();
    await settle();
    watch.stop();
    health.reports.set('a1', failing('unauthorized'));
    await clock.advance(60_000);
    expect(watch.findingOf('a1')).toBeUndefined();
    expect(errors).toEqual([]);
  });
});
