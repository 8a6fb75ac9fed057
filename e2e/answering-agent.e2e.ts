import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AgentView } from '@agentpod/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBrowser } from './harness/browser.ts';
import { ControlPlane, docker } from './harness/control-plane.ts';
import { FakeProvider } from './harness/fake-provider.ts';
import { inspectContainer, instanceOf } from './harness/engine.ts';
import { until } from './harness/processes.ts';
import { logInAndOpen, say } from './harness/control-ui.ts';

/** Planted: must be found nowhere but sealed in the database and in the provider's own log. */
const realKey = 'sk-planted-canary-5f1d0c7e9a';
const nextKey = 'sk-planted-canary-second-77aa';

const plane = new ControlPlane({ slot: 1 });
const provider = new FakeProvider();
const files = mkdtempSync(join(tmpdir(), 'agentpod-e2e-files-'));
const keyFile = join(files, 'key');
const nextKeyFile = join(files, 'next-key');
const password = 'correct horse battery';

beforeAll(async () => {
  writeFileSync(keyFile, `${realKey}\n`, { mode: 0o600 });
  writeFileSync(nextKeyFile, `${nextKey}\n`, { mode: 0o600 });
  writeFileSync(join(files, 'soul.md'), 'You are Ada, the friendly face of Acme.');
  await provider.start();
  await plane.start();
});

afterAll(async () => {
  await plane.destroy();
  await provider.stop();
  rmSync(files, { recursive: true, force: true });
});

const createArgs = () => [
  'create',
  'acme',
  '--type',
  'openclaw',
  '--plan',
  'standard',
  '--model',
  'openai-compatible/fake-1',
  '--model-base-url',
  provider.baseUrl,
  '--model-key-file',
  keyFile,
];

async function agent(ref = 'acme'): Promise<AgentView> {
  return plane.client.getAgent(ref);
}

describe('agentpod create acme --wait', () => {
  test('ends with an agent that is Ready', async () => {
    const { code, stderr } = await plane.cli(...createArgs(), '--wait');
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    expect(await agent()).toMatchObject({ state: 'ready', url: `http://acme.localhost:${plane.ports.http}` });
  });

  test('and it answers: the reply is the provider’s, reached with the real key that the agent never had', async () => {
    provider.reply = 'pong from the model';
    const { code, stdout } = await plane.cli('chat', 'acme', 'ping');
    expect({ code, stdout: stdout.trim() }).toEqual({ code: 0, stdout: 'pong from the model' });
    expect(provider.calls.at(-1)).toMatchObject({ authorization: `Bearer ${realKey}`, model: 'fake-1' });
    expect(provider.calls.at(-1)?.prompt).toContain('ping');
  });

  test('the container is hardened and limited as designed, and holds nothing it should not', async () => {
    const inspected = await inspectContainer(await instanceOf(plane, await agent()));
    expect(inspected.HostConfig).toMatchObject({
      Memory: 2 * 2 ** 30,
      MemorySwap: 2 * 2 ** 30,
      PidsLimit: expect.any(Number),
      CapDrop: ['ALL'],
      Privileged: false,
      PublishAllPorts: false,
      RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 },
      LogConfig: { Type: 'json-file', Config: { 'max-size': expect.any(String), 'max-file': expect.any(String) } },
    });
    expect(inspected.HostConfig.SecurityOpt).toContain('no-new-privileges');
    expect(inspected.HostConfig.CapAdd ?? []).toEqual([]);
    expect(inspected.HostConfig.PidMode).toBe('');
    expect(inspected.HostConfig.IpcMode).not.toBe('host');
    expect(Object.keys(inspected.HostConfig.PortBindings ?? {})).toEqual([]);
    expect(inspected.Config.User).toBe('1000:1000');
    expect(inspected.Mounts.map(({ Type }) => Type)).toEqual(['volume', 'volume']);
    expect(inspected.Mounts.find(({ Destination }) => Destination === '/etc/openclaw')?.RW).toBe(false);
    expect(JSON.stringify(inspected.Mounts)).not.toContain('docker.sock');
    expect(inspected.Config.Labels).toMatchObject({
      'agentpod.installation': plane.installation,
      'agentpod.agent': (await agent()).id,
      'agentpod.role': 'instance',
    });
    const networks = Object.entries(inspected.NetworkSettings.Networks);
    expect(networks).toHaveLength(1);
    expect(networks[0]?.[1].IPPrefixLen).toBe(29);
    expect(inspected.Config.Hostname).toMatch(/^agent-[0-9a-f]{12}$/);
  });

  test('again with the same spec is the same agent, exit 0; with another spec a conflict, exit 4', async () => {
    const before = await agent();
    expect((await plane.cli(...createArgs())).code).toBe(0);
    expect((await agent()).id).toBe(before.id);
    const other = await plane.cli('create', 'acme', '--plan', 'small');
    expect(other.code).toBe(4);
    expect(other.stderr).toMatch(/acme/);
    expect((await agent()).generation).toBe(before.generation);
  });
});

describe('a customer in a browser', () => {
  test('logs in once, meets no pairing, and reads the reply to a message', async () => {
    const { context, close } = await openBrowser();
    try {
      provider.reply = 'Good morning from Ada';
      const link = await plane.client.setupLink();
      const { url } = await agent();
      const page = await logInAndOpen(context, { setupUrl: link.url, username: 'zhaoming', password, agentUrl: url });
      await say(page, 'hello there', 'Good morning from Ada');
      expect(await page.content()).not.toMatch(/pairing required/i);

      // Everything a customer needs goes on without the control plane.
      await plane.stop('server');
      provider.reply = 'Still here without the server';
      await say(page, 'are you there', 'Still here without the server');
      await page.reload();
      await say(page, 'and after a reload', 'Still here without the server');
      const stillAnswers = {
        controlUi: await page.evaluate(async () => (await fetch('/')).status),
        model: provider.calls.at(-1)?.authorization,
        gateway: (await fetch(`http://127.0.0.1:${plane.ports.gateway}/healthz`)).status,
        cli: (await plane.cli('list')).code,
      };
      expect(stillAnswers).toEqual({ controlUi: 200, model: `Bearer ${realKey}`, gateway: 200, cli: 5 });

      // Traefik takes its routes from the file alone.
      await plane.stop('traefik');
      plane.startTraefik();
      await until('Traefik serves the agent again', 30, async () => (await page.goto(url))?.ok());
      await say(page, 'after the proxy came back', 'Still here without the server');
    } finally {
      await close();
      if (!plane.isAlive('server')) await plane.startServer();
    }
  });

  test('without a log-in gets the console’s log-in page and never the agent', async () => {
    const url = `http://127.0.0.1:${plane.ports.http}/`;
    const host = `acme.localhost:${plane.ports.http}`;
    const { request } = await import('node:http');
    const ask = (headers: Record<string, string>) =>
      new Promise<{ status: number; location: string; body: string }>((resolve, reject) => {
        const call = request(url, { headers: { host, ...headers } }, (response) => {
          let body = '';
          response.on('data', (chunk) => (body += String(chunk)));
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, location: response.headers.location ?? '', body }),
          );
        });
        call.on('error', reject);
        call.end();
      });
    const navigation = await ask({ accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' });
    expect(navigation).toMatchObject({ status: 302, location: expect.stringContaining('console.localhost') });
    for (const forged of [
      { 'x-agentpod-user': 'owner@acme', 'x-agentpod-proxy': '1' },
      { X_Agentpod_User: 'owner@acme', X_Agentpod_Proxy: '1' },
      { authorization: 'Bearer nonsense' },
      { cookie: 'agentpod=nonsense' },
    ]) {
      expect((await ask({ ...forged, accept: '*/*' })).status).toBe(401);
    }
  });
});

describe('a change', () => {
  test('of the model is taken over without a restart', async () => {
    const before = await inspectContainer(await instanceOf(plane, await agent()));
    const args = ['--base-url', provider.baseUrl, '--key-file', nextKeyFile];
    expect((await plane.cli('model', 'set', 'acme', 'openai-compatible/fake-2', ...args)).code).toBe(0);
    provider.reply = 'from the second model';
    await until('the new model answers', 60, async () => {
      const { stdout } = await plane.cli('chat', 'acme', 'which model are you?');
      return stdout.includes('from the second model') && provider.calls.at(-1)?.model === 'fake-2';
    });
    expect(provider.calls.at(-1)?.authorization).toBe(`Bearer ${nextKey}`);
    const after = await inspectContainer(await instanceOf(plane, await agent()));
    expect([after.Id, after.State.StartedAt]).toEqual([before.Id, before.State.StartedAt]);
  });

  test('of the soul reaches the running agent', async () => {
    const name = await instanceOf(plane, await agent());
    const before = await inspectContainer(name);
    await plane.client.updateAgent('acme', {
      spec: { identity: { soul: readFileSync(join(files, 'soul.md'), 'utf8') } },
    });
    await until('the soul is in place', 30, async () =>
      (await docker('exec', name, 'cat', '/home/node/.openclaw/workspace/SOUL.md')).includes('Ada'),
    );
    expect((await inspectContainer(name)).State.StartedAt).toBe(before.State.StartedAt);
  });

  test('of memory within a profile is live; across profiles it makes a new container with the same address and data', async () => {
    const name = await instanceOf(plane, await agent());
    const before = await inspectContainer(name);
    await docker('exec', name, 'sh', '-c', 'echo kept > /home/node/.openclaw/workspace/kept.txt');

    await plane.client.updateAgent('acme', { spec: { resources: { memory: 2.5 * 2 ** 30 } } });
    await until(
      'the limit is live',
      30,
      async () => (await inspectContainer(name)).HostConfig.Memory === 2.5 * 2 ** 30,
    );
    expect((await inspectContainer(name)).State.StartedAt).toBe(before.State.StartedAt);

    await plane.client.updateAgent('acme', { spec: { plan: 'small' } });
    const replaced = await until('the new container is Ready', 180, async () => {
      const now = await agent();
      return now.state === 'ready' &&
        now.status.observedGeneration === now.generation &&
        now.status.instance?.name !== name
        ? now
        : undefined;
    });
    const after = await inspectContainer(await instanceOf(plane, replaced));
    expect(after.Id).not.toBe(before.Id);
    expect(after.Config.Hostname).toBe(before.Config.Hostname);
    expect(addressOf(after)).toBe(addressOf(before));
    expect(after.HostConfig.Memory).toBe(2 ** 30);
    expect(await docker('exec', after.Id, 'cat', '/home/node/.openclaw/workspace/kept.txt')).toBe('kept');
    provider.reply = 'small but here';
    expect((await plane.cli('chat', 'acme', 'still there?')).stdout.trim()).toBe('small but here');
  });

  test('of the version is refused until upgrades exist', async () => {
    await expect(plane.client.updateAgent('acme', { spec: { version: '2026.9.7' } })).rejects.toMatchObject({
      kind: 'terminal',
      field: 'spec.version',
    });
  });
});

describe('stop, start, restart, delete', () => {
  test('a stopped agent has no running container; start brings it back', async () => {
    expect((await plane.cli('stop', 'acme', '--wait')).code).toBe(0);
    const stopped = await agent();
    expect(stopped.state).toBe('stopped');
    expect((await inspectContainer(await instanceOf(plane, stopped))).State.Running).toBe(false);
    expect((await plane.cli('start', 'acme', '--wait')).code).toBe(0);
    expect((await agent()).state).toBe('ready');
  });

  test('restart starts the same container anew', async () => {
    const before = await inspectContainer(await instanceOf(plane, await agent()));
    expect((await plane.cli('restart', 'acme', '--wait')).code).toBe(0);
    const after = await inspectContainer(await instanceOf(plane, await agent()));
    expect(after.Id).toBe(before.Id);
    expect(after.State.StartedAt).not.toBe(before.State.StartedAt);
  });

  test('the planted keys and all credentials are nowhere they should not be', async () => {
    const name = await instanceOf(plane, await agent());
    const inside = await docker(
      'exec',
      name,
      'sh',
      '-c',
      'grep -rl "sk-planted-canary" /etc/openclaw /home/node /tmp /proc/self/environ 2>/dev/null || true',
    );
    expect(inside).toBe('');
    const places = {
      inspect: await docker('inspect', name),
      volumes: await docker('volume', 'ls', '--format', '{{json .}}'),
      containerLog: await docker('logs', name),
      serverLog: plane.log('server'),
      gatewayLog: plane.log('gateway'),
      traefikLog: plane.log('traefik'),
      routes: readFileSync(join(plane.dataDir, 'ingress/agentpod.yml'), 'utf8'),
      snapshot: readFileSync(join(plane.dataDir, 'gateway/gateway.snapshot'), 'utf8'),
      database: readFileSync(join(plane.dataDir, 'agentpod.db'), 'latin1'),
      wal: readFileSync(join(plane.dataDir, 'agentpod.db-wal'), 'latin1'),
      agent: JSON.stringify(await agent()),
      events: JSON.stringify(await plane.client.events('acme')),
      status: (await plane.cli('status', 'acme', '-o', 'json')).stdout,
      logs: (await plane.cli('logs', 'acme', '--tail', '2000')).stdout,
    };
    const token = plane.rootToken;
    const virtualKey = /apk_[A-Za-z0-9_-]{20,}/;
    for (const [place, text] of Object.entries(places)) {
      expect({ place, leaks: [realKey, nextKey, token, password].filter((secret) => text.includes(secret)) }).toEqual({
        place,
        leaks: [],
      });
      expect({ place, virtualKey: virtualKey.test(text) }).toEqual({ place, virtualKey: false });
    }
  });

  test('delete asks first, keeps the data, and undelete brings agent and data back', async () => {
    const before = await agent();
    expect((await plane.cli('delete', 'acme')).code).not.toBe(0);
    expect((await agent()).state).toBe('ready');
    expect((await plane.cli('delete', 'acme', '--yes', '--wait')).code).toBe(0);
    const label = `label=agentpod.agent=${before.id}`;
    expect(await docker('ps', '-aq', '--filter', label)).toBe('');
    expect(await docker('network', 'ls', '-q', '--filter', label)).toBe('');
    expect((await docker('volume', 'ls', '-q', '--filter', label)).split('\n')).toHaveLength(1);

    expect((await plane.cli('undelete', 'acme', '--wait')).code).toBe(0);
    const back = await agent();
    expect(back).toMatchObject({ id: before.id, state: 'ready' });
    const name = await instanceOf(plane, back);
    expect(await docker('exec', name, 'cat', '/home/node/.openclaw/workspace/kept.txt')).toBe('kept');
  });

  test('purge removes the data; a new agent of the old name inherits nothing', async () => {
    const before = await agent();
    expect((await plane.cli('delete', 'acme', '--yes', '--purge', '--wait')).code).toBe(0);
    const label = `label=agentpod.agent=${before.id}`;
    expect(await docker('volume', 'ls', '-q', '--filter', label)).toBe('');
    await plane.cli('create', 'acme', '--type', 'stub', '--wait');
    const anew = await agent();
    expect(anew.id).not.toBe(before.id);
    expect(anew.spec.model).toEqual({ provider: 'demo', name: 'canned-reply' });
    expect((await plane.cli('delete', 'acme', '--yes', '--purge', '--wait')).code).toBe(0);
  });
});

function addressOf(inspected: {
  NetworkSettings: { Networks: Record<string, { IPAddress: string }> };
}): string | undefined {
  return Object.values(inspected.NetworkSettings.Networks)[0]?.IPAddress;
}
