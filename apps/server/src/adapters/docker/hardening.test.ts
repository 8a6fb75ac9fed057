import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  anInstallation,
  docker,
  freeBlock,
  missingEngine,
  patience,
  RealAgent,
  removeAllOf,
  stubImageId,
  stubScript,
  stubShape,
} from '../../testing/real-docker.ts';
import { describeReal } from '../../testing/real-parts.ts';
import { DockerRuntime } from './docker-runtime.ts';

describeReal('What the engine made', missingEngine, () => {
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

  test('a container is hardened, limited, addressed and labelled', async () => {
    await agent.make();
    await agent.start();
    const seen = await agent.inspect();
    expect(seen.Config).toMatchObject({
      Hostname: 'agent-stub',
      User: '1000:1000',
      Env: expect.arrayContaining(['GREETING=hi']),
      Entrypoint: ['/bin/sh', '-c'],
      Cmd: [stubScript],
      Healthcheck: { Test: ['NONE'] },
      StopSignal: 'SIGTERM',
      StopTimeout: 5,
      Tty: false,
      OpenStdin: false,
      Labels: {
        'agentpod.installation': installation,
        'agentpod.agent': agent.id,
        'agentpod.role': 'instance',
        'agentpod.revision': 'abcdef0123',
      },
    });
    expect(seen.Image).toBe(stubImageId);
    expect(seen.HostConfig).toMatchObject({
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      ReadonlyRootfs: true,
      Tmpfs: stubShape.tmpfs,
      Memory: 64 * 1024 ** 2,
      MemorySwap: 64 * 1024 ** 2,
      NanoCpus: 5e8,
      PidsLimit: 64,
      Init: true,
      NetworkMode: agent.names.network,
      RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 },
      LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } },
    });
    const mounts = seen.Mounts.map(({ Type, Name, Destination, RW }) => ({ Type, Name, Destination, RW }));
    expect(mounts).toHaveLength(2);
    expect(mounts).toContainEqual({ Type: 'volume', Name: agent.names.state, Destination: '/state', RW: true });
    expect(mounts).toContainEqual({ Type: 'volume', Name: agent.names.config, Destination: '/config', RW: false });
    expect(seen.NetworkSettings.Networks[agent.names.network]).toMatchObject({ IPAddress: agent.block.address });
  });

  test('a container has no privilege, no socket of the engine, no port and no path of the host', async () => {
    await agent.make();
    await agent.start();
    const { HostConfig: host, NetworkSettings, Mounts } = await agent.inspect();
    expect(host.Privileged).toBe(false);
    expect(host.CapAdd ?? []).toEqual([]);
    expect(host.Binds ?? []).toEqual([]);
    expect(host.Devices ?? []).toEqual([]);
    expect(host.VolumesFrom ?? []).toEqual([]);
    expect(host.PublishAllPorts).toBe(false);
    expect(host.PortBindings ?? {}).toEqual({});
    expect(Object.values(NetworkSettings.Ports).flatMap((bound) => bound ?? [])).toEqual([]);
    expect([host.PidMode, host.UTSMode, host.UsernsMode]).toEqual(['', '', '']);
    expect(host.IpcMode).not.toBe('host');
    expect(Object.keys(NetworkSettings.Networks)).toEqual([agent.names.network]);
    expect(host.SecurityOpt?.join()).not.toMatch(/unconfined/);
    expect(JSON.stringify([host, Mounts])).not.toMatch(/docker\.sock|"Type":"bind"/);
  });

  test('the process sees its limits, no capability, and what it may and may not write', async () => {
    const look =
      'grep -E "CapBnd|NoNewPrivs" /proc/self/status; touch /state/ok && echo state; touch /config/no || touch /no || echo sealed';
    await agent.make({ command: [`${look}; id -u; hostname; ${stubScript}`] });
    await agent.deliver('state', []);
    await agent.start();
    await vi.waitFor(async () => expect(await agent.lines()).toContain('hello'), patience);
    const lines = await agent.lines();
    for (const line of ['CapBnd:\t0000000000000000', 'NoNewPrivs:\t1', 'state', 'sealed', '1000', 'agent-stub']) {
      expect(lines).toContain(line);
    }
  });

  test('networks are bridges of their own name and range, closed between containers', async () => {
    await agent.make();
    const gateway = freeBlock();
    await runtime.ensureGatewayNetwork(gateway, signal);
    const network = await docker.getNetwork(agent.names.network).inspect();
    expect(network).toMatchObject({
      Driver: 'bridge',
      EnableIPv6: false,
      Options: {
        'com.docker.network.bridge.name': agent.names.bridge,
        'com.docker.network.bridge.enable_icc': 'false',
      },
      Labels: { 'agentpod.installation': installation, 'agentpod.agent': agent.id, 'agentpod.role': 'network' },
    });
    const own = await docker.getNetwork(`agentpod-gateway-${installation}`).inspect();
    expect(own).toMatchObject({
      IPAM: { Config: [{ Subnet: gateway.subnet, Gateway: gateway.gateway }] },
      Options: { 'com.docker.network.bridge.name': `agpt${installation.slice(0, 8)}` },
      Labels: { 'agentpod.installation': installation, 'agentpod.role': 'gateway' },
    });
    expect(own.Labels).not.toHaveProperty('agentpod.agent');
  });

  test('volumes say whose they are and which', async () => {
    await agent.make();
    const { Labels } = await docker.getVolume(agent.names.config).inspect();
    expect(Labels).toMatchObject({
      'agentpod.installation': installation,
      'agentpod.agent': agent.id,
      'agentpod.role': 'config',
    });
  });
});
