import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { served } from './testing/served.ts';
import { streams } from './testing/stub-server.ts';

const main = join(import.meta.dirname, 'main.ts');
const serve = served();
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'agentpod-cli-'));
});
afterEach(() => rm(dir, { recursive: true }));

function node(args: readonly string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [...args], (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }),
    );
  });
}

test.each(['20.20.2', '24.14.9'])(
  'Node %s gets one sentence in two languages and nothing is loaded',
  async (version) => {
    const old = join(dir, 'old.cjs');
    const versions = `{ ...process.versions, node: '${version}' }`;
    await writeFile(old, `Object.defineProperty(process, 'versions', { value: ${versions} });`);
    const { code, stdout, stderr } = await node(['--require', old, main, '--help']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr.trimEnd().split('\n')).toEqual([
      expect.stringContaining('agentpod needs Node.js 24.15 or newer'),
      expect.stringContaining('agentpod 需要 Node.js 24.15 或更高版本'),
    ]);
  },
);

test('the exit code of the command is that of the process', async () => {
  expect(await node([main, '--version'])).toMatchObject({ code: 0, stderr: '' });
  expect(await node([main, 'no-such-command'])).toMatchObject({ code: 2, stdout: '' });
});

test('Ctrl-C ends what is being followed, with 130', async () => {
  const { url } = await serve({ 'GET /v1/agents/acme/main/logs': streams([{ stream: 'stdout', line: 'one' }]) });
  const child = spawn(process.execPath, [main, 'logs', 'acme', '-f', '--url', url, '--token', 'apt_x']);
  await once(child.stdout, 'data');
  child.kill('SIGINT');
  expect(await once(child, 'exit')).toEqual([130, null]);
});

test('a reader that has enough ends it without a complaint', async () => {
  const { url } = await serve({
    'GET /v1/agents/acme/main/logs': (_request, response) => {
      response.setHeader('content-type', 'text/event-stream');
      const line = `data: ${JSON.stringify({ stream: 'stdout', line: 'x'.repeat(1000) })}\n\n`;
      const timer = setInterval(() => response.write(line.repeat(100)), 5);
      response.once('close', () => clearInterval(timer));
      return new Promise(() => undefined);
    },
  });
  const child = spawn(process.execPath, [main, 'logs', 'acme', '-f', '--url', url, '--token', 'apt_x']);
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  await once(child.stdout, 'data');
  child.stdout.destroy();
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect(stderr).toBe('');
});
