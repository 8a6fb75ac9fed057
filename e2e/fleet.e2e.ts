import { afterAll, beforeAll, expect, test } from 'vitest';
import { ControlPlane, docker } from './harness/control-plane.ts';
import { inspectContainer, instanceOf } from './harness/engine.ts';
import { until } from './harness/processes.ts';

const plane = new ControlPlane({ slot: 2 });
const stubs = Array.from({ length: 10 }, (_, index) => `tenant-${index}`);
const realOnes = ['real-a', 'real-b', 'real-c'];

beforeAll(() => plane.start());
afterAll(() => plane.destroy());

async function owned(kind: 'ps' | 'network' | 'volume'): Promise<string[]> {
  const label = `label=agentpod.installation=${plane.installation}`;
  const args = kind === 'ps' ? ['ps', '-aq'] : [kind, 'ls', '-q'];
  return (await docker(...args, '--filter', label)).split('\n').filter(Boolean);
}

test('ten customers and three real agents created at once: unique addresses, all routed, all answering', async () => {
  await docker(
    'run',
    '-d',
    '--name',
    `foreign-${plane.installation}`,
    '--network',
    'none',
    'agentpod-test/stub-agent:1',
  );
  try {
    const created = await Promise.all([
      ...stubs.map((name) => plane.cli('create', name, '--type', 'stub', '--wait')),
      ...realOnes.map((name) => plane.cli('create', name, '--type', 'openclaw', '--wait', '--timeout', '400')),
    ]);
    expect(created.map(({ code, stderr }) => (code === 0 ? 'ready' : stderr))).toEqual(created.map(() => 'ready'));

    const { items } = await plane.client.listAgents();
    expect(items.map(({ state }) => state)).toEqual(items.map(() => 'ready'));
    const addresses = await Promise.all(
      items.map(async (agent) => {
        const { NetworkSettings } = await inspectContainer(await instanceOf(plane, agent));
        return Object.values(NetworkSettings.Networks)[0]?.IPAddress;
      }),
    );
    expect(new Set(addresses).size).toBe(13);
    for (const name of [...stubs.slice(0, 2), ...realOnes]) {
      const { code, stdout } = await plane.cli('chat', name, 'ping');
      expect({ name, code, demo: /demo/i.test(stdout) }).toEqual({ name, code: 0, demo: true });
    }

    const deleted = await Promise.all(
      [...stubs, ...realOnes].map((name) => plane.cli('delete', name, '--yes', '--purge', '--wait')),
    );
    expect(deleted.map(({ code }) => code)).toEqual(deleted.map(() => 0));
    await until('nothing is left', 30, async () => (await owned('ps')).length === 0);
    // The gateway's own bridge stays: it belongs to the installation, not to an agent.
    expect({ networks: (await owned('network')).length, volumes: await owned('volume') }).toEqual({
      networks: 1,
      volumes: [],
    });
    const routes = await (await fetch(`http://127.0.0.1:${plane.ports.traefik}/api/http/routers?per_page=200`)).json();
    expect((routes as { name: string }[]).filter(({ name }) => name.startsWith('a-'))).toEqual([]);
    expect((await inspectContainer(`foreign-${plane.installation}`)).State.Running).toBe(true);
  } finally {
    await docker('rm', '-f', `foreign-${plane.installation}`);
  }
}, 600_000);
