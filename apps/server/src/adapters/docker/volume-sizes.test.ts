import { afterEach, beforeEach, expect, test } from 'vitest';
import { json, startStubEngine, type StubEngine } from '../../testing/stub-engine.ts';
import { DockerRuntime } from './docker-runtime.ts';

const installation = 'feed00000001';
const ours = { 'agentpod.installation': installation };
const { signal } = new AbortController();

let engine: StubEngine;
beforeEach(async () => {
  engine = await startStubEngine();
});
afterEach(() => engine.close());

const sizes = async () =>
  new DockerRuntime({ socketPath: engine.socketPath, installation, gatewayBridge: 'agpgw' }).volumeSizes(signal);

test.each([
  ['1.41', '/v1.41/system/df'],
  ['1.42', '/v1.42/system/df?type=volume'],
])('an engine of API %s is asked for no more than it can leave out', async (ApiVersion, path) => {
  engine.on('/version', json({ ApiVersion, MinAPIVersion: '1.12' }));
  engine.on('/system/df', json({ Volumes: [{ Name: 'a', Labels: ours, UsageData: { Size: 5, RefCount: 1 } }] }));
  expect(await sizes()).toEqual(new Map([['a', 5]]));
  expect(engine.requests.at(-1)).toBe(`GET ${path}`);
});

test('a size that is not known is left out, not taken for nothing', async () => {
  const volumes = [
    { Name: 'unknown', Labels: ours, UsageData: { Size: -1, RefCount: 1 } },
    { Name: 'unmeasured', Labels: ours, UsageData: null },
    { Name: 'foreign', Labels: null, UsageData: { Size: 9, RefCount: 1 } },
    { Name: 'empty', Labels: ours, UsageData: { Size: 0, RefCount: 1 } },
  ];
  engine.on('/system/df', json({ Volumes: volumes }));
  expect(await sizes()).toEqual(new Map([['empty', 0]]));
});

test('no volume at all is none', async () => {
  engine.on('/system/df', json({ Volumes: null }));
  expect(await sizes()).toEqual(new Map());
});

test('an engine that measures for somebody else just now is unavailable', async () => {
  engine.on('/system/df', json({ message: 'a disk usage operation is already running' }, 500));
  await expect(sizes()).rejects.toMatchObject({ kind: 'unavailable', reason: 'RuntimeFailed' });
});
