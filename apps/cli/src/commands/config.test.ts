import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { anAgentView } from '../testing/agent-views.ts';
import { served } from '../testing/served.ts';
import { fails } from '../testing/stub-server.ts';
import { agentpod } from '../testing/terminal.ts';

const serve = served();
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'agentpod-cli-'));
});
afterEach(() => rm(dir, { recursive: true }));

const view = (config?: object) => {
  const agent = anAgentView();
  return { ...agent, spec: { ...agent.spec, ...(config && { config }) } };
};
const file = async (text: string) => {
  const path = join(dir, 'x.json');
  await writeFile(path, text);
  return path;
};

test('set sends what the file says, a byte order mark aside, and shows what there is now', async () => {
  const config = { tools: { deny: ['exec'] } };
  const { url, requests } = await serve({ 'PATCH /v1/agents/acme/main': () => view(config) });
  const path = await file(`\uFEFF${JSON.stringify(config)}`);
  const { exitCode, stdout, stderr } = await agentpod(['config', 'set', 'acme', '--file', path], { url });
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toEqual(config);
  expect(stderr).toContain('agentpod status acme --wait');
  expect(requests.at(-1)?.body).toEqual({ spec: { config } });
});

test('show prints what set reads, and {} when there is nothing', async () => {
  const config = { channels: { telegram: { enabled: true } } };
  const some = await serve({ 'GET /v1/agents/acme/main': () => view(config) });
  expect(JSON.parse((await agentpod(['config', 'show', 'acme'], { url: some.url })).stdout)).toEqual(config);
  const none = await serve({ 'GET /v1/agents/acme/main': () => view() });
  expect((await agentpod(['config', 'show', 'acme'], { url: none.url })).stdout).toBe('{}\n');
});

test('unset removes it all', async () => {
  const { url, requests } = await serve({ 'PATCH /v1/agents/acme/main': () => view() });
  expect(await agentpod(['config', 'unset', 'acme'], { url })).toMatchObject({ exitCode: 0, stdout: '{}\n' });
  expect(requests.at(-1)?.body).toEqual({ spec: { config: null } });
});

test.each([
  ['no JSON', '{tools:', 'is not JSON'],
  ['no object', '["tools"]', 'is no JSON object'],
  ['null', 'null', 'is no JSON object'],
])('a file that is %s is refused before anything is sent', async (_what, text, message) => {
  const { url, requests } = await serve({});
  const { exitCode, stderr } = await agentpod(['config', 'set', 'acme', '--file', await file(text)], { url });
  expect(exitCode).toBe(2);
  expect(stderr).toContain(message);
  expect(requests).toEqual([]);
});

test('what the server refuses is told with the setting it is about', async () => {
  const refusal = fails('invalid', 'OwnedSetting', '"gateway" is set by AgentPod itself', {
    field: 'spec.config.gateway',
    remedy: 'Leave it out.',
  });
  const { url } = await serve({ 'PATCH /v1/agents/acme/main': refusal });
  const path = await file('{"gateway":{"port":1}}');
  const { exitCode, stderr } = await agentpod(['config', 'set', 'acme', '--file', path], { url });
  expect(exitCode).toBe(2);
  expect(stderr).toContain('spec.config.gateway');
});
