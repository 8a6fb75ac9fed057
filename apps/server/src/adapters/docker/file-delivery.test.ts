import type { AgentFile } from '@agentpod/core';
import type Dockerode from 'dockerode';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  anInstallation,
  docker,
  missingEngine,
  patience,
  RealAgent,
  removeAllOf,
  entriesOf,
} from '../../testing/real-docker.ts';
import { describeReal } from '../../testing/real-parts.ts';
import { stubImage } from '../../testing/stub-image.ts';
import { DockerRuntime } from './docker-runtime.ts';

describeReal('Delivery by the real engine', missingEngine, () => {
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

  const replace = (path: string, content: string): AgentFile => ({ path, content, policy: 'replace' });

  test('folders and the root of a volume belong to the agent alone, and nothing is left of the delivery', async () => {
    await agent.make();
    await agent.deliver('config', [replace('a/b/c.json', '{}')]);
    expect(await entriesOf(agent.names.config)).toEqual({
      '.': { content: '', mode: 0o700, user: '1000:1000', folder: true },
      a: { content: '', mode: 0o700, user: '1000:1000', folder: true },
      'a/b': { content: '', mode: 0o700, user: '1000:1000', folder: true },
      'a/b/c.json': { content: '{}', mode: 0o400, user: '1000:1000', folder: false },
    });
    expect(await agent.helpers()).toEqual([]);
  });

  test('a reader of a file sees the old content or the new one, never a part, while it runs', async () => {
    const bytes = 4 * 1024 ** 2;
    const content = (letter: string): string => letter.repeat(bytes);
    // One open per look: what lies in the copy is what one reader saw.
    const look = `cat /config/file > /tmp/copy || { echo torn absent; continue; }
      first=$(head -c 1 /tmp/copy); left=$(tr -d "$first" < /tmp/copy | wc -c); size=$(wc -c < /tmp/copy)
      if [ "$left" = 0 ] && [ "$size" = ${bytes} ]; then echo "saw $first"; else echo "torn $first $left $size"; fi`;
    await agent.make({ command: [`while :; do ${look}; done`], stop: { signal: 'SIGKILL', graceSeconds: 1 } });
    await agent.deliver('config', [replace('file', content('a'))]);
    await agent.start();
    for (const letter of ['b', 'c', 'd']) {
      await agent.deliver('config', [replace('file', content(letter))]);
      await vi.waitFor(async () => expect(await agent.lines()).toContain(`saw ${letter}`), patience);
    }
    expect((await agent.lines()).filter((line) => line.startsWith('torn'))).toEqual([]);
  }, 60_000);

  test('links that an agent made lead the delivery nowhere but into the volume', async () => {
    await agent.make({ command: ['ln -s /etc/passwd /state/SOUL.md; ln -s /etc /state/folder; echo linked'] });
    await agent.deliver('state', []);
    await agent.start();
    await vi.waitFor(async () => expect(await agent.lines()).toContain('linked'), patience);
    await agent.deliver('state', [{ path: 'SOUL.md', content: 'seed', policy: 'seed' }]);
    expect((await entriesOf(agent.names.state))['SOUL.md']).toMatchObject({ content: '' });
    await agent.deliver('state', [replace('SOUL.md', 'ours')]);
    expect((await entriesOf(agent.names.state))['SOUL.md']).toMatchObject({ content: 'ours', mode: 0o600 });
    const through = agent.deliver('state', [replace('folder/x', 'ours')]);
    await expect(through).rejects.toMatchObject({ kind: 'unavailable', reason: 'HelperFailed' });
    expect(await agent.helpers()).toEqual([]);
  });

  test('what a crash left of a delivery is gone after the next one', async () => {
    await agent.make();
    await agent.deliver('state', [replace('.agentpod-keep', '1')]);
    const left = await docker.createContainer({
      name: `${agent.names.state}-helper`,
      Image: stubImage,
      Cmd: ['mkdir', '/volume/.agentpod-staging-dead'],
      Labels: { 'agentpod.installation': installation, 'agentpod.agent': agent.id, 'agentpod.role': 'helper' },
      HostConfig: { NetworkMode: 'none', Mounts: [{ Type: 'volume', Source: agent.names.state, Target: '/volume' }] },
    });
    await left.start();
    await left.wait();
    expect(await entriesOf(agent.names.state)).toHaveProperty('.agentpod-staging-dead');
    await agent.deliver('state', [replace('.agentpod-keep', '2')]);
    expect(Object.keys(await entriesOf(agent.names.state)).toSorted()).toEqual(['.', '.agentpod-keep']);
    expect(await agent.helpers()).toEqual([]);
  });

  test('a helper that a crash left does not keep volumes from being removed', async () => {
    await agent.make();
    await docker.createContainer({
      name: `${agent.names.state}-helper`,
      Image: stubImage,
      Cmd: ['true'],
      Labels: { 'agentpod.installation': installation, 'agentpod.agent': agent.id, 'agentpod.role': 'helper' },
      HostConfig: { NetworkMode: 'none', Mounts: [{ Type: 'volume', Source: agent.names.state, Target: '/volume' }] },
    });
    await runtime.removeInstance(agent.name, signal);
    await runtime.removeVolume(agent.names.config, signal);
    await runtime.removeVolume(agent.names.state, signal);
    expect((await runtime.observe(agent.id, signal)).volumes).toEqual([]);
    expect(await agent.helpers()).toEqual([]);
  });

  test('a caller that gives up in the middle of a delivery leaves no helper behind', async () => {
    await agent.make();
    const giveUp = new AbortController();
    const events = await docker.getEvents({ filters: { label: [`agentpod.agent=${agent.id}`], event: ['create'] } });
    events.once('data', () => giveUp.abort(new Error('gave up')));
    const delivery = agent.deliver('config', [replace('a', '1')], giveUp.signal);
    await expect(delivery).rejects.toThrow('gave up');
    (events as unknown as { destroy: () => void }).destroy();
    expect(await agent.helpers()).toEqual([]);
  });

  test('the helper has no network, no other mount and three capabilities', async () => {
    await agent.make();
    const events = await docker.getEvents({ filters: { label: [`agentpod.agent=${agent.id}`], event: ['create'] } });
    const seen = new Promise<Dockerode.ContainerInspectInfo>((resolve, reject) => {
      events.once('data', (event: Buffer) => {
        const { id } = JSON.parse(event.toString()) as { id: string };
        docker.getContainer(id).inspect().then(resolve, reject);
      });
    });
    await agent.deliver('config', [replace('secret.json', 'planted-canary')]);
    (events as unknown as { destroy: () => void }).destroy();
    const helper = await seen;
    expect(helper.HostConfig).toMatchObject({
      NetworkMode: 'none',
      Privileged: false,
      CapDrop: ['ALL'],
      CapAdd: ['CHOWN', 'FOWNER', 'DAC_OVERRIDE'],
      SecurityOpt: ['no-new-privileges'],
      ReadonlyRootfs: true,
      RestartPolicy: { Name: '' },
    });
    expect(helper.Mounts.map(({ Type, Name }) => ({ Type, Name }))).toEqual([
      { Type: 'volume', Name: agent.names.config },
    ]);
    expect(JSON.stringify(helper)).not.toContain('planted-canary');
  });
});
