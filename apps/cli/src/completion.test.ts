import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { anAgentView } from './testing/agent-views.ts';
import { served } from './testing/served.ts';
import { agentpod } from './testing/terminal.ts';

const serve = served();
const suggest = async (words: readonly string[], env: Readonly<Record<string, string>> = {}) => {
  const { exitCode, stdout, stderr } = await agentpod(['complete', '--', ...words], {
    env: { AGENTPOD_URL: 'http://127.0.0.1:9', ...env },
  });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t')[0]);
};

describe('completion', () => {
  test('offers commands, sub-commands and options with their values', async () => {
    expect(await suggest(['re'])).toEqual(['restart', ':4']);
    expect(await suggest(['model', ''])).toEqual(['set', 'show', ':4']);
    expect(await suggest(['create', 'acme', '--mem'])).toEqual(['--memory', '--memory-file', ':4']);
    expect(await suggest(['list', '--output', 'j'])).toEqual(['json', ':4']);
  });

  test('offers the names of agents that there are', async () => {
    const { url } = await serve({
      'GET /v1/agents': () => ({ items: [anAgentView(), anAgentView({ ref: 'umbrella/hr' })] }),
    });
    expect(await suggest(['status', ''], { AGENTPOD_URL: url })).toEqual(['acme', 'umbrella/hr', ':4']);
    expect(await suggest(['model', 'show', 'u'], { AGENTPOD_URL: url })).toEqual(['umbrella/hr', ':4']);
    // A new one has a new name.
    expect(await suggest(['create', ''], { AGENTPOD_URL: url })).toEqual([':4']);
  });

  test('says nothing at all when there is no server', async () => {
    expect(await suggest(['status', ''])).toEqual([':4']);
  });

  test('does not wait for a server that does not answer', async () => {
    const { url } = await serve({ 'GET /v1/agents': () => new Promise(() => undefined) });
    expect(await suggest(['status', ''], { AGENTPOD_URL: url })).toEqual([':4']);
  });

  test('leaves files to the shell', async () => {
    expect(await suggest(['create', 'acme', '--soul', ''])).toEqual([':0']);
  });

  test.each(['bash', 'zsh', 'fish'])('prints a script for %s', async (shell) => {
    const { exitCode, stdout } = await agentpod(['completion', shell]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('agentpod complete --');
  });

  test('the script is valid bash', async () => {
    const { stdout } = await agentpod(['completion', 'bash']);
    await promisify(execFile)('bash', ['-n', '-c', stdout]);
  });

  test('another shell is a usage error', async () => {
    expect(await agentpod(['completion', 'tcsh'])).toMatchObject({ exitCode: 2 });
  });
});
