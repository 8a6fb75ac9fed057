import { expect, test } from 'vitest';
import { settle } from '../testing/fake-clock.ts';
import { Changes } from './changes.ts';

async function collect(ids: AsyncIterable<string>, into: string[]): Promise<void> {
  for await (const id of ids) into.push(id);
}

test('everybody who listens hears of a change, and of none from before', async () => {
  const changes = new Changes();
  const stop = new AbortController();
  const [one, two]: [string[], string[]] = [[], []];
  changes.publish('before');
  const reading = [collect(changes.subscribe(stop.signal), one), collect(changes.subscribe(stop.signal), two)];
  changes.publish('a');
  await settle();
  changes.publish('b');
  await settle();
  stop.abort();
  await Promise.all(reading);
  expect([one, two]).toEqual([
    ['a', 'b'],
    ['a', 'b'],
  ]);
});

test('what changes between subscribing and reading is heard, and often is heard once', async () => {
  const changes = new Changes();
  const stop = new AbortController();
  const subscription = changes.subscribe(stop.signal);
  for (let round = 0; round < 1000; round++) changes.publish(round % 2 === 0 ? 'a' : 'b');
  const heard: string[] = [];
  const reading = collect(subscription, heard);
  await settle();
  stop.abort();
  await reading;
  expect(heard).toEqual(['a', 'b']);
});

test('a reader that left is forgotten, also one that never came', async () => {
  const changes = new Changes();
  const stop = new AbortController();
  const reading = collect(changes.subscribe(stop.signal), []);
  expect(changes.readers).toBe(1);
  stop.abort();
  await reading;
  await collect(changes.subscribe(stop.signal), []);
  expect(changes.readers).toBe(0);
});
