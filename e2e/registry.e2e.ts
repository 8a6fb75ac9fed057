import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ControlPlane, docker } from './harness/control-plane.ts';
import { inspectContainer, instanceOf } from './harness/engine.ts';
import { Program, until } from './harness/processes.ts';

/** A real registry on loopback, which the engine trusts without TLS. */
const address = '127.0.0.1:21290';
const reference = `${address}/agents/pulled:1`;
const place = mkdtempSync(join(tmpdir(), 'agentpod-registry-'));
const types = join(place, 'types');
const plane = new ControlPlane({ slot: 7, env: { AGENTPOD_AGENT_TYPES: types } });
let registry: Program;

beforeAll(async () => {
  mkdirSync(types);
  const stub = readFileSync(new URL('agent-types/stub.yaml', import.meta.url), 'utf8');
  writeFileSync(
    join(types, 'pulled.yaml'),
    stub
      .replace('name: stub,', 'name: pulled,')
      .replace(
        /image: .*/,
        `image: { local: "agentpod-test/nowhere:\${version}", registry: "${address}/agents/pulled:\${version}" }`,
      ),
  );
  const config = {
    version: 0.1,
    storage: { filesystem: { rootdirectory: join(place, 'data') } },
    http: { addr: address },
  };
  writeFileSync(join(place, 'config.yml'), JSON.stringify(config));
  registry = new Program('docker-registry', ['serve', join(place, 'config.yml')], { logFile: join(place, 'log') });
  await until('the registry answers', 20, async () => (await fetch(`http://${address}/v2/`)).ok);
  await docker('tag', 'agentpod-test/stub-agent:1', reference);
  await docker('push', reference);
  await docker('rmi', reference);
  await plane.start();
});

afterAll(async () => {
  await plane.destroy();
  await docker('rmi', reference).catch(() => undefined);
  await registry.stop();
  rmSync(place, { recursive: true, force: true });
});

test('an image that is only in a registry is pulled, and pinned to what was pulled', async () => {
  const { code, stderr } = await plane.cli('create', 'acme', '--type', 'pulled', '--wait', '--timeout', '120');
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  const agent = await plane.client.getAgent('acme');
  expect(agent.status.instance?.image).toBe(reference);
  const pulled = await docker('image', 'inspect', '--format', '{{.Id}}', reference);
  expect(await docker('inspect', '--format', '{{.Image}}', await instanceOf(plane, agent))).toBe(pulled);
  expect((await inspectContainer(await instanceOf(plane, agent))).State.Running).toBe(true);
});

test('a version that the registry does not have is said so, with the command that builds it', async () => {
  const { code, stderr } = await plane.cli(
    'create',
    'lotus',
    '--type',
    'pulled',
    '--version',
    '2',
    '--wait',
    '--timeout',
    '60',
  );
  expect(code).toBe(6);
  expect(stderr).toContain('agentpod image build pulled 2');
});
