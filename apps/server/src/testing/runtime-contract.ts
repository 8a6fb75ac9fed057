import { randomUUID } from 'node:crypto';
import {
  type AgentFile,
  type Block,
  engineNames,
  type InstanceShape,
  type LogLine,
  type NewInstance,
  type ResourceSpec,
  type VolumeRole,
} from '@agentpod/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { RuntimeEngine } from '../ports/runtime.ts';

export interface SeenFile {
  readonly content: string;
  readonly mode: number;
  readonly user: string;
}

/** One engine, empty of everything that the suite makes. */
export interface RuntimeWorld {
  readonly runtime: RuntimeEngine;
  /** Another installation on the same engine. */
  readonly stranger: RuntimeEngine;
  readonly image: { readonly reference: string; readonly id: string };
  /** Its process says "hello" on standard output and "trouble" on standard error, and ends when asked to. */
  readonly shape: InstanceShape;
  /** A block nobody else on this engine uses; another one at every call. */
  nextBlock(): Block;
  /** For an engine that runs nothing: says what the process would have said. */
  speak(name: string): void;
  /** Its process ends with a failure, without anybody's doing; the engine's own policy may start it again. */
  crash(name: string): Promise<void>;
  /**
   * A command that is content when the file `/checked/verdict` says "good"; otherwise it says "× not good" on standard
   * error and ends with code 1.
   */
  readonly judge: readonly string[];
  /** All files of a volume by path, read past the runtime. */
  readVolume(name: string): Promise<Readonly<Record<string, SeenFile>>>;
  /** Removes everything that carries one of the two installations' labels. */
  dispose(): Promise<void>;
}

const limits: ResourceSpec = { memoryBytes: 64 * 1024 ** 2, cpus: 0.5, pids: 64 };
const user = '1000:1000';
const patience = { timeout: 20_000, interval: 50 };

/** Every RuntimeEngine passes this, the modelled one too: that is what keeps it honest. */
export function runtimeContract(title: string, makeWorld: () => Promise<RuntimeWorld>): void {
  describe(title, { timeout: 60_000 }, () => {
    let world: RuntimeWorld;
    let runtime: RuntimeEngine;
    let stranger: RuntimeEngine;
    let agentId: string;
    let names: ReturnType<typeof engineNames>;
    let signal: AbortSignal;
    let stop: AbortController;

    beforeEach(async () => {
      world = await makeWorld();
      ({ runtime, stranger } = world);
      agentId = randomUUID();
      names = engineNames(agentId);
      stop = new AbortController();
      signal = stop.signal;
    });
    afterEach(async () => {
      stop.abort();
      await world.dispose();
    }, 60_000);

    const makeNetwork = async (block: Block, by = runtime): Promise<void> =>
      by.createNetwork({ agentId, name: names.network, bridge: names.bridge, block }, signal);
    const makeVolume = async (role: VolumeRole, by = runtime): Promise<{ createdAt: string }> =>
      by.createVolume({ agentId, name: names[role], role }, signal);
    const deliver = async (role: VolumeRole, files: readonly AgentFile[], differences: object = {}): Promise<void> =>
      runtime.deliverFiles(
        { agentId, role, volume: names[role], files, user, imageId: world.image.id, ...differences },
        signal,
      );
    const observe = async (by = runtime) => by.observe(agentId, signal);

    const anInstance = (block: Block, differences: Partial<NewInstance> = {}): NewInstance => ({
      name: names.instance('1234567890'),
      revision: '1234567890',
      network: names.network,
      address: block.address,
      volumes: { state: names.state, config: names.config },
      shape: world.shape,
      limits,
      ...differences,
    });
    const makeGround = async (): Promise<Block> => {
      const block = world.nextBlock();
      await makeNetwork(block);
      await makeVolume('state');
      await makeVolume('config');
      return block;
    };
    const makeInstance = async (): Promise<NewInstance> => {
      const instance = anInstance(await makeGround());
      await runtime.createInstance(agentId, instance, world.image.id, signal);
      return instance;
    };
    const theInstance = async () => {
      const { instances } = await observe();
      expect(instances).toHaveLength(1);
      return instances[0];
    };
    const replace = (path: string, content: string): AgentFile => ({ path, content, policy: 'replace' });
    const seed = (path: string, content: string): AgentFile => ({ path, content, policy: 'seed' });

    test('the engine says what it is', async () => {
      const info = await runtime.info(signal);
      expect(info).toMatchObject({
        name: expect.any(String),
        version: expect.any(String),
        apiVersion: expect.any(String),
      });
      expect(Math.min(info.memoryBytes, info.cpus)).toBeGreaterThan(0);
    });

    test('an agent that nothing was made for has nothing', async () => {
      expect(await observe()).toEqual({ networks: [], volumes: [], instances: [] });
      expect(await runtime.owners(signal)).toEqual(new Set());
    });

    test('a caller that gave up is told so, and nothing is done', async () => {
      stop.abort(new Error('gave up'));
      await expect(makeVolume('state')).rejects.toThrow('gave up');
      await expect(observe()).rejects.toThrow('gave up');
      expect(await runtime.observe(agentId, new AbortController().signal)).toMatchObject({ volumes: [] });
    });

    describe('images', () => {
      test('are known by reference and by id', async () => {
        expect(await runtime.imageId(world.image.reference, signal)).toBe(world.image.id);
        expect(await runtime.imageId(world.image.id, signal)).toBe(world.image.id);
        expect(await runtime.imageId('agentpod-test/nothing:1', signal)).toBeUndefined();
      });
    });

    describe('networks', () => {
      test("making one twice leaves one, and it is the agent's", async () => {
        const block = world.nextBlock();
        await makeNetwork(block);
        await makeNetwork(block);
        expect(await observe()).toEqual({
          networks: [{ name: names.network, subnet: block.subnet }],
          volumes: [],
          instances: [],
        });
        expect(await runtime.owners(signal)).toEqual(new Set([agentId]));
      });

      test('removing one twice is success, and it is gone', async () => {
        await makeNetwork(world.nextBlock());
        await runtime.removeNetwork(names.network, signal);
        await runtime.removeNetwork(names.network, signal);
        expect((await observe()).networks).toEqual([]);
        expect(await runtime.owners(signal)).toEqual(new Set());
      });

      test('an address range that another network has is a conflict, and nothing is made', async () => {
        const block = world.nextBlock();
        await makeNetwork(block, stranger);
        const other = randomUUID();
        const { network: name, bridge } = engineNames(other);
        const taken = runtime.createNetwork({ agentId: other, name, bridge, block }, signal);
        await expect(taken).rejects.toMatchObject({ kind: 'conflict', reason: 'AddressTaken' });
        expect((await runtime.observe(other, signal)).networks).toEqual([]);
      });

      test('a name that somebody else has is a conflict, and theirs is not touched', async () => {
        const theirs = world.nextBlock();
        await makeNetwork(theirs, stranger);
        await expect(makeNetwork(world.nextBlock())).rejects.toMatchObject({
          kind: 'conflict',
          reason: 'ForeignObject',
        });
        await runtime.removeNetwork(names.network, signal);
        expect((await observe(stranger)).networks).toEqual([{ name: names.network, subnet: theirs.subnet }]);
        expect((await observe()).networks).toEqual([]);
      });

      test('ours with another address range is a conflict, not a success', async () => {
        const first = world.nextBlock();
        await makeNetwork(first);
        await expect(makeNetwork(world.nextBlock())).rejects.toMatchObject({
          kind: 'conflict',
          reason: 'NetworkDiffers',
        });
        expect((await observe()).networks).toEqual([{ name: names.network, subnet: first.subnet }]);
      });

      test('one that is in use is not removed', async () => {
        const { name } = await makeInstance();
        await runtime.startInstance(name, signal);
        await expect(runtime.removeNetwork(names.network, signal)).rejects.toMatchObject({
          kind: 'conflict',
          reason: 'InUse',
        });
        expect((await observe()).networks).toHaveLength(1);
      });

      test('foreign subnets are those of others, ours are not among them', async () => {
        const [ours, theirs] = [world.nextBlock(), world.nextBlock()];
        const other = engineNames(randomUUID());
        await makeNetwork(ours);
        await stranger.createNetwork({ agentId, name: other.network, bridge: other.bridge, block: theirs }, signal);
        const foreign = await runtime.foreignSubnets(signal);
        expect(foreign).toContain(theirs.subnet);
        expect(foreign).not.toContain(ours.subnet);
      });

      test("the gateway's network is made once and is no agent's", async () => {
        const block = world.nextBlock();
        await runtime.ensureGatewayNetwork(block, signal);
        await runtime.ensureGatewayNetwork(block, signal);
        expect(await runtime.owners(signal)).toEqual(new Set());
        expect(await runtime.foreignSubnets(signal)).not.toContain(block.subnet);
        expect((await stranger.foreignSubnets(signal)).filter((subnet) => subnet === block.subnet)).toHaveLength(1);
      });
    });

    describe('the gateway', () => {
      test('moves with the supernet: its network has the newest addresses and no others', async () => {
        const [before, after] = [world.nextBlock(), world.nextBlock()];
        await runtime.ensureGatewayNetwork(before, signal);
        await runtime.ensureGatewayNetwork(after, signal);
        const seen = await stranger.foreignSubnets(signal);
        expect(seen).toContain(after.subnet);
        expect(seen).not.toContain(before.subnet);
      });
    });

    describe('volumes', () => {
      test('making one twice leaves one, as old as the first', async () => {
        const first = await makeVolume('state');
        expect(await makeVolume('state')).toEqual(first);
        expect((await observe()).volumes).toEqual([{ name: names.state, createdAt: first.createdAt }]);
      });

      test('its age does not change with what is put into it', async () => {
        const { createdAt } = await makeVolume('config');
        await deliver('config', [replace('a.json', '{}')]);
        expect((await observe()).volumes).toEqual([{ name: names.config, createdAt }]);
      });

      test('one that is made anew is another one, and empty', async () => {
        const first = await makeVolume('state');
        await deliver('state', [replace('a.md', 'old')]);
        await runtime.removeVolume(names.state, signal);
        await runtime.removeVolume(names.state, signal);
        expect((await observe()).volumes).toEqual([]);
        const second = await makeVolume('state');
        expect(second).not.toEqual(first);
        expect(await world.readVolume(names.state)).toEqual({});
      });

      test('a name that somebody else has is a conflict, and theirs is not touched', async () => {
        await makeVolume('state', stranger);
        await expect(makeVolume('state')).rejects.toMatchObject({ kind: 'conflict', reason: 'ForeignObject' });
        await expect(deliver('state', [replace('a.md', 'ours')])).rejects.toMatchObject({ reason: 'ForeignObject' });
        await runtime.removeVolume(names.state, signal);
        expect((await observe(stranger)).volumes).toHaveLength(1);
        expect(await world.readVolume(names.state)).toEqual({});
      });

      test('one of another role is not taken for it', async () => {
        await makeVolume('state');
        const asConfig = runtime.createVolume({ agentId, name: names.state, role: 'config' }, signal);
        await expect(asConfig).rejects.toMatchObject({ kind: 'conflict', reason: 'ForeignObject' });
      });

      test('one that an instance uses is not removed', async () => {
        await makeInstance();
        await expect(runtime.removeVolume(names.state, signal)).rejects.toMatchObject({
          kind: 'conflict',
          reason: 'InUse',
        });
        expect((await observe()).volumes).toHaveLength(2);
      });
    });

    describe('the sizes of volumes', () => {
      // An engine measures for one caller at a time, and others are at work on it.
      const sizes = async (by = runtime) => vi.waitFor(() => by.volumeSizes(signal), patience);

      test('are known by name, and grow with what is put in', async () => {
        await makeVolume('state');
        await makeVolume('config');
        await deliver('state', [replace('a.md', 'x')]);
        const before = await sizes();
        expect([...before.keys()].toSorted()).toEqual([names.config, names.state].toSorted());
        await deliver('state', [replace('large.md', 'x'.repeat(100_000))]);
        const after = await sizes();
        expect((after.get(names.state) ?? 0) - (before.get(names.state) ?? 0)).toBeGreaterThanOrEqual(100_000);
        expect(after.get(names.config)).toBe(before.get(names.config));
      });

      test('of others are none of our business', async () => {
        await makeVolume('state', stranger);
        expect(await sizes()).toEqual(new Map());
        expect([...(await sizes(stranger)).keys()]).toEqual([names.state]);
      });
    });

    describe('a check of files', () => {
      const check = async (files: readonly AgentFile[], differences: object = {}) =>
        runtime.validateFiles(
          {
            agentId,
            imageId: world.image.id,
            files,
            user,
            command: world.judge,
            env: {},
            mount: '/checked',
            memoryBytes: 64 * 1024 ** 2,
            ...differences,
          },
          signal,
        );

      test("says what the agent's software says, and leaves nothing behind", async () => {
        expect(await check([replace('verdict', 'good'), replace('more/deep.json', '{}')])).toEqual({
          ok: true,
          output: '',
        });
        expect(await check([replace('verdict', 'bad')])).toEqual({ ok: false, output: '× not good' });
        expect(await observe()).toEqual({ networks: [], volumes: [], instances: [] });
        expect(await runtime.owners(signal)).toEqual(new Set());
      });

      test('touches nothing of a running agent', async () => {
        const { name } = await makeInstance();
        await deliver('config', [replace('verdict', 'good')]);
        await runtime.startInstance(name, signal);
        const before = await theInstance();
        expect(await check([replace('verdict', 'bad')])).toMatchObject({ ok: false });
        expect(await theInstance()).toEqual(before);
        expect(Object.keys(await world.readVolume(names.config))).toEqual(['verdict']);
        expect((await world.readVolume(names.config))['verdict']?.content).toBe('good');
      });

      test('is refused for files that lead elsewhere, and for an image that is not there', async () => {
        await expect(check([replace('../verdict', 'good')])).rejects.toMatchObject({ kind: 'invalid' });
        const gone = check([replace('verdict', 'good')], { imageId: `sha256:${'0'.repeat(64)}` });
        await expect(gone).rejects.toMatchObject({ kind: expect.stringMatching(/^(terminal|not-found)$/) });
      });
    });

    describe('files', () => {
      test("belong to the agent's user; configuration can only be read", async () => {
        await makeVolume('config');
        await makeVolume('state');
        await deliver('config', [replace('openclaw.json', '{"名":"阿明"}'), replace('keys/model', 'virtual')]);
        await deliver('state', [replace('workspace/SOUL.md', '# 灵魂\n')]);
        expect(await world.readVolume(names.config)).toEqual({
          'openclaw.json': { content: '{"名":"阿明"}', mode: 0o400, user },
          'keys/model': { content: 'virtual', mode: 0o400, user },
        });
        expect(await world.readVolume(names.state)).toEqual({
          'workspace/SOUL.md': { content: '# 灵魂\n', mode: 0o600, user },
        });
      });

      test('in the configuration the set is complete: what is not named is removed', async () => {
        await makeVolume('config');
        await deliver('config', [
          replace('a', '1'),
          replace('.hidden', '1'),
          replace('dir/b', '1'),
          replace('dir/c', '1'),
        ]);
        await deliver('config', [replace('dir/c', '2'), replace('new', '2')]);
        const seen = await world.readVolume(names.config);
        expect(Object.fromEntries(Object.entries(seen).map(([path, { content }]) => [path, content]))).toEqual({
          'dir/c': '2',
          new: '2',
        });
        await deliver('config', []);
        expect(await world.readVolume(names.config)).toEqual({});
      });

      test('in the state nothing else is touched, and a seed never replaces what is there', async () => {
        await makeVolume('state');
        await deliver('state', [replace('memory.md', 'what it learned'), seed('SOUL.md', 'first')]);
        await deliver('state', [seed('SOUL.md', 'second'), seed('AGENTS.md', 'new')]);
        const seen = await world.readVolume(names.state);
        expect(Object.fromEntries(Object.entries(seen).map(([path, { content }]) => [path, content]))).toEqual({
          'memory.md': 'what it learned',
          'SOUL.md': 'first',
          'AGENTS.md': 'new',
        });
      });

      test('delivering twice is the same as once', async () => {
        await makeVolume('config');
        const files = [replace('a/b/c.json', '{}'), seed('d', 'x')];
        await deliver('config', files);
        const once = await world.readVolume(names.config);
        await deliver('config', files);
        expect(await world.readVolume(names.config)).toEqual(once);
        expect(Object.keys(once)).toHaveLength(2);
      });

      test('a folder that stands where a file belongs makes room, and the other way round', async () => {
        await makeVolume('state');
        await deliver('state', [replace('a/b', '1'), replace('c', '1')]);
        await deliver('state', [replace('a', '2'), replace('c/d', '2')]);
        const seen = await world.readVolume(names.state);
        expect(Object.keys(seen).toSorted()).toEqual(['a', 'c/d']);
      });

      test('names and contents are data, whatever they look like', async () => {
        await makeVolume('config');
        const odd = ['-rf', '$(touch owned)', 'a \'b\' "c"', '*', 'x;rm -rf .', '中文/文件.md', '`id`'];
        const files = odd.map((path) => replace(path, `'; rm -rf / # $(id) ${path}\n`));
        await deliver('config', files);
        const seen = await world.readVolume(names.config);
        expect(Object.fromEntries(Object.entries(seen).map(([path, { content }]) => [path, content]))).toEqual(
          Object.fromEntries(files.map(({ path, content }) => [path, content])),
        );
      });

      test.each(['../up', '/absolute', 'a/../../b', '', 'a//b', 'line\nbreak', '.'])(
        'a path that is not inside the volume is refused: %j',
        async (path) => {
          await makeVolume('config');
          const refused = deliver('config', [replace('good', '1'), replace(path, 'x')]);
          await expect(refused).rejects.toMatchObject({ kind: 'invalid', reason: 'InvalidPath' });
          expect(await world.readVolume(names.config)).toEqual({});
        },
      );

      test('a volume that is not there is not made by a delivery', async () => {
        await expect(deliver('state', [replace('a', '1')])).rejects.toMatchObject({ kind: 'not-found' });
        expect((await observe()).volumes).toEqual([]);
        expect(await runtime.owners(signal)).toEqual(new Set());
      });

      test('a user that is no number is refused', async () => {
        await makeVolume('state');
        const refused = deliver('state', [replace('a', '1')], { user: 'root; id' });
        await expect(refused).rejects.toMatchObject({ kind: 'invalid', reason: 'InvalidUser' });
      });
    });

    describe('instances', () => {
      test('making one twice leaves one that does not run yet', async () => {
        const instance = await makeInstance();
        await runtime.createInstance(agentId, instance, world.image.id, signal);
        expect(await theInstance()).toEqual({
          name: instance.name,
          id: expect.any(String),
          revision: '1234567890',
          state: 'created',
          startedAt: undefined,
          finishedAt: undefined,
          exitCode: undefined,
          outOfMemory: false,
          imageId: world.image.id,
          limits,
          engineRestarts: 0,
          outOfMemoryAt: undefined,
          attached: true,
        });
      });

      test('one whose process dies of itself is started again by the engine, which is seen', async () => {
        const { name } = await makeInstance();
        await runtime.startInstance(name, signal);
        const before = await theInstance();
        await world.crash(name);
        await vi.waitFor(async () => {
          expect(await theInstance()).toMatchObject({ id: before?.id, state: 'running', engineRestarts: 1 });
        }, patience);
        expect((await theInstance())?.startedAt).toBeGreaterThan(before?.startedAt ?? Number.NaN);
        // A start from outside begins a new count.
        await runtime.stopInstance(name, 5, signal);
        await runtime.startInstance(name, signal);
        expect(await theInstance()).toMatchObject({ engineRestarts: 0 });
      });

      test('one whose network was made anew is not attached to it', async () => {
        const block = await makeGround();
        const instance = anInstance(block);
        const { name } = instance;
        await runtime.createInstance(agentId, instance, world.image.id, signal);
        await runtime.startInstance(name, signal);
        await runtime.stopInstance(name, 5, signal);
        await runtime.removeNetwork(names.network, signal);
        expect(await theInstance()).toMatchObject({ attached: false });
        await makeNetwork(block);
        expect(await theInstance()).toMatchObject({ attached: false });
        await expect(runtime.startInstance(name, signal)).rejects.toThrow(/network/i);
      });

      test('one that runs tells what it uses; one that does not has nothing to tell', async () => {
        const { name } = await makeInstance();
        await runtime.startInstance(name, signal);
        const usage = await runtime.usage(name, signal);
        expect(usage.cpuMs).toBeGreaterThanOrEqual(0);
        expect(usage.memoryBytes).toBeLessThan(limits.memoryBytes);
        await runtime.stopInstance(name, 5, signal);
        await expect(runtime.usage(name, signal)).rejects.toMatchObject({ kind: 'not-found' });
        await runtime.removeInstance(name, signal);
        await expect(runtime.usage(name, signal)).rejects.toMatchObject({ kind: 'not-found' });
      });

      test('what is used is told of the container that has the name now', async () => {
        const instance = await makeInstance();
        for (let round = 0; round < 2; round++) {
          await runtime.startInstance(instance.name, signal);
          expect((await runtime.usage(instance.name, signal)).memoryBytes).toBeLessThan(limits.memoryBytes);
          // What was seen of this one must not be held against the next.
          await observe();
          await runtime.removeInstance(instance.name, signal);
          await runtime.createInstance(agentId, instance, world.image.id, signal);
        }
      });

      test('a stop that means one run leaves another alone', async () => {
        const { name } = await makeInstance();
        await runtime.startInstance(name, signal);
        const meant = (await theInstance())?.startedAt ?? 0;
        await runtime.stopInstance(name, 5, signal, meant);
        expect(await theInstance()).toMatchObject({ state: 'exited' });
        await runtime.startInstance(name, signal);
        await runtime.stopInstance(name, 5, signal, meant);
        expect(await theInstance()).toMatchObject({ state: 'running' });
        await runtime.stopInstance(name, 5, signal);
        expect(await theInstance()).toMatchObject({ state: 'exited' });
      });

      test('starting and stopping twice is the same as once', async () => {
        const { name } = await makeInstance();
        await runtime.startInstance(name, signal);
        const started = await theInstance();
        expect(started).toMatchObject({ state: 'running', startedAt: expect.any(Number), exitCode: undefined });
        await runtime.startInstance(name, signal);
        expect(await theInstance()).toEqual(started);

        await runtime.stopInstance(name, 5, signal);
        const stopped = await theInstance();
        expect(stopped).toMatchObject({
          id: started?.id,
          state: 'exited',
          exitCode: 0,
          finishedAt: expect.any(Number),
        });
        await runtime.stopInstance(name, 5, signal);
        expect(await theInstance()).toEqual(stopped);
      });

      test('one that was stopped starts again as the same instance', async () => {
        const { name } = await makeInstance();
        await runtime.startInstance(name, signal);
        const first = await theInstance();
        await runtime.stopInstance(name, 5, signal);
        await runtime.startInstance(name, signal);
        const second = await theInstance();
        expect(second).toMatchObject({ id: first?.id, state: 'running', exitCode: undefined, finishedAt: undefined });
        expect(second?.startedAt).toBeGreaterThanOrEqual(first?.startedAt ?? Number.NaN);
      });

      test('removing one that runs, and one that is not there, is success; volumes stay', async () => {
        const { name } = await makeInstance();
        await runtime.startInstance(name, signal);
        await runtime.removeInstance(name, signal);
        await runtime.removeInstance(name, signal);
        const view = await observe();
        expect(view.instances).toEqual([]);
        expect(view.volumes).toHaveLength(2);
      });

      test('one that is not there cannot be started or changed; it is stopped already', async () => {
        const gone = { kind: 'not-found' };
        const name = names.instance('1234567890');
        await expect(runtime.startInstance(name, signal)).rejects.toMatchObject(gone);
        await expect(runtime.setLimits(name, limits, signal)).rejects.toMatchObject(gone);
        await runtime.stopInstance(name, 5, signal);
      });

      test('without its network or volumes it is not made, and neither are they', async () => {
        await makeVolume('config');
        const made = runtime.createInstance(agentId, anInstance(world.nextBlock()), world.image.id, signal);
        await expect(made).rejects.toMatchObject({ kind: 'unavailable', reason: 'GroundMissing' });
        const view = await observe();
        expect(view).toMatchObject({ networks: [], instances: [] });
        expect(view.volumes.map(({ name }) => name)).toEqual([names.config]);
      });

      test('an image that is not there is a failure for good', async () => {
        const instance = anInstance(await makeGround());
        const made = runtime.createInstance(agentId, instance, `sha256:${'0'.repeat(64)}`, signal);
        await expect(made).rejects.toMatchObject({ kind: 'terminal', reason: 'ImageUnavailable' });
      });

      test('a name with another revision is a conflict', async () => {
        const instance = await makeInstance();
        const other = runtime.createInstance(agentId, { ...instance, revision: '12345678ff' }, world.image.id, signal);
        await expect(other).rejects.toMatchObject({ kind: 'conflict', reason: 'OtherRevision' });
        expect(await theInstance()).toMatchObject({ revision: '1234567890' });
      });

      test('another installation sees nothing of it and cannot touch it', async () => {
        const instance = await makeInstance();
        await runtime.startInstance(instance.name, signal);
        expect(await observe(stranger)).toEqual({ networks: [], volumes: [], instances: [] });
        expect(await stranger.owners(signal)).toEqual(new Set());
        const theirs = stranger.createInstance(agentId, instance, world.image.id, signal);
        await expect(theirs).rejects.toMatchObject({ kind: 'conflict', reason: 'ForeignObject' });
        await expect(stranger.startInstance(instance.name, signal)).rejects.toMatchObject({ kind: 'not-found' });
        await expect(stranger.setLimits(instance.name, limits, signal)).rejects.toMatchObject({ kind: 'not-found' });
        await stranger.stopInstance(instance.name, 0, signal);
        await stranger.removeInstance(instance.name, signal);
        expect(await theInstance()).toMatchObject({ state: 'running' });
      });

      test('limits change while it runs, and changing them twice is the same as once', async () => {
        const { name } = await makeInstance();
        await runtime.startInstance(name, signal);
        const before = await theInstance();
        const larger = { memoryBytes: 96 * 1024 ** 2, cpus: 0.75, pids: 96 };
        await runtime.setLimits(name, larger, signal);
        await runtime.setLimits(name, larger, signal);
        expect(await theInstance()).toEqual({ ...before, limits: larger });
        await runtime.setLimits(name, limits, signal);
        expect(await theInstance()).toEqual(before);
      });

      test('after everything is removed, nobody owns anything', async () => {
        const { name } = await makeInstance();
        await deliver('config', [replace('a', '1')]);
        await runtime.removeInstance(name, signal);
        await runtime.removeNetwork(names.network, signal);
        await runtime.removeVolume(names.state, signal);
        expect(await runtime.owners(signal)).toEqual(new Set([agentId]));
        await runtime.removeVolume(names.config, signal);
        expect(await runtime.owners(signal)).toEqual(new Set());
      });
    });

    describe('logs', () => {
      const started = async (): Promise<string> => {
        const { name } = await makeInstance();
        await runtime.startInstance(name, signal);
        world.speak(name);
        return name;
      };
      const read = async (name: string, tail: number): Promise<LogLine[]> =>
        Array.fromAsync(runtime.logs(name, { tail, follow: false }, signal));
      const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);

      test('show both streams with times, and as many lines as asked for', async () => {
        const name = await started();
        await vi.waitFor(async () => expect(await read(name, 100)).toHaveLength(2), patience);
        const lines = await read(name, 100);
        expect(lines).toContainEqual({ time, stream: 'stdout', line: 'hello' });
        expect(lines).toContainEqual({ time, stream: 'stderr', line: 'trouble' });
        expect(await read(name, 1)).toHaveLength(1);
        expect(await read(name, 0)).toEqual([]);
      });

      test('go on while they are followed, and end quietly with the signal', async () => {
        const { name } = await makeInstance();
        await runtime.startInstance(name, signal);
        const following = new AbortController();
        const seen: string[] = [];
        const followed = (async () => {
          for await (const { line } of runtime.logs(name, { tail: 100, follow: true }, following.signal)) {
            seen.push(line);
            if (seen.length === 2) following.abort();
          }
        })();
        world.speak(name);
        await followed;
        expect(seen.toSorted()).toEqual(['hello', 'trouble']);
      });

      test('of an instance that is not there, or not ours, are an error', async () => {
        const absent = Array.fromAsync(runtime.logs(names.instance('none'), { tail: 1, follow: true }, signal));
        await expect(absent).rejects.toMatchObject({ kind: 'not-found' });
        const name = await started();
        const theirs = Array.fromAsync(stranger.logs(name, { tail: 1, follow: false }, signal));
        await expect(theirs).rejects.toMatchObject({ kind: 'not-found' });
      });
    });

    describe('wakeups', () => {
      /** What is heard from when this resolves on: the stream is known to be open. */
      const listen = async (by = runtime): Promise<{ heard: string[]; ended: Promise<void>; end: () => void }> => {
        const listening = new AbortController();
        const heard: string[] = [];
        const ended = (async () => {
          for await (const id of by.wakeups(listening.signal)) heard.push(id);
        })();
        const probe = randomUUID();
        const name = engineNames(probe).state;
        await vi.waitFor(async () => {
          await by.createVolume({ agentId: probe, name, role: 'state' }, signal);
          await by.removeVolume(name, signal);
          expect(heard).toContain(probe);
        }, patience);
        return { heard, ended, end: () => listening.abort() };
      };
      const hears = async (heard: string[], act: () => Promise<unknown>): Promise<void> => {
        const before = heard.filter((id) => id === agentId).length;
        await act();
        await vi.waitFor(() => expect(heard.filter((id) => id === agentId).length).toBeGreaterThan(before), patience);
      };

      test('come for every change of network, volume and instance, and end quietly with the signal', async () => {
        const { heard, ended, end } = await listen();
        const block = world.nextBlock();
        const instance = anInstance(block);
        await hears(heard, async () => makeNetwork(block));
        await hears(heard, async () => makeVolume('state'));
        await hears(heard, async () => makeVolume('config'));
        await hears(heard, async () => runtime.createInstance(agentId, instance, world.image.id, signal));
        await hears(heard, async () => runtime.startInstance(instance.name, signal));
        await hears(heard, async () => runtime.setLimits(instance.name, { ...limits, pids: 80 }, signal));
        await hears(heard, async () => runtime.stopInstance(instance.name, 5, signal));
        await hears(heard, async () => runtime.removeInstance(instance.name, signal));
        await hears(heard, async () => runtime.removeNetwork(names.network, signal));
        await hears(heard, async () => runtime.removeVolume(names.state, signal));
        end();
        await ended;
      });

      test('come for objects that were made before anybody listened', async () => {
        await makeNetwork(world.nextBlock());
        const { heard, ended, end } = await listen();
        await hears(heard, async () => runtime.removeNetwork(names.network, signal));
        end();
        await ended;
      });

      test('do not come for a delivery of files, which changes nothing to be observed', async () => {
        await makeVolume('config');
        const { heard, ended, end } = await listen();
        await deliver('config', [replace('a', '1')]);
        await hears(heard, async () => runtime.removeVolume(names.config, signal));
        expect(heard.filter((id) => id === agentId)).toHaveLength(1);
        end();
        await ended;
      });

      test('do not come for another installation', async () => {
        const { heard, ended, end } = await listen();
        await makeVolume('state', stranger);
        await stranger.removeVolume(names.state, signal);
        await makeVolume('config');
        await vi.waitFor(() => expect(heard).toContain(agentId), patience);
        expect(heard.filter((id) => id === agentId)).toHaveLength(1);
        end();
        await ended;
      });
    });
  });
}
