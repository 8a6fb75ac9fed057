import { expect, test } from 'vitest';
import { canGoBack, describeDifference, effectiveSpec, isRejected, specDifference } from './last-good.ts';
import { agent, settledRecord } from './plan-under-test.ts';

const good = agent().spec;
const newer = { ...good, model: { provider: 'demo', name: 'other' }, suspended: true, version: '2' };
const changed = agent({ generation: 2, spec: newer, recorded: settledRecord });
const rejected = agent({
  ...changed,
  recorded: { ...settledRecord, rejected: { generation: 2, reason: 'ConfigRefused', message: 'no' } },
});

test('what a person wrote is carried out as long as it was not rejected', () => {
  expect(effectiveSpec(changed)).toBe(newer);
  expect(isRejected(changed)).toBe(false);
});

test('a rejected configuration is replaced by the good one; stop and version stay the word of the person', () => {
  expect(effectiveSpec(rejected)).toEqual({ ...good, suspended: true, version: '2' });
  expect(isRejected(rejected)).toBe(true);
});

test('the next generation is tried as it was written', () => {
  expect(effectiveSpec({ ...rejected, generation: 3 })).toBe(newer);
});

test('there is nothing to go back to without a good one, from the good one itself, or when only a stop changed', () => {
  expect(canGoBack(changed)).toBe(true);
  expect(canGoBack(rejected)).toBe(false);
  expect(canGoBack({ ...changed, recorded: { ...settledRecord, good: undefined } })).toBe(false);
  expect(canGoBack({ ...changed, generation: 1 })).toBe(false);
  expect(canGoBack({ ...changed, spec: { ...good, suspended: true } })).toBe(false);
});

test("values of the agent's own settings are not repeated: they may be tokens", () => {
  const set = { ...good, config: { channels: { telegram: { botToken: '1:secret' } } } };
  expect(describeDifference(specDifference(good, set))).toBe('config.channels.telegram.botToken: (absent) → …');
});

test('the difference names each field with both values, and cuts long ones', () => {
  const long = { ...good, identity: { soul: 'x'.repeat(500) } };
  expect(describeDifference(specDifference(good, newer))).toBe('model.name: "canned-reply" → "other"');
  const [soul] = specDifference(good, long);
  expect(soul).toMatchObject({ field: 'identity.soul', from: '(absent)' });
  expect(soul?.to).toHaveLength(60);
});
