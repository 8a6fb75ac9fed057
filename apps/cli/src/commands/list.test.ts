import { describe, expect, test } from 'vitest';
import { aComingAgent, aCondition, anAgentView } from '../testing/agent-views.ts';
import { served } from '../testing/served.ts';
import { streams } from '../testing/stub-server.ts';
import { agentpod } from '../testing/terminal.ts';

const serve = served();
const umbrella = aComingAgent(3, {
  id: 'b',
  ref: 'umbrella/hr',
  tenant: 'umbrella',
  url: 'http://umbrella-hr.localhost/',
});

describe('list', () => {
  test('shows a line per agent, with the reason of those that are not ready', async () => {
    const notReady = structuredClone(umbrella);
    notReady.status.conditions.push({
      ...anAgentView().status.conditions.at(-1),
      type: 'Ready',
      status: 'False',
      reason: 'Booting',
    } as never);
    notReady.status.lastError = 'The agent exited with code 1 (it has no configuration)';
    const usage = { cpuFraction: 0.034, memoryBytes: 417.6 * 1024 ** 2, memoryLimitBytes: 2 * 1024 ** 3 };
    const well = anAgentView({ heartbeatAt: anAgentView().createdAt, usage });
    const { url } = await serve({ 'GET /v1/agents': () => ({ items: [well, notReady] }) });
    const { stdout } = await agentpod(['ls'], { url });
    expect(stdout).toBe(
      [
        'NAME         STATE     REASON   HEARTBEAT  CPU  MEMORY             VERSION   PLAN      MODEL              URL                            AGE  LAST ERROR',
        'acme         ready              5m         3%   417.6 MiB / 2 GiB  2026.9.6  standard  demo/canned-reply  http://acme.localhost/         5m',
        'umbrella/hr  creating  Booting  -          -    -                  2026.9.6  standard  demo/canned-reply  http://umbrella-hr.localhost/  5m   The agent exited with code 1 (it has no configuration)',
        '',
      ].join('\n'),
    );
  });

  test('names the trouble of an agent that answers, not that it answers', async () => {
    const { conditions } = anAgentView().status;
    const trouble = aCondition('ModelAnswering', { status: 'False', reason: 'ModelKeyRejected' });
    const status = { observedGeneration: 1, conditions: [...conditions, trouble] };
    const { url } = await serve({ 'GET /v1/agents': () => ({ items: [anAgentView({ state: 'degraded', status })] }) });
    expect((await agentpod(['ls'], { url })).stdout).toMatch(/^acme +degraded +ModelKeyRejected /m);
  });

  test('follows every page and passes the filters on', async () => {
    const { url, requests } = await serve({
      'GET /v1/agents?tenant=acme&deleted=true': () => ({ items: [anAgentView()], nextCursor: 'next' }),
      'GET /v1/agents?tenant=acme&cursor=next&deleted=true': () => ({ items: [umbrella] }),
    });
    const { stdout } = await agentpod(['list', '--tenant', 'acme', '--deleted', '-q'], { url });
    expect(stdout).toBe('acme\numbrella/hr\n');
    expect(requests).toHaveLength(2);
  });

  test.each(['json', 'yaml'])('-o %s carries the whole objects', async (format) => {
    const { url } = await serve({ 'GET /v1/agents': () => ({ items: [anAgentView()] }) });
    const { stdout } = await agentpod(['list', '-o', format], { url });
    const { parse } = await import('yaml');
    expect(parse(stdout)).toEqual({ items: [anAgentView()] });
  });

  test('colours the state for a person and for nobody else', async () => {
    const { url } = await serve({ 'GET /v1/agents': () => ({ items: [anAgentView()] }) });
    expect((await agentpod(['list'], { url, tty: true })).stdout).toContain('\u001b[32mready');
    expect((await agentpod(['list'], { url, tty: true, env: { NO_COLOR: '1' } })).stdout).not.toContain('\u001b');
    expect((await agentpod(['list'], { url })).stdout).not.toContain('\u001b');
  });

  test('says in Chinese how to begin when there is nothing', async () => {
    const { url } = await serve({ 'GET /v1/agents': () => ({ items: [] }) });
    const { exitCode, stdout, stderr } = await agentpod(['list', '--lang', 'zh'], { url });
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' });
    expect(stderr).toContain('还没有智能体');
  });

  test('--watch says each change and each farewell, until Ctrl-C', async () => {
    const person = new AbortController();
    const { url } = await serve({
      'GET /v1/agents': () => ({ items: [umbrella] }),
      'GET /v1/watch': streams([
        { type: 'agent', agent: umbrella },
        { type: 'agent', agent: { ...umbrella, state: 'ready' } },
        { type: 'gone', id: umbrella.id },
      ]),
    });
    const onOutput = (text: string) => {
      if (text.includes('gone')) person.abort();
    };
    const { exitCode, stdout } = await agentpod(['list', '--watch'], { url, interrupted: person.signal, onOutput });
    expect(exitCode).toBe(130);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.map((line) => line.split('  ').slice(0, 2).join(' '))).toEqual([
      'umbrella/hr creating',
      'umbrella/hr ready',
      'umbrella/hr is gone',
    ]);
  });

  test('--watch redraws the table on a terminal', async () => {
    const person = new AbortController();
    const { url } = await serve({
      'GET /v1/agents': () => ({ items: [umbrella] }),
      'GET /v1/watch': streams([{ type: 'agent', agent: { ...umbrella, state: 'ready' } }]),
    });
    const onOutput = (text: string) => {
      if (text.split('\u001b[2J').length === 3 && text.includes('ready')) person.abort();
    };
    const { stdout } = await agentpod(['list', '--watch'], { url, tty: true, interrupted: person.signal, onOutput });
    expect(stdout.split('\u001b[H\u001b[2J')).toHaveLength(3);
  });
});
