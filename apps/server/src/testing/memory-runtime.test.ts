import { AppError, engineNames, nextFreeBlock } from '@agentpod/core';
import { beforeEach, describe, expect, test } from 'vitest';
import { MemoryEngine } from './memory-engine.ts';
import { MemoryRuntime } from './memory-runtime.ts';
import { runtimeContract } from './runtime-contract.ts';

const shape = {
  hostname: 'agent',
  user: '1000:1000',
  entrypoint: undefined,
  command: undefined,
  env: {},
  mounts: { state: '/state', config: '/config' },
  readOnlyRoot: true,
  tmpfs: {},
  stop: { signal: 'SIGTERM', graceSeconds: 5 },
};

runtimeContract('the modelled engine keeps the contract', async () => {
  const engine = new MemoryEngine();
  const image = { reference: 'stub:1', id: 'sha256:stub' };
  engine.images.set(image.reference, image.id);
  const runtime = new MemoryRuntime({ engine, installation: 'ours' });
  runtime.judge = ({ files }) =>
    files.some(({ path, content }) => path === 'verdict' && content === 'good')
      ? { ok: true, output: '' }
      : { ok: false, output: '× not good' };
  const taken = new Set<string>();
  return {
    runtime,
    stranger: new MemoryRuntime({ engine, installation: 'theirs' }),
    image,
    shape,
    judge: [],
    nextBlock: () => {
      const block = nextFreeBlock('10.221.0.0/16', taken, []);
      taken.add(block.subnet);
      return block;
    },
    speak: (name) => {
      runtime.say(name, 'hello');
      runtime.say(name, 'trouble', 'stderr');
    },
    crash: async (name) => {
      await new Promise((resolve) => setTimeout(resolve, 2));
      runtime.crashAndRestart(name);
    },
    readVolume: async (name) => Object.fromEntries(runtime.files(name)),
    dispose: async () => undefined,
  };
});

describe('what a test can do to the modelled engine', () => {
  const agentId = '019a0000-0000-7000-8000-0000000000a1';
  const { state } = engineNames(agentId);
  const { signal } = new AbortController();
  let runtime: MemoryRuntime;
  beforeEach(() => (runtime = new MemoryRuntime()));
  const create = async () => runtime.createVolume({ agentId, name: state, role: 'state' }, signal);

  test('a planned failure happens once and changes nothing', async () => {
    runtime.failNext('createVolume', new AppError('unavailable', 'EngineUnreachable', 'away'));
    await expect(create()).rejects.toMatchObject({ reason: 'EngineUnreachable' });
    expect((await runtime.observe(agentId, signal)).volumes).toEqual([]);
    await create();
    expect((await runtime.observe(agentId, signal)).volumes).toHaveLength(1);
  });

  test('a process killed before a call did nothing, one killed after it did it all', async () => {
    const killAt = (phase: 'before' | 'after') => (method: string, n: number, now: string) => {
      if (method === 'createVolume' && now === phase) throw new Error(`killed ${phase} call ${n}`);
    };
    runtime.onCall = killAt('before');
    await expect(create()).rejects.toThrow('killed before call 1');
    expect((await runtime.observe(agentId, signal)).volumes).toEqual([]);
    runtime.onCall = killAt('after');
    await expect(create()).rejects.toThrow('killed after call 3');
    expect((await runtime.observe(agentId, signal)).volumes).toHaveLength(1);
  });

  test('broken connections end the wakeups with an error', async () => {
    const first = runtime.wakeups(signal)[Symbol.asyncIterator]().next();
    runtime.engine.disconnect(new AppError('unavailable', 'EngineUnreachable', 'away'));
    await expect(first).rejects.toMatchObject({ reason: 'EngineUnreachable' });
  });

  test('an image is there after it was pulled, if the registry has it', async () => {
    runtime.engine.registry = new Set(['have:1']);
    await runtime.pullImage('have:1', () => undefined, signal);
    expect(await runtime.imageId('have:1', signal)).toBeDefined();
    await expect(runtime.pullImage('lack:1', () => undefined, signal)).rejects.toMatchObject({
      reason: 'ImageUnavailable',
    });
  });
});
