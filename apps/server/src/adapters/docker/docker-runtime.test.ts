import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  anInstallation,
  docker,
  freeBlock,
  missingEngine,
  patience,
  RealAgent,
  removeAllOf,
} from '../../testing/real-docker.ts';
import { describeReal } from '../../testing/real-parts.ts';
import { stubImage } from '../../testing/stub-image.ts';
import { DockerRuntime } from './docker-runtime.ts';

describeReal('The real engine', missingEngine, () => {
  const { signal } = new AbortController();
  let installation: string;
  let runtime: DockerRuntime;
  let agent: RealAgent;

  beforeEach(() => {
    const ours = anInstallation();
    ({ installation } = ours);
    runtime = new DockerRuntime(ours);
    agent = new RealAgent(runtime);
  });
  afterEach(async () => removeAllOf(installation), 60_000);

  test('objects without our labels are never touched, whatever they are called', async () => {
    await docker.createVolume({ Name: agent.names.state });
    const network = await docker.createNetwork({
      Name: agent.names.network,
      Driver: 'bridge',
      IPAM: { Config: [{ Subnet: freeBlock().subnet }] },
    });
    const name = agent.names.instance('abcdef0123');
    const container = await docker.createContainer({
      name,
      Image: stubImage,
      Cmd: ['sleep', '3600'],
      HostConfig: { NetworkMode: 'none' },
    });
    try {
      await container.start();
      const foreign = { kind: 'conflict', reason: 'ForeignObject' };
      await expect(
        runtime.createVolume({ agentId: agent.id, name: agent.names.state, role: 'state' }, signal),
      ).rejects.toMatchObject(foreign);
      const again = { agentId: agent.id, name: agent.names.network, bridge: agent.names.bridge, block: freeBlock() };
      await expect(runtime.createNetwork(again, signal)).rejects.toMatchObject(foreign);
      await runtime.stopInstance(name, 0, signal);
      await runtime.removeInstance(name, signal);
      await runtime.removeNetwork(agent.names.network, signal);
      await runtime.removeVolume(agent.names.state, signal);

      expect((await container.inspect()).State.Running).toBe(true);
      expect((await network.inspect()).Name).toBe(agent.names.network);
      expect((await docker.getVolume(agent.names.state).inspect()).Name).toBe(agent.names.state);
      expect(await runtime.observe(agent.id, signal)).toEqual({ networks: [], volumes: [], instances: [] });
    } finally {
      await container.remove({ force: true });
      await network.remove();
      await docker.getVolume(agent.names.state).remove();
    }
  });

  test('a command that does not exist is refused for good', async () => {
    // Named like an init, so that the engine itself has to find it.
    await agent.make({ entrypoint: ['/no/such/tini'] });
    await expect(agent.start()).rejects.toMatchObject({ kind: 'terminal', reason: 'StartRefused' });
    expect(await agent.observed()).toMatchObject({ state: 'created' });
  });

  test('a command that the init cannot find ends with code 127', async () => {
    await agent.make({ entrypoint: ['/no/such/program'] });
    await agent.start();
    await vi.waitFor(
      async () => expect(await agent.observed()).toMatchObject({ state: 'exited', exitCode: 127 }),
      patience,
    );
  }, 30_000);

  test('a process that was killed for memory is seen as such', async () => {
    await agent.make({ command: ['head -c 80m /dev/zero | tail -c 79m'], tmpfs: {} });
    await agent.start();
    const killed = { state: 'exited', outOfMemory: true, exitCode: expect.any(Number) };
    await vi.waitFor(async () => expect(await agent.observed()).toMatchObject(killed), patience);
  }, 30_000);

  test('an image with its own init gets no second one', async () => {
    await agent.make({ entrypoint: ['/usr/bin/tini', '--', 'node'] });
    expect((await agent.inspect()).HostConfig.Init).toBe(false);
  });

  test('a paused instance is seen, and can be stopped', async () => {
    await agent.make();
    await agent.start();
    await docker.getContainer(agent.name).pause();
    expect(await agent.observed()).toMatchObject({ state: 'paused' });
    await runtime.stopInstance(agent.name, 5, signal);
    expect(await agent.observed()).toMatchObject({ state: 'exited' });
  });

  test('a network that was removed behind our back can be made anew under a container that is there', async () => {
    await agent.make();
    await runtime.removeNetwork(agent.names.network, signal);
    await agent.makeNetwork();
    await agent.start();
    const seen = await agent.inspect();
    expect(seen.NetworkSettings.Networks[agent.names.network]).toMatchObject({ IPAddress: agent.block.address });
  });

  test('a line without end is cut, and the next one is whole', async () => {
    await agent.make({ command: ['head -c 100000 /dev/zero | tr "\\0" x; echo; echo next; exec sleep 3600'] });
    await agent.start();
    await vi.waitFor(async () => expect(await agent.lines()).toContain('next'), patience);
    expect((await agent.lines()).map((line) => line.length)).toEqual([16 * 1024, 4]);
  });
});
