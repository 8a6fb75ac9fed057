import { expect, test } from 'vitest';
import { served } from '../testing/served.ts';
import { agentpod } from '../testing/terminal.ts';

const serve = served();
const orphan = {
  agentId: 'a',
  seenAt: '2026-11-01T00:00:00.000Z',
  removalAt: '2026-11-02T00:00:00.000Z',
  containers: ['agentpod-a-1'],
  networks: ['agentpod-a'],
  keptVolumes: ['agentpod-a-state'],
};

test('orphans are shown with what goes, when, and what stays; nothing is removed', async () => {
  const { url, requests } = await serve({ 'GET /v1/orphans': () => ({ items: [orphan] }) });
  const { exitCode, stdout } = await agentpod(['orphans'], { url });
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/2026-11-02 00:00 .*agentpod-a-1 .*agentpod-a .*agentpod-a-state/);
  expect(requests.map(({ method }) => method)).toEqual(['GET']);
});

test('without a yes nothing is removed', async () => {
  const { url, requests } = await serve({ 'GET /v1/orphans': () => ({ items: [orphan] }) });
  const { exitCode, stderr } = await agentpod(['orphans', '--remove'], { url });
  expect(exitCode).toBe(2);
  expect(stderr).toContain('--yes');
  expect(requests.map(({ method }) => method)).toEqual(['GET']);
});

test('with it they are', async () => {
  const routes = { 'GET /v1/orphans': () => ({ items: [orphan] }), 'DELETE /v1/orphans': () => ({ items: [orphan] }) };
  const { url, requests } = await serve(routes);
  const { exitCode } = await agentpod(['orphans', '--remove', '--yes'], { url });
  expect(exitCode).toBe(0);
  expect(requests.map(({ method }) => method)).toEqual(['GET', 'DELETE']);
});

test('no orphans is good news', async () => {
  const { url } = await serve({ 'GET /v1/orphans': () => ({ items: [] }) });
  const { exitCode, stderr, stdout } = await agentpod(['orphans', '--remove', '--yes'], { url });
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' });
  expect(stderr).toContain('nothing');
});
