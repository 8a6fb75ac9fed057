import { describe, expect, test } from 'vitest';
import { type CallFailureKind, modelFinding, ModelReport } from './model-health.ts';

const now = Date.UTC(2026, 10, 25, 12);
const minute = 60_000;

function aReport(differences: Partial<ModelReport> = {}): ModelReport {
  return { provider: 'openai', streak: [], recent: {}, ...differences };
}

function failing(
  kind: CallFailureKind,
  more: { count?: number; since?: number; at?: number; status?: number; detail?: string } = {},
): ModelReport['streak'][number] {
  const { since = now - 10 * minute, ...rest } = more;
  return { kind, at: now - 1000, detail: '', count: 1, since, ...rest };
}

const judged = (...streak: ModelReport['streak']) => {
  const finding = modelFinding(aReport({ lastSuccessAt: now - 30 * minute, streak }), now);
  return finding && [finding.type, finding.status, finding.reason];
};

describe('the model of an agent', () => {
  test.each<[CallFailureKind, string]>([
    ['unauthorized', 'ModelKeyRejected'],
    ['forbidden', 'ModelKeyRejected'],
    ['quota-exhausted', 'ModelQuotaExhausted'],
    ['not-found', 'ModelNotFound'],
  ])('that failed once as "%s" fails with %s: asking again cannot help', (kind, reason) => {
    expect(judged(failing(kind, { since: now - 1, at: now - 1 }))).toEqual(['ModelAnswering', 'False', reason]);
  });

  test('is rate-limited only when nothing else came for two minutes', () => {
    const trouble = ['ModelAnswering', 'False', 'ModelRateLimited'];
    const none = ['ModelAnswering', 'True', 'NoTrouble'];
    expect(judged(failing('rate-limited', { count: 3, since: now - 2 * minute }))).toEqual(trouble);
    expect(judged(failing('rate-limited', { count: 2, since: now - 2 * minute }))).toEqual(none);
    expect(judged(failing('rate-limited', { count: 50, since: now - 2 * minute + 1 }))).toEqual(none);
  });

  test('is unreachable after three failures within a minute without a success, whatever their mixture', () => {
    const mixture = (since: number) => [
      failing('server-error', { since, status: 503 }),
      failing('unreachable', { since: now - 1000 }),
      failing('timed-out', { since: now - 1000 }),
    ];
    expect(judged(...mixture(now - minute))).toEqual(['ModelAnswering', 'False', 'ModelUnreachable']);
    expect(judged(...mixture(now - minute + 1))?.[1]).toBe('True');
    expect(judged(...mixture(now - minute).slice(1))?.[1]).toBe('True');
  });

  test('with a rejected key stays so while the provider has other troubles too', () => {
    const later = failing('server-error', { count: 9, at: now });
    expect(judged(later, failing('unauthorized'))?.[2]).toBe('ModelKeyRejected');
  });

  test('has the trouble that was seen last when asking again cannot help with either', () => {
    const rejected = failing('unauthorized', { at: now - 5000 });
    expect(judged(rejected, failing('quota-exhausted', { at: now }))?.[2]).toBe('ModelQuotaExhausted');
  });

  test('has no trouble after a success, and none after another model or key', () => {
    expect(modelFinding(aReport({ lastSuccessAt: now - 90 * minute }), now)).toMatchObject({ status: 'True' });
    expect(modelFinding(aReport({ changedAt: now - 1 }), now)).toMatchObject({ status: 'True' });
  });

  test('is not known when the gateway saw no call: what was known before still stands', () => {
    expect(modelFinding(aReport(), now)).toBeUndefined();
    expect(modelFinding(aReport({ recent: { aborted: 3 } }), now)).toBeUndefined();
    expect(modelFinding(aReport({ streak: [failing('server-error')] }), now)).toBeUndefined();
  });

  test('that is the demo has no trouble whatever came before it', () => {
    expect(modelFinding(aReport({ provider: 'demo', streak: [failing('unauthorized')] }), now)).toMatchObject({
      status: 'True',
    });
  });

  test('is spoken of in one sentence that names the provider, its words, and what to do', () => {
    const streak = [failing('unauthorized', { status: 401, detail: 'Incorrect API key provided.' })];
    expect(modelFinding(aReport({ provider: 'qwen', streak }), now)?.message).toBe(
      'The provider "qwen" rejects the key (HTTP 401): Incorrect API key provided. ' +
        'Give a valid one with "agentpod model set"',
    );
    expect(modelFinding(aReport({ streak: [failing('unreachable', { count: 3 })] }), now)?.message).toContain(
      'The provider "openai" does not answer. Look at',
    );
  });
});

describe('a report', () => {
  test('is taken only within its bounds', () => {
    const failure = { kind: 'unauthorized', at: 1, detail: 'x' };
    expect(ModelReport.safeParse(aReport({ recent: { ok: 3 } })).success).toBe(true);
    for (const wrong of [
      { ...aReport(), lastFailure: { ...failure, detail: 'x'.repeat(201) } },
      { ...aReport(), lastFailure: { ...failure, kind: 'ok' } },
      { ...aReport(), streak: Array.from({ length: 21 }, () => failing('unauthorized')) },
      { ...aReport(), recent: { something: 1 } },
      { ...aReport(), provider: 'p'.repeat(101) },
    ]) {
      expect(ModelReport.safeParse(wrong).success).toBe(false);
    }
  });
});
