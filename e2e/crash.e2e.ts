import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ControlPlane, docker } from './harness/control-plane.ts';
import { inspectContainer, instanceOf } from './harness/engine.ts';
import { until } from './harness/processes.ts';

const plane = new ControlPlane({ slot: 3 });

beforeAll(() => plane.start());
afterAll(() => plane.destroy());

/** What AgentPod makes for an agent; its helpers and the gateway's bridge are called otherwise. */
const ofAnAgent = /^agentpod-[0-9a-f]{12}(-state|-config|-[0-9a-f]{8})?$/;

/** Calls once the engine reports the creation of such a thing for an agent; with nothing in between. */
function onCreation(kind: string, call: () => void): ChildProcess {
  const name = kind === 'volume' ? '{{.Actor.ID}}' : '{{.Actor.Attributes.name}}';
  const args = ['events', '--filter', `type=${kind}`, '--filter', 'event=create', '--format', name];
  const events = spawn('docker', args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const lines = createInterface({ input: events.stdout });
  lines.on('line', (line) => {
    if (!ofAnAgent.test(line)) return;
    lines.removeAllListeners('line');
    call();
  });
  return events;
}

describe('the server killed in the middle of a create', () => {
  test.each([
    ['network', 'net'],
    ['volume', 'vol'],
    ['container', 'con'],
  ])(
    'right after its %s was made: after its restart there is exactly one instance and nothing is leaked',
    async (kind, name) => {
      const pid = plane.processId('server');
      let killed = false;
      const watcher = onCreation(kind, () => {
        process.kill(pid, 'SIGKILL');
        killed = true;
      });
      try {
        await until('docker events listens', 10, async () => watcher.pid);
        // The command itself may well see its connection break: that is the point.
        await plane.cli('create', name, '--type', 'stub');
        await until('the server is dead', 60, async () => killed && !plane.isAlive('server'));
      } finally {
        watcher.kill();
      }
      await plane.startServer();
      const agent = await until('the agent is Ready', 90, async () => {
        const found = await plane.client.getAgent(name);
        return found.state === 'ready' ? found : undefined;
      });
      expect(await instanceOf(plane, agent)).toMatch(/^agentpod-/);
      const label = `label=agentpod.agent=${agent.id}`;
      const count = async (...args: string[]) =>
        (await docker(...args, '-q', '--filter', label)).split('\n').filter(Boolean).length;
      expect({
        containers: await count('ps', '-a'),
        networks: await count('network', 'ls'),
        volumes: await count('volume', 'ls'),
      }).toEqual({ containers: 1, networks: 1, volumes: 2 });
    },
  );

  test('a killed container is started again, and is still the same one', async () => {
    const before = await plane.client.getAgent('con');
    await docker('kill', await instanceOf(plane, before));
    const after = await until('it answers again', 60, async () => {
      const found = await plane.client.getAgent('con');
      return found.state === 'ready' && found.status.instance?.startedAt !== before.status.instance?.startedAt
        ? found
        : undefined;
    });
    // By us or by the engine, whoever is faster.
    expect(after.status.instance?.name).toBe(before.status.instance?.name);
  });

  test('a removed container is made anew, with the same address and the same data volume', async () => {
    const before = await plane.client.getAgent('con');
    const name = await instanceOf(plane, before);
    const seen = async (container: string) => {
      const { NetworkSettings, Config } = await inspectContainer(container);
      return { address: Object.values(NetworkSettings.Networks)[0]?.IPAddress, hostname: Config.Hostname };
    };
    const expected = await seen(name);
    await docker('exec', name, 'sh', '-c', 'echo kept > /state/kept');
    await docker('rm', '-f', name);
    await until('it answers again', 60, async () => {
      const found = await plane.client.getAgent('con');
      return found.state === 'ready' && found.status.instance?.startedAt !== before.status.instance?.startedAt;
    });
    const anew = await instanceOf(plane, before);
    expect(await seen(anew)).toEqual(expected);
    expect(await docker('exec', anew, 'cat', '/state/kept')).toBe('kept');
  });

  test('a later purge leaves nothing of them', async () => {
    for (const name of ['net', 'vol', 'con'])
      expect((await plane.cli('delete', name, '--yes', '--purge', '--wait')).code).toBe(0);
    const label = `label=agentpod.installation=${plane.installation}`;
    expect(await docker('ps', '-aq', '--filter', label)).toBe('');
    expect(await docker('volume', 'ls', '-q', '--filter', label)).toBe('');
  });
});
