import { expect, test } from 'vitest';
import { judgeOrphans, orphanGraceMs } from './orphans.ts';

const now = 1_700_000_000_000;
const judge = (changes: Partial<Parameters<typeof judgeOrphans>[0]> = {}) =>
  judgeOrphans({ owners: new Set(['a', 'b']), known: new Set(['a']), sightings: {}, now, ...changes });

test('what the store does not know is an orphan from the moment it is seen, and not due yet', () => {
  expect(judge()).toEqual({ sightings: { b: now }, due: [] });
});

test('it is due after the grace period', () => {
  expect(judge({ sightings: { b: now - orphanGraceMs } })).toMatchObject({ due: ['b'] });
  expect(judge({ sightings: { b: now - orphanGraceMs + 1 } })).toMatchObject({ due: [] });
});

test('whoever is known again, or gone, begins anew', () => {
  expect(judge({ known: new Set(['a', 'b']), sightings: { b: 1 } })).toEqual({ sightings: {}, due: [] });
  expect(judge({ owners: new Set(['a']), sightings: { b: 1 } })).toEqual({ sightings: {}, due: [] });
});

test('a sighting from the future is one of now: the clock was set back', () => {
  expect(judge({ sightings: { b: now + 5000 } }).sightings).toEqual({ b: now });
});
