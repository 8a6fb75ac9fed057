import { beforeEach, expect, test } from 'vitest';
import { settle } from '../../testing/fake-clock.ts';
import { type Labels, Ownership } from './ownership.ts';
import { SharedListing } from './shared-listing.ts';

const ownership = new Ownership('feed00000001');

interface Thing {
  readonly name: string;
  readonly Labels: Labels;
}

const thing = (owner: string, name: string): Thing => ({ name, Labels: ownership.labels('network', owner) });

let things: Thing[];
let listed: (string | undefined)[];
/** Ends the listing that runs, with what was there when it began. */
let end: (how?: 'fails') => Promise<void>;
let listing: SharedListing<Thing>;
const never = new AbortController().signal;

beforeEach(() => {
  things = [
    thing('a', 'a1'),
    thing('b', 'b1'),
    thing('c', 'c1'),
    { name: 'stranger', Labels: { 'agentpod.agent': 'a' } },
  ];
  listed = [];
  listing = new SharedListing<Thing>(ownership, (label) => {
    const agentId = label.find((one) => one.startsWith('agentpod.agent='))?.split('=')[1];
    listed.push(agentId);
    const seen = things.filter(({ Labels }) => agentId === undefined || ownership.agentOf(Labels) === agentId);
    const { promise, resolve, reject } = Promise.withResolvers<Thing[]>();
    end = (how) => {
      if (how === 'fails') reject(new Error('engine away'));
      else resolve(seen);
      return settle();
    };
    return promise;
  });
});

const ask = async (agentId: string, signal = never) => (await listing.ofAgent(agentId, signal)).map(({ name }) => name);

test('who asks alone is answered from a listing of its own objects', async () => {
  const asked = ask('a');
  await end();
  expect(await asked).toEqual(['a1']);
  expect(listed).toEqual(['a']);
});

test('who asks while a listing runs is answered from the next one, all together', async () => {
  const first = ask('a');
  things.push(thing('a', 'a2'));
  const others = [ask('a'), ask('b'), ask('c'), ask('nobody')];
  await end();
  expect(await first).toEqual(['a1']);
  await end();
  expect(await Promise.all(others)).toEqual([['a1', 'a2'], ['b1'], ['c1'], []]);
  expect(listed).toEqual(['a', undefined]);
  const last = ask('b');
  await end();
  expect(await last).toEqual(['b1']);
  expect(listed).toEqual(['a', undefined, 'b']);
});

test('a failure is told to all who waited for that listing, and to nobody after', async () => {
  const first = ask('a');
  const others = Promise.allSettled([ask('b'), ask('c')]);
  await end();
  await end('fails');
  expect(await first).toEqual(['a1']);
  expect((await others).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  const last = ask('b');
  await end();
  expect(await last).toEqual(['b1']);
});

test('who gives up does not wait, and takes nobody along', async () => {
  const first = ask('a');
  const caller = new AbortController();
  const given = ask('b', caller.signal);
  const other = ask('c');
  caller.abort(new Error('enough'));
  await expect(given).rejects.toThrow('enough');
  await end();
  await end();
  expect([await first, await other]).toEqual([['a1'], ['c1']]);
  await expect(ask('b', caller.signal)).rejects.toThrow('enough');
});
