import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadMessages } from '../language.ts';
import { served } from '../testing/served.ts';
import { agentpod, aTerminal } from '../testing/terminal.ts';
import { findToken } from './credentials.ts';

const serve = served();
const empty = { 'GET /v1/agents': () => ({ items: [] }) };
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'agentpod-cli-'));
});
afterEach(() => rm(dir, { recursive: true }));

const authorization = async (argv: readonly string[], env: Readonly<Record<string, string>>) => {
  const { url, requests } = await serve(empty);
  await agentpod(['list', ...argv], { url, env: { AGENTPOD_DATA_DIR: dir, ...env } });
  return requests.at(-1)?.headers.authorization;
};

test('the option wins over the environment, that over the file of this machine', async () => {
  await writeFile(join(dir, 'root.token'), 'apt_file\n', { mode: 0o600 });
  expect(await authorization(['--token', 'apt_option'], { AGENTPOD_TOKEN: 'apt_env' })).toBe('Bearer apt_option');
  expect(await authorization([], { AGENTPOD_TOKEN: 'apt_env' })).toBe('Bearer apt_env');
  expect(await authorization([], {})).toBe('Bearer apt_file');
});

test('without any it goes on without: the server says what it needs', async () => {
  expect(await authorization([], {})).toBeUndefined();
});

test.each([
  'http://10.0.0.5:7100',
  'https://console.example.com',
  'http://localhost.example.com',
  'http://127.0.0.1.example.com',
])('the file of this machine is never sent to %s', async (url) => {
  await writeFile(join(dir, 'root.token'), 'apt_file\n');
  const { io } = aTerminal({ env: { AGENTPOD_DATA_DIR: dir } });
  const context = {
    io,
    t: await loadMessages('en'),
    language: 'en',
    flags: { output: 'table', quiet: false },
  } as const;
  expect(await findToken(context, new URL(url))).toBeUndefined();
  expect(await findToken(context, new URL('http://127.0.0.1:7100'))).toBe('apt_file');
});

test('a file that may not be read is explained, exit 7', async () => {
  // For root nothing is unreadable: a directory in its place is.
  const { url, requests } = await serve(empty);
  await writeFile(join(dir, 'root.token'), 'apt_file', { mode: 0o000 });
  if (process.getuid?.() === 0) {
    await rm(join(dir, 'root.token'));
    const { mkdir } = await import('node:fs/promises');
    await mkdir(join(dir, 'root.token'));
  } else await chmod(join(dir, 'root.token'), 0o000);
  const { exitCode, stderr } = await agentpod(['list'], { url, env: { AGENTPOD_DATA_DIR: dir } });
  expect(exitCode).toBe(7);
  expect(stderr).toContain(join(dir, 'root.token'));
  expect(stderr).toContain('sudo');
  expect(requests).toEqual([]);
});

test('a token that goes over the network in clear is warned about', async () => {
  const { stderr } = await agentpod(['list'], { url: 'http://0.0.0.0:9', env: { AGENTPOD_TOKEN: 'apt_env' } });
  expect(stderr).toContain('unencrypted');
  expect(stderr).not.toContain('apt_env');
});
