import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ControlPlane, docker } from './harness/control-plane.ts';

const plane = new ControlPlane({ slot: 5 });

beforeAll(() => plane.start());
afterAll(() => plane.destroy());

async function nothingMade(): Promise<void> {
  const label = `label=agentpod.installation=${plane.installation}`;
  expect(await docker('ps', '-aq', '--filter', label)).toBe('');
  expect(await docker('volume', 'ls', '-q', '--filter', label)).toBe('');
  expect((await plane.client.listAgents()).items).toEqual([]);
}

describe('create refuses, in one clear sentence and with nothing half-made,', () => {
  test.each([
    ['a bad name', ['create', 'Acme Inc'], 2, /not a valid tenant name/],
    ['a reserved name', ['create', 'console'], 2, /reserved/],
    ['an unknown type', ['create', 'acme', '--type', 'skynet'], 2, /skynet.*(openclaw|stub)/s],
    ['an unknown plan', ['create', 'acme', '--type', 'stub', '--plan', 'huge'], 2, /no plan "huge"/],
    ['too little memory', ['create', 'acme', '--type', 'openclaw', '--memory', '256m'], 2, /256 MiB/],
    ['an unknown provider', ['create', 'acme', '--model', 'nobody/x'], 2, /"nobody" is not a known model provider/],
    ['a missing key', ['create', 'acme', '--model', 'qwen/qwen3-max'], 2, /needs a key/],
    ['more memory than the machine has', ['create', 'acme', '--type', 'openclaw', '--memory', '900g'], 6, /memory/],
  ])('%s', async (_what, args, code, sentence) => {
    const result = await plane.cli(...args);
    expect({ code: result.code, stdout: result.stdout }).toEqual({ code, stdout: '' });
    expect(result.stderr).toMatch(sentence);
    await nothingMade();
  });
});

test('an image that is nowhere is reported as the reason, with the command that builds it', async () => {
  const { code, stderr } = await plane.cli(
    'create',
    'nobuild',
    '--type',
    'stub',
    '--version',
    '99',
    '--wait',
    '--timeout',
    '60',
  );
  expect(code).toBe(6);
  expect(stderr).toMatch(/agentpod image build stub 99/);
  expect((await plane.cli('delete', 'nobuild', '--yes', '--purge', '--wait')).code).toBe(0);
  await nothingMade();
});

test('two agents cannot have one host', async () => {
  expect((await plane.cli('create', 'acme/hr', '--type', 'stub')).code).toBe(0);
  const clash = await plane.cli('create', 'acme-hr', '--type', 'stub');
  expect(clash.code).toBe(4);
  expect(clash.stderr).toMatch(/acme-hr\.localhost.*acme\/hr/s);
  expect((await plane.cli('delete', 'acme/hr', '--yes', '--purge', '--wait')).code).toBe(0);
});

test('an unreachable engine is one sentence, and the agent comes up once the engine is there', async () => {
  const place = mkdtempSync(join(tmpdir(), 'agentpod-e2e-socket-'));
  const socket = join(place, 'docker.sock');
  const broken = new ControlPlane({ slot: 6, env: { AGENTPOD_DOCKER_SOCKET: socket } });
  try {
    await broken.start();
    const { code, stderr } = await broken.cli('create', 'acme', '--type', 'stub', '--wait', '--timeout', '10');
    expect(code).toBe(5);
    expect(stderr).toMatch(/the container engine does not answer.*systemctl start docker/s);
    const doctor = await broken.cli('doctor');
    expect(doctor.code).toBe(1);
    expect(doctor.stdout).toMatch(/engine.*does not answer/s);

    symlinkSync('/var/run/docker.sock', socket);
    expect((await broken.cli('status', 'acme', '--wait', '--timeout', '60')).code).toBe(0);
    expect((await broken.client.getAgent('acme')).state).toBe('ready');
  } finally {
    await broken.destroy();
    rmSync(place, { recursive: true, force: true });
  }
});

test('ports that are taken are named before anything is started', async () => {
  const squatter = createServer().listen(0, '0.0.0.0');
  await once(squatter, 'listening');
  const address = squatter.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  try {
    const result = await plane.cli('up', '--yes', '--data-dir', `${plane.dataDir}/other`, '--http-port', String(port));
    expect(result.code).not.toBe(0);
    expect(result.stderr).toMatch(new RegExp(`port ${port}`, 'i'));
  } finally {
    squatter.close();
  }
});

test('a server that is not there is one sentence with the command that starts it', async () => {
  const { code, stderr } = await plane.cli('--url', 'http://127.0.0.1:1', 'list');
  expect(code).toBe(5);
  expect(stderr).toMatch(/agentpod up/);
});
