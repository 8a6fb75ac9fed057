import { describe, expect, test } from 'vitest';
import { aCondition, anAgentView } from '../testing/agent-views.ts';
import { served } from '../testing/served.ts';
import { fails, handled, type Route, streams } from '../testing/stub-server.ts';
import { agentpod } from '../testing/terminal.ts';

const serve = served();
const at = (suffix = '') => `GET /v1/agents/acme/main${suffix}`;
const event = {
  id: 1,
  time: '2026-11-01T00:04:00.000Z',
  agent: 'acme',
  type: 'warning',
  reason: 'Exited',
  message: 'It went down',
  count: 3,
};
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/;
const hostile = '\u001b]0;owned\u0007\u009b2Jnow \u001b[31mred\r\u202eoverwritten';

describe('status', () => {
  test('shows what it is, its conditions, its container and its last events, and never a key', async () => {
    const agent = anAgentView({
      spec: {
        ...anAgentView().spec,
        model: { provider: 'qwen', name: 'qwen3-max', key: { secret: 'model-key-of-acme' } },
      },
      status: {
        observedGeneration: 1,
        conditions: [
          aCondition('Running'),
          aCondition('Ready', { status: 'False', reason: 'Booting', message: 'boots' }),
        ],
        instance: {
          name: 'agentpod-1-2',
          state: 'running',
          startedAt: '2026-11-01T00:04:30.000Z',
          image: 'sha256:1',
          restarts: 2,
        },
        lastError: 'it went down once',
      },
    });
    const { url } = await serve({ [at()]: () => agent, [at('/events')]: () => ({ items: [event] }) });
    const { exitCode, stdout } = await agentpod(['status', 'acme'], { url });
    expect(exitCode).toBe(0);
    for (const words of [
      'http://acme.localhost/',
      'openclaw 2026.9.6',
      'standard (2 GiB, 1 CPU)',
      'qwen/qwen3-max (key set)',
      'agentpod-1-2: running, up 30s, 2 restarts',
      'it went down once',
    ]) {
      expect(stdout).toContain(words);
    }
    expect(stdout).toMatch(/Ready +False +Booting +4m +boots/);
    expect(stdout).toMatch(/60s +warning +Exited +3 +It went down/);
    expect(stdout).not.toContain('model-key-of-acme');
  });

  test('-o json carries the object and its events', async () => {
    const { url } = await serve({ [at()]: () => anAgentView(), [at('/events')]: () => ({ items: [event] }) });
    const { stdout } = await agentpod(['status', 'acme', '--json'], { url });
    expect(JSON.parse(stdout)).toEqual({ ...anAgentView(), events: [event] });
  });

  test('reads naturally in Chinese', async () => {
    const { url } = await serve({ [at()]: () => anAgentView(), [at('/events')]: () => ({ items: [event] }) });
    const { stdout } = await agentpod(['status', 'acme'], { url, env: { LANG: 'zh_CN.UTF-8' } });
    expect(stdout).toMatch(/状态 +就绪/);
    expect(stdout).toMatch(/可以使用 +是/);
  });
});

describe('text from agents', () => {
  const agent = anAgentView({
    status: {
      observedGeneration: 1,
      conditions: [aCondition('Ready', { message: hostile, reason: hostile })],
      lastError: hostile,
    },
  });
  const routes: Readonly<Record<string, Route>> = {
    [at()]: () => agent,
    [at('/events')]: () => ({ items: [{ ...event, message: hostile }] }),
    [at('/logs')]: streams([{ stream: 'stdout', line: hostile }], { ends: true }),
    'POST /v1/agents/acme/main/chat': () => ({ reply: hostile, milliseconds: 5 }),
    'GET /v1/agents': () => ({ items: [{ ...agent, state: 'unknown', spec: { ...agent.spec, version: hostile } }] }),
    'POST /v1/agents/acme/main/stop': fails('terminal', hostile, hostile, { field: hostile, remedy: hostile }),
  };

  test.each(
    [
      ['status', 'acme'],
      ['events', 'acme'],
      ['logs', 'acme'],
      ['chat', 'acme', 'hi'],
      ['list'],
      ['stop', 'acme'],
    ].flatMap((argv) => ['table', 'json', 'yaml'].map((format) => [...argv, '-o', format])),
  )('cannot steer the terminal: %s %s', async (...argv) => {
    const { url } = await serve(routes);
    const { stdout, stderr } = await agentpod(argv, { url });
    expect(stdout + stderr).toContain('overwritten');
    expect(stdout + stderr).not.toMatch(controls);
  });

  test('JSON gives it back unchanged', async () => {
    const { url } = await serve(routes);
    const { stdout } = await agentpod(['chat', 'acme', 'hi', '--json'], { url });
    expect(JSON.parse(stdout)).toEqual({ reply: hostile, milliseconds: 5 });
  });

  test('YAML gives it back unchanged', async () => {
    const { url } = await serve(routes);
    const { stdout } = await agentpod(['chat', 'acme', 'hi', '-o', 'yaml'], { url });
    const { parse } = await import('yaml');
    expect(parse(stdout.replace('---\n', ''))).toEqual({ reply: hostile, milliseconds: 5 });
  });
});

describe('logs', () => {
  test('prints the lines that are asked for, colourless when piped', async () => {
    const lines = [
      { stream: 'stdout', line: 'one' },
      { stream: 'stderr', line: 'two\n' },
    ];
    const { url, requests } = await serve({ [at('/logs')]: streams(lines, { ends: true }) });
    const { exitCode, stdout } = await agentpod(['logs', 'acme', '--tail', '5', '-f'], { url });
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'one\ntwo\n' });
    expect(requests.at(-1)?.path).toBe('/v1/agents/acme/main/logs?tail=5&follow=true');
    expect((await agentpod(['logs', 'acme'], { url, tty: true })).stdout).toBe('one\n\u001b[33mtwo\u001b[39m\n');
  });

  test('a stream that fails half-way says why, after what it said before', async () => {
    const { url } = await serve({
      [at('/logs')]: (_request, response) => {
        const problem = {
          type: 'about:blank',
          title: 'RuntimeFailed',
          status: 503,
          detail: 'the engine went away',
          kind: 'unavailable',
          reason: 'RuntimeFailed',
        };
        response.setHeader('content-type', 'text/event-stream');
        response.write(`data: ${JSON.stringify({ stream: 'stdout', line: 'one' })}\n\n`);
        response.end(`event: error\ndata: ${JSON.stringify(problem)}\n\n`);
        return handled;
      },
    });
    const { exitCode, stdout, stderr } = await agentpod(['logs', 'acme'], { url });
    expect({ exitCode, stdout }).toEqual({ exitCode: 5, stdout: 'one\n' });
    expect(stderr).toContain('the engine went away');
  });

  test('a connection that breaks is a failure, not an end', async () => {
    const { url } = await serve({
      [at('/logs')]: (_request, response) => {
        response.setHeader('content-type', 'text/event-stream');
        response.write(`data: ${JSON.stringify({ stream: 'stdout', line: 'one' })}\n\n`, () => response.destroy());
        return handled;
      },
    });
    expect(await agentpod(['logs', 'acme', '-f'], { url })).toMatchObject({ exitCode: 5, stdout: 'one\n' });
  });

  test('a line without end is not collected for ever', async () => {
    const { url } = await serve({
      [at('/logs')]: (_request, response) => {
        response.setHeader('content-type', 'text/event-stream');
        response.end(`data: ${'x'.repeat(5 * 1024 * 1024)}`);
        return handled;
      },
    });
    const { exitCode, stderr } = await agentpod(['logs', 'acme'], { url });
    expect(exitCode).toBe(5);
    expect(stderr).toContain('too large');
  });
});

describe('chat', () => {
  const chat = 'POST /v1/agents/acme/main/chat';

  test('prints the reply and nothing else on stdout', async () => {
    const { url, requests } = await serve({ [chat]: () => ({ reply: 'pong\nand more', milliseconds: 5 }) });
    const run = await agentpod(['chat', 'acme', 'ping', 'me', '--session', 'test', '--timeout', '7'], { url });
    expect(run).toEqual({ exitCode: 0, stdout: 'pong\nand more\n', stderr: '' });
    expect(requests.at(-1)?.body).toEqual({ message: 'ping me', session: 'test', timeoutSeconds: 7 });
  });

  test('reads the message from a pipe', async () => {
    const { url, requests } = await serve({ [chat]: () => ({ reply: 'pong', milliseconds: 5 }) });
    expect(await agentpod(['chat', 'acme'], { url, stdin: 'a long\nstory\n' })).toMatchObject({
      exitCode: 0,
      stdout: 'pong\n',
    });
    expect(requests.at(-1)?.body).toMatchObject({ message: 'a long\nstory' });
  });

  test('an empty message is refused, exit 2', async () => {
    const { url, requests } = await serve({});
    expect(await agentpod(['chat', 'acme'], { url, stdin: '\n' })).toMatchObject({ exitCode: 2 });
    expect(requests).toEqual([]);
  });

  test('shows on a terminal that it waits, and cleans up behind itself', async () => {
    const { url } = await serve({ [chat]: () => ({ reply: 'pong', milliseconds: 5 }) });
    const { stdout, stderr } = await agentpod(['chat', 'acme', 'ping'], { url, tty: true });
    expect(stdout).toBe('pong\n');
    expect(stderr).toContain('waiting for acme');
    expect(stderr.endsWith('\u001b[0J')).toBe(true);
  });

  test('talks on at a terminal until an empty line, over a failed turn', async () => {
    let turn = 0;
    const { url } = await serve({
      [chat]: (request, response) =>
        turn++ === 0
          ? fails('unavailable', 'AgentSilent', 'it does not answer')(request, response)
          : { reply: 'pong', milliseconds: 5 },
    });
    const { exitCode, stdout, stderr } = await agentpod(['chat', 'acme'], { url, tty: true, stdin: 'one\ntwo\n\n' });
    expect(exitCode).toBe(0);
    expect(stdout).toBe('pong\n');
    expect(stderr).toContain('it does not answer');
  });
});
