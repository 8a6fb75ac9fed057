import { describe, expect, test } from 'vitest';
import { errorKinds, type ErrorKind } from '@agentpod/core';
import { anAgentView } from './testing/agent-views.ts';
import { fails, handled, startStubServer, type Route, type StubServer } from './testing/stub-server.ts';
import { served } from './testing/served.ts';
import { agentpod } from './testing/terminal.ts';

const start = served();
let server: StubServer | undefined;
async function serve(routes: Readonly<Record<string, Route>>): Promise<string> {
  server = await start(routes);
  return server.url;
}

describe('exit codes', () => {
  test.each(Object.entries(errorKinds).map(([kind, { exit }]) => [kind as ErrorKind, exit] as const))(
    'a failure of kind %s ends with %i and says why and what to do',
    async (kind, exit) => {
      const options = { field: 'spec.plan', remedy: 'Do something else.' };
      const url = await serve({
        'GET /v1/agents/acme/main/events': fails(kind, 'SomeReason', 'it went wrong', options),
      });
      const { exitCode, stdout, stderr } = await agentpod(['events', 'acme'], { url });
      expect(exitCode).toBe(exit);
      expect(stdout).toBe('');
      expect(stderr).toContain('agentpod events failed: ');
      expect(stderr).toContain(kind === 'bug' ? 'AgentPod made a mistake' : 'it went wrong');
      expect(stderr).toContain(`reason: SomeReason (${kind})`);
      expect(stderr).toContain('field: spec.plan');
      expect(stderr).toContain('to do: Do something else.');
    },
  );

  test('a failure without a remedy of its own gets one that fits its kind', async () => {
    const url = await serve({
      'GET /v1/agents/acme/main/events': fails('not-found', 'NoSuchAgent', 'there is no acme'),
    });
    const { exitCode, stderr } = await agentpod(['events', 'acme'], { url });
    expect(exitCode).toBe(3);
    expect(stderr).toContain('agentpod list');
  });

  test('who is not logged in is told of tokens, not of headers', async () => {
    const header = { remedy: 'Send a token: "Authorization: Bearer …".' };
    const url = await serve({
      'GET /v1/agents': fails('unauthorized', 'NotLoggedIn', 'you are not logged in', header),
    });
    const { exitCode, stderr } = await agentpod(['list'], { url });
    expect(exitCode).toBe(7);
    expect(stderr).toContain('AGENTPOD_TOKEN');
    expect(stderr).not.toContain('Bearer');
  });

  test('with -o json a failure is one JSON object on stderr', async () => {
    const url = await serve({
      'GET /v1/agents/acme/main': fails('conflict', 'Changed', 'somebody was faster', { remedy: 'Again.' }),
    });
    const { exitCode, stdout, stderr } = await agentpod(['model', 'show', 'acme', '-o', 'json'], { url });
    expect(exitCode).toBe(4);
    expect(stdout).toBe('');
    expect(JSON.parse(stderr)).toEqual({
      error: {
        command: 'model show',
        kind: 'conflict',
        reason: 'Changed',
        message: 'somebody was faster',
        remedy: 'Again.',
        exitCode: 4,
      },
    });
  });

  test('Ctrl-C ends with 130 and says that accepted work goes on', async () => {
    const person = new AbortController();
    const url = await serve({
      'GET /v1/agents/acme/main/logs': (_request, response) => {
        response.setHeader('content-type', 'text/event-stream');
        response.flushHeaders();
        person.abort();
        return handled;
      },
    });
    const { exitCode, stderr } = await agentpod(['logs', 'acme', '-f'], { url, interrupted: person.signal });
    expect(exitCode).toBe(130);
    expect(stderr).toContain('Interrupted.');
  });
});

describe('a server that is not there or is something else', () => {
  test('nothing listens: exit 5, where it was looked for, and how to start it', async () => {
    const { url, stop } = await startStubServer({});
    await stop();
    const { exitCode, stderr } = await agentpod(['list'], { url });
    expect(exitCode).toBe(5);
    expect(stderr).toContain(`cannot reach the AgentPod control plane at ${url}: nothing listens there`);
    expect(stderr).toContain('agentpod up');
  });

  test('another web server answers: exit 5 and a look at the address', async () => {
    const url = await serve({
      'GET /v1/agents': (_request, response) => {
        response.setHeader('content-type', 'text/html');
        response.end('<html></html>');
        return handled;
      },
    });
    const { exitCode, stderr } = await agentpod(['list'], { url });
    expect(exitCode).toBe(5);
    expect(stderr).toContain('not as the API of AgentPod');
    expect(stderr).toContain('--url');
  });

  test('an answer that breaks the contract asks to compare versions', async () => {
    const url = await serve({ 'GET /v1/agents': () => ({ items: [{ id: 7 }] }) });
    const { exitCode, stderr } = await agentpod(['list'], { url });
    expect(exitCode).toBe(5);
    expect(stderr).toContain('agentpod version');
  });

  test('a redirect is not followed, so that the token goes nowhere else', async () => {
    const elsewhere = await startStubServer({});
    const url = await serve({
      'GET /v1/agents': (_request, response) => {
        response.writeHead(302, { location: `${elsewhere.url}/v1/agents` }).end();
        return handled;
      },
    });
    const { exitCode } = await agentpod(['list'], { url, env: { AGENTPOD_TOKEN: 'apt_secret' } });
    await elsewhere.stop();
    expect(exitCode).toBe(5);
    expect(elsewhere.requests).toEqual([]);
  });
});

describe('usage', () => {
  test.each([
    [['lst'], 'there is no command "lst"; did you mean: '],
    [['list', '--bogus'], 'there is no option "--bogus"'],
    [['status'], 'the argument <agent> is missing'],
    [['status', 'a', 'b'], 'too many arguments'],
    [['create', 'acme', '--plan'], 'needs a value'],
    [['list', '-o', 'xml'], '"xml" is no value'],
    [['create', 'acme', '--timeout', 'soon'], '"soon" is no value'],
    [['model'], 'a sub-command is missing'],
    [['status', 'Not A Name'], 'not a valid tenant name'],
    [['status', 'a/b/c'], 'is not an agent'],
    [['create', 'acme', '--channel', 'whatsapp'], 'there is no option "--channel"'],
    [['list', '--url', 'ftp://x'], 'is no address'],
  ])('%j ends with 2', async (argv, sentence) => {
    const { exitCode, stdout, stderr } = await agentpod(argv);
    expect(exitCode).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(sentence);
  });

  test('usage errors follow -o json too', async () => {
    const { stderr } = await agentpod(['list', '--bogus', '--json']);
    expect(JSON.parse(stderr)).toMatchObject({ error: { kind: 'invalid', reason: 'Usage', exitCode: 2 } });
  });

  test('without arguments, and with --help, the help is printed and nothing failed', async () => {
    const bare = await agentpod([]);
    const asked = await agentpod(['--help']);
    expect(bare).toEqual(asked);
    expect(asked.exitCode).toBe(0);
    expect(asked.stdout).toContain('create [options] <agent>');
  });

  test('--version prints ours alone, and is the version of the agent in create', async () => {
    const own = await agentpod(['--version']);
    expect(own).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as string });
    const url = await serve({ 'POST /v1/agents': () => anAgentView() });
    await agentpod(['create', 'acme', '--version', '2026.9.6'], { url });
    expect(server?.requests.at(-1)?.body).toMatchObject({ spec: { version: '2026.9.6' } });
  });
});

describe('language', () => {
  test.each([
    [{ LANG: 'zh_CN.UTF-8' }, [], '没有“lst”这个命令'],
    [{ LANG: 'zh_CN.UTF-8', LC_ALL: 'C' }, [], 'there is no command'],
    [{ LANG: 'C', AGENTPOD_LANG: 'zh' }, [], '没有“lst”这个命令'],
    [{ AGENTPOD_LANG: 'zh' }, ['--lang', 'en'], 'there is no command'],
    [{}, ['--lang=zh'], '没有“lst”这个命令'],
    [{}, [], 'there is no command'],
  ])('%j with %j', async (env, argv, sentence) => {
    const { stderr } = await agentpod(['lst', ...argv], { env });
    expect(stderr).toContain(sentence);
  });
});
