import { AppError, type Check } from '@agentpod/core';
import { describe, expect, test } from 'vitest';
import { anAgent } from '../testing/builders.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { aType, StubDriver } from '../testing/stub-agent-type.ts';
import { AgentTypes } from './agent-types.ts';
import { type DoctorDeps, examine } from './doctor.ts';

const GiB = 1024 ** 3;
const engine = { name: 'Docker', version: '20.10.24', apiVersion: '1.41', memoryBytes: 8 * GiB, cpus: 2 };

const healthy = (differences: Partial<DoctorDeps> = {}): DoctorDeps => ({
  runtime: { info: async () => engine, imageId: async () => 'sha256:1' },
  host: {
    memoryBytes: () => 8 * GiB,
    resolve: async () => ['203.0.113.5'],
    localAddresses: async () => ['203.0.113.5'],
  },
  ingress: { liveRevision: async () => 'r1' },
  appliedRevision: () => 'r1',
  store: { listManaged: async () => [] },
  types: new AgentTypes([{ type: aType, driver: new StubDriver() }]),
  accounts: { isSetUp: async () => true },
  clock: new FakeClock(),
  gatewayAnswers: async () => ({ visitors: true, models: true }),
  disk: async () => ({ freeBytes: 50 * GiB, totalBytes: 100 * GiB }),
  mode: 'domain',
  consoleHost: 'console.example.com',
  publicAddresses: [],
  ...differences,
});

const down = async () => {
  throw new AppError('unavailable', 'EngineDown', 'connect ENOENT /var/run/docker.sock');
};

test('on a machine where all is well every check is well', async () => {
  const checks = await examine(healthy());
  expect(checks.map(({ name, status }) => `${name} ${status}`)).toEqual([
    'engine ok',
    'memory ok',
    'disk ok',
    'proxy ok',
    'gateway ok',
    'console-host ok',
    'image-openclaw ok',
    'set-up ok',
  ]);
  expect(checks[0]?.message).toBe('Docker 20.10.24, API 1.41');
  expect(checks[1]?.message).toBe('8 GiB, room for 11 more "small"');
});

const { host, runtime } = healthy();
test.each<[string, Partial<DoctorDeps>, Partial<Check>]>([
  ['the engine is down', { runtime: { ...runtime, info: down } }, { name: 'engine', status: 'failed' }],
  [
    'memory is full',
    { store: { listManaged: async () => Array.from({ length: 9 }, () => anAgent()) } },
    { name: 'memory', status: 'warning' },
  ],
  [
    'the disk gets full',
    { disk: async () => ({ freeBytes: 3 * GiB, totalBytes: 100 * GiB }) },
    { name: 'disk', status: 'warning' },
  ],
  [
    'the disk is full',
    { disk: async () => ({ freeBytes: GiB / 2, totalBytes: 100 * GiB }) },
    { name: 'disk', status: 'failed' },
  ],
  ['Traefik is down', { ingress: { liveRevision: async () => undefined } }, { name: 'proxy', status: 'failed' }],
  ['Traefik runs old routes', { appliedRevision: () => 'r2' }, { name: 'proxy', status: 'warning' }],
  [
    'the gateway is down',
    { gatewayAnswers: async () => ({ visitors: false, models: false }) },
    { name: 'gateway', status: 'failed', message: expect.stringContaining('nobody can open an agent') },
  ],
  [
    'the bridge of the gateway is missing',
    { gatewayAnswers: async () => ({ visitors: true, models: false }) },
    { name: 'gateway', status: 'failed', message: expect.stringContaining('no agent reaches its model: the address') },
  ],
  [
    'the console does not resolve',
    { host: { ...host, resolve: async () => [] } },
    { name: 'console-host', status: 'failed' },
  ],
  [
    'the console is elsewhere',
    { host: { ...host, resolve: async () => ['198.51.100.1'] } },
    { name: 'console-host', status: 'failed' },
  ],
  [
    'an image is missing',
    { runtime: { ...runtime, imageId: async () => undefined } },
    { name: 'image-openclaw', status: 'warning' },
  ],
  ['nobody has an account', { accounts: { isSetUp: async () => false } }, { name: 'set-up', status: 'warning' }],
])('when %s, that check alone says so and what to do', async (_name, differences, expected) => {
  const checks = await examine(healthy(differences));
  const bad = checks.filter(({ status }) => status !== 'ok');
  expect(bad).toMatchObject([expected]);
  expect(bad[0]?.remedy).toMatch(/\.$/);
});

describe('a check that hangs or breaks', () => {
  test('fails alone and in time', async () => {
    const clock = new FakeClock();
    const never = () => new Promise<never>(() => undefined);
    const examination = examine(healthy({ clock, gatewayAnswers: never, ingress: { liveRevision: never } }));
    await clock.advance(5000);
    const bad = (await examination).filter(({ status }) => status === 'failed');
    expect(bad.map(({ name, message }) => `${name}: ${message}`)).toEqual([
      'proxy: no answer within 5 s',
      'gateway: no answer within 5 s',
    ]);
  });

  test('never makes the examination fail', async () => {
    const broken = () => Promise.reject(new Error('statfs: ENOENT'));
    const checks = await examine(healthy({ disk: broken }));
    expect(checks.find(({ name }) => name === 'disk')).toMatchObject({ status: 'failed', message: 'statfs: ENOENT' });
  });
});

test('behind NAT the public address counts as this machine; a local installation needs none', async () => {
  const nat = { host: { ...host, resolve: async () => ['198.51.100.1'] } };
  const named = (checks: readonly Check[]) => checks.find(({ name }) => name === 'console-host')?.status;
  expect(named(await examine(healthy({ ...nat, publicAddresses: ['198.51.100.1'] })))).toBe('ok');
  expect(named(await examine(healthy({ host: { ...host, resolve: async () => [] }, mode: 'local' })))).toBe('ok');
});
