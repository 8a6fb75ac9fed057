import type { ModelReport } from '@agentpod/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ModelHealth } from '../ports/model-health.ts';

export interface ModelHealthUnderTest {
  readonly health: ModelHealth;
  /** What the gateway has seen from now on. */
  readonly saw: (reports: Readonly<Record<string, ModelReport>>) => void;
  /** The gateway is there no more. */
  readonly stop: () => Promise<void>;
}

/** What the watch over models may rely on, whoever tells. */
export function modelHealthContract(create: () => Promise<ModelHealthUnderTest>): void {
  let subject: ModelHealthUnderTest;
  beforeEach(async () => {
    subject = await create();
  });
  afterEach(async () => subject.stop());
  const read = async () => Object.fromEntries(await subject.health.read(AbortSignal.timeout(5000)));

  test('nothing seen is an empty answer', async () => {
    expect(await read()).toEqual({});
  });

  test('what was seen is told whole, as it is now', async () => {
    const failure = { kind: 'unauthorized', at: 5, status: 401, detail: 'Incorrect API key' } as const;
    const reports: Record<string, ModelReport> = {
      a1: { provider: 'openai', lastSuccessAt: 3, streak: [], recent: { ok: 2, aborted: 1 } },
      a2: {
        provider: 'qwen',
        changedAt: 4,
        lastFailure: failure,
        streak: [{ ...failure, count: 1, since: 5 }],
        recent: { unauthorized: 1 },
      },
    };
    subject.saw(reports);
    expect(await read()).toEqual(reports);
    subject.saw({});
    expect(await read()).toEqual({});
  });

  test('a gateway that is away is unavailable, which is not the same as having seen nothing', async () => {
    await subject.stop();
    await expect(read()).rejects.toMatchObject({ kind: 'unavailable', reason: 'GatewaySilent' });
  });

  test('nobody waits for an answer that is not wanted any more', async () => {
    await expect(subject.health.read(AbortSignal.abort())).rejects.toMatchObject({ kind: 'unavailable' });
  });
}
