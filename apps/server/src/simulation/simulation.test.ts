import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mistakes } from './mistakes.ts';
import { simulate, type SimulationResult } from './simulate.ts';
import { openStage, type Stage } from './stage.ts';
import { sweep } from './sweep.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

/** A few here; `npm run sim` plays hundreds. */
test('whatever the world does, every promise holds', { timeout: 60_000 }, async () => {
  const broken: SimulationResult[] = [];
  for (let seed = 1; seed <= 60; seed++) {
    const result = await simulate({ seed, stage });
    if (result.violation) broken.push(result);
  }
  expect(broken.map(({ seed, violation }) => `${seed}: ${violation?.invariant}: ${violation?.message}`)).toEqual([]);
});

test('the same seed is the same story', async () => {
  const tell = async (): Promise<string[]> => {
    const lines: string[] = [];
    await simulate({ seed: 7, stage, trace: (line) => lines.push(line) });
    return lines;
  };
  const story = await tell();
  expect(story.length).toBeGreaterThan(20);
  expect(await tell()).toEqual(story);
});

describe('a control plane with a mistake is found out', { timeout: 60_000 }, () => {
  const invariants: Record<keyof typeof mistakes, string> = {
    restartsForItsChannels: 'nothing that works is restarted',
    forgetsWhatItCounted: 'restart policy',
    doesNotWaitForTheEnd: 'one instance',
    forgetsThatThereWasData: 'data is kept',
    tellsNobody: 'no alert is lost',
  };
  test.each(Object.entries(mistakes))('%s', async (name, mistake) => {
    const found: string[] = [];
    for (let seed = 1; seed <= mostSeeds && !found.includes(invariants[name as keyof typeof mistakes]); seed++) {
      const { violation } = await simulate({ seed, stage, mistake });
      if (violation) found.push(violation.invariant);
    }
    expect(found).toContain(invariants[name as keyof typeof mistakes]);
  });
});

const mostSeeds = 150;

test('a look at every agent writes nothing when there is nothing to do', async () => {
  expect((await sweep(20)).agents).toBe(20);
});
