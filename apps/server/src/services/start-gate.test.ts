import { beforeEach, expect, test } from 'vitest';
import { StartGate } from './start-gate.ts';

let now = 0;
let up: Set<string>;
let gate: StartGate;

beforeEach(() => {
  up = new Set();
  gate = new StartGate({ most: 2, longestMs: 60_000, now: () => now, isUp: (id) => up.has(id) });
  gate.take('a');
  gate.take('b');
});

test('lets as many boot as it is told, and those who have their turn again', () => {
  expect(gate.isOpen('c')).toBe(false);
  expect(gate.isOpen('a')).toBe(true);
});

test('opens when one is up', () => {
  up.add('a');
  expect(gate.isOpen('c')).toBe(true);
});

test('opens when one gave its turn back', () => {
  gate.giveBack('b');
  expect(gate.isOpen('c')).toBe(true);
});

test('opens after a while for an agent that never comes up', () => {
  now += 60_001;
  expect(gate.isOpen('c')).toBe(true);
});
