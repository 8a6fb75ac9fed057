import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CommandResult, docker, run } from './harness/control-plane.ts';

const root = new URL('..', import.meta.url).pathname;
const parts = ['agentpod-server', 'agentpod-gateway', 'agentpod-traefik'];
/** Of every data directory that a test of ours makes. */
const prefix = 'agentpod-e2e-';
const place = mkdtempSync(join(tmpdir(), `${prefix}quickstart-`));
const checkout = join(place, 'agentpod');
const dataDir = join(place, 'data');
const port = 21_380;
const command = '/usr/local/bin/agentpod';
const commandBefore = existsSync(command) ? readFileSync(command, 'utf8') : undefined;

/** The control plane of this machine, when there is one: there can be only one, and it may be somebody's. */
async function removeOwnLeftovers(): Promise<void> {
  for (const name of parts) {
    const mounts = await docker('inspect', '--format', '{{json .Mounts}}', name).catch(() => undefined);
    if (mounts === undefined) continue;
    if (!mounts.includes(prefix))
      throw new Error(`this machine runs AgentPod already: ${name} is not of an earlier run`);
    await docker('rm', '-f', name);
  }
}

async function quickstart(): Promise<CommandResult> {
  return run('bash', ['scripts/quickstart.sh', '--data-dir', dataDir, '--http-port', String(port)], {}, checkout);
}

async function agentpod(...args: string[]): Promise<CommandResult> {
  return run(command, args, { AGENTPOD_DATA_DIR: dataDir, AGENTPOD_LANG: 'en' });
}

beforeAll(async () => {
  await removeOwnLeftovers();
  const clone = await run('git', ['clone', '--quiet', root, checkout], {});
  if (clone.code !== 0) throw new Error(clone.stderr);
});

afterAll(async () => {
  const installation = existsSync(join(dataDir, 'installation'))
    ? readFileSync(join(dataDir, 'installation'), 'utf8').trim()
    : undefined;
  await removeOwnLeftovers();
  if (installation !== undefined) {
    const label = `label=agentpod.installation=${installation}`;
    const list = async (...args: string[]) => (await docker(...args, '--filter', label)).split('\n').filter(Boolean);
    for (const id of await list('ps', '-aq')) await docker('rm', '-f', id);
    for (const id of await list('network', 'ls', '-q')) await docker('network', 'rm', id);
    for (const name of await list('volume', 'ls', '-q')) await docker('volume', 'rm', '-f', name);
  }
  if (commandBefore === undefined) rmSync(command, { force: true });
  rmSync(place, { recursive: true, force: true });
});

describe('quickstart on a clean clone', () => {
  test('ends with a control plane, an agent that answers, and what to do next', async () => {
    const { code, stdout, stderr } = await quickstart();
    expect({ code, stderr: code === 0 ? '' : stderr.slice(-2000) }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`http://demo.localhost:${port}`);
    expect(stdout).toContain(`http://console.localhost:${port}`);
    expect(stdout).toMatch(/\/setup#token=/);
    expect(stdout).toContain('agentpod model set demo');
    // It says that no model is behind the demo, and it answered before it said that all is well.
    expect(stdout + stderr).toMatch(/demo reply|canned/i);
  }, 1_500_000);

  test('the agent of the first run answers through the installed command', async () => {
    const { code, stdout } = await agentpod('chat', 'demo', 'hello from the test');
    expect(code).toBe(0);
    expect(stdout).toContain('hello from the test');
    expect((await agentpod('doctor')).stdout).toMatch(/engine/);
  });

  test('again changes nothing: same containers, same agent', async () => {
    const ids = async () =>
      Promise.all(parts.map((name) => docker('inspect', '--format', '{{.Id}} {{.State.StartedAt}}', name)));
    const agent = async () =>
      (JSON.parse((await agentpod('status', 'demo', '-o', 'json')).stdout) as { id: string }).id;
    const before = [await ids(), await agent()];
    const { code, stderr } = await quickstart();
    expect({ code, stderr: code === 0 ? '' : stderr.slice(-2000) }).toEqual({ code: 0, stderr: '' });
    expect([await ids(), await agent()]).toEqual(before);
  }, 600_000);

  test('the control plane’s containers are as closed as the design says', async () => {
    const inspect = async (name: string) =>
      (
        JSON.parse(await docker('inspect', name)) as {
          HostConfig: { CapDrop: string[]; SecurityOpt: string[]; ReadonlyRootfs: boolean };
          Mounts: { Source: string }[];
        }[]
      )[0];
    for (const name of parts) {
      const found = await inspect(name);
      expect(found?.HostConfig).toMatchObject({ CapDrop: ['ALL'], ReadonlyRootfs: true });
      expect(found?.HostConfig.SecurityOpt.join(' ')).toContain('no-new-privileges');
      const socket = found?.Mounts.some(({ Source }) => Source.endsWith('docker.sock'));
      expect({ name, socket }).toEqual({ name, socket: name === 'agentpod-server' });
    }
  });

  test('down stops the control plane, up brings it back with what it had', async () => {
    expect((await agentpod('down')).code).toBe(0);
    expect((await agentpod('list')).code).toBe(5);
    expect((await agentpod('up', '--yes')).code).toBe(0);
    expect((await agentpod('chat', 'demo', 'after up')).stdout).toContain('after up');
  });
});
