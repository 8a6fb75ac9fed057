import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { aComingAgent, aCondition, anAgentView } from '../testing/agent-views.ts';
import { served } from '../testing/served.ts';
import { fails, watches } from '../testing/stub-server.ts';
import { agentpod } from '../testing/terminal.ts';

const serve = served();
const path = 'GET /v1/agents/acme/main';
const absent = fails('not-found', 'NoSuchAgent', 'there is no acme');
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'agentpod-cli-'));
});
afterAll(() => rm(dir, { recursive: true }));

async function file(name: string, content: string | Uint8Array, mode = 0o600): Promise<string> {
  const target = join(dir, name);
  await writeFile(target, content);
  await chmod(target, mode);
  return target;
}

describe('what is sent', () => {
  test('only what was said, with texts and the key read from files', async () => {
    const { url, requests } = await serve({ [path]: absent, 'POST /v1/agents': () => aComingAgent(0) });
    await file('soul.md', '# Acme\n');
    await file('memory.md', 'Likes tea.\n');
    await file('agents.md', 'Be short.\n');
    await file('key', 'sk-planted-secret\n');
    const argv = [
      'create',
      'acme',
      '--type',
      'openclaw',
      '--version',
      '2026.9.6',
      '--plan',
      'small',
      '--memory',
      '2g',
      '--cpus',
      '0.5',
    ];
    const texts = ['--soul', 'soul.md', '--memory-file', 'memory.md', '--instructions', 'agents.md'];
    const model = [
      '--model',
      'openrouter/meta/llama-4',
      '--model-base-url',
      'https://models.example/v1',
      '--model-key-file',
      'key',
      '--force',
    ];
    const { exitCode, stdout, stderr } = await agentpod([...argv, ...texts, ...model], { url, cwd: dir });
    expect(stderr).toContain('acme is being created');
    expect(exitCode).toBe(0);
    expect(requests.at(-1)?.body).toEqual({
      ref: 'acme',
      spec: {
        type: 'openclaw',
        version: '2026.9.6',
        plan: 'small',
        resources: { memory: '2g', cpus: 0.5 },
        identity: { soul: '# Acme\n', memory: 'Likes tea.\n', instructions: 'Be short.\n' },
        model: { provider: 'openrouter', name: 'meta/llama-4', baseUrl: 'https://models.example/v1' },
      },
      modelKey: 'sk-planted-secret',
      force: true,
    });
    expect(stdout + stderr).not.toContain('sk-planted-secret');
    // Followed how, when it is not waited for.
    expect(stderr).toContain('agentpod status acme --wait');
  });

  test('nothing said is nothing sent', async () => {
    const { url, requests } = await serve({ [path]: absent, 'POST /v1/agents': () => aComingAgent(0) });
    await agentpod(['create', 'acme'], { url });
    expect(requests.at(-1)?.body).toEqual({ ref: 'acme', spec: {} });
  });

  test('a key comes from standard input with -', async () => {
    const { url, requests } = await serve({ [path]: absent, 'POST /v1/agents': () => aComingAgent(0) });
    await agentpod(['create', 'acme', '--model', 'qwen/qwen3-max', '--model-key-file', '-'], {
      url,
      stdin: 'sk-piped\r\n',
    });
    expect(requests.at(-1)?.body).toMatchObject({ modelKey: 'sk-piped' });
  });

  test('a key typed at a terminal is not shown', async () => {
    const { url, requests } = await serve({ [path]: absent, 'POST /v1/agents': () => aComingAgent(0) });
    const argv = ['create', 'acme', '--model', 'qwen/qwen3-max', '--model-key-file', '-'];
    const { exitCode, stdout, stderr } = await agentpod(argv, { url, tty: true, stdin: 'sk-typed\r' });
    expect(exitCode).toBe(0);
    expect(requests.at(-1)?.body).toMatchObject({ modelKey: 'sk-typed' });
    expect(stdout + stderr).not.toContain('sk-typed');
  });

  test('a key file that everybody can read is used and warned about', async () => {
    const { url, requests } = await serve({ [path]: absent, 'POST /v1/agents': () => aComingAgent(0) });
    const open = await file('open.key', 'sk-1', 0o644);
    const { stderr } = await agentpod(['create', 'acme', '--model', 'qwen/qwen3-max', '--model-key-file', open], {
      url,
    });
    expect(stderr).toContain(`chmod 600 ${open}`);
    expect(requests.at(-1)?.body).toMatchObject({ modelKey: 'sk-1' });
    const safe = await file('safe.key', 'sk-1', 0o600);
    const quiet = await agentpod(['create', 'acme', '--model', 'qwen/qwen3-max', '--model-key-file', safe], { url });
    expect(quiet.stderr).not.toContain('chmod');
  });
});

describe('what is refused before anything is sent', () => {
  test.each([
    ['an empty key', () => file('empty', '\n'), ['--model', 'qwen/qwen3-max', '--model-key-file'], 'the key is empty'],
    [
      'a key of two lines',
      () => file('two', 'a\nb\n'),
      ['--model', 'qwen/qwen3-max', '--model-key-file'],
      'a key is one line',
    ],
    [
      'a file that is not there',
      () => Promise.resolve('/no/such/file'),
      ['--soul'],
      'cannot read the file /no/such/file (ENOENT)',
    ],
    ['a directory', () => Promise.resolve(tmpdir()), ['--soul'], 'cannot read the file'],
    ['a file too large', () => file('large', 'x'.repeat(300 * 1024)), ['--soul'], 'larger than 256 KiB'],
    ['a file that is no text', () => file('binary', new Uint8Array([0xff, 0xfe, 0x00])), ['--soul'], 'not UTF-8 text'],
    ['a memory size without sense', () => Promise.resolve('lots'), ['--memory'], '"lots" is no memory size'],
    ['no CPUs', () => Promise.resolve('0'), ['--cpus'], '"0" is no number of CPUs'],
    ['a model without a provider', () => Promise.resolve('qwen'), ['--model'], 'For example: qwen/qwen3-max'],
    ['a key without a model', () => file('k', 'sk'), ['--model-key-file'], '--model-key-file needs --model'],
  ])('%s', async (_what, value, options, sentence) => {
    const { url, requests } = await serve({});
    const { exitCode, stderr } = await agentpod(['create', 'acme', ...options, await value()], { url });
    expect(exitCode).toBe(2);
    expect(stderr).toContain(sentence);
    expect(requests).toEqual([]);
  });
});

describe('repeating it', () => {
  test('the same again is already there, exit 0', async () => {
    const { url } = await serve({ [path]: () => anAgentView(), 'POST /v1/agents': () => anAgentView() });
    const { exitCode, stderr } = await agentpod(['create', 'acme'], { url });
    expect(exitCode).toBe(0);
    expect(stderr).toContain('acme is already there, just like this (ready)');
  });

  test('something else of that name is a conflict, exit 4', async () => {
    const conflict = fails('conflict', 'DifferentSpec', 'acme exists already, with another spec.plan', {
      field: 'spec.plan',
    });
    const { url } = await serve({ [path]: () => anAgentView(), 'POST /v1/agents': conflict });
    const { exitCode, stderr } = await agentpod(['create', 'acme', '--plan', 'small'], { url });
    expect(exitCode).toBe(4);
    expect(stderr).toContain('with another spec.plan');
  });

  test('a deleted one of that name is not already there', async () => {
    const deleted = anAgentView({ id: 'old', state: 'deleted', deletedAt: '2026-11-01T00:01:00.000Z' });
    const { url } = await serve({ [path]: () => deleted, 'POST /v1/agents': () => aComingAgent(0) });
    const { stderr } = await agentpod(['create', 'acme'], { url });
    expect(stderr).toContain('acme is being created');
  });
});

describe('--wait', () => {
  const created = { [path]: () => aComingAgent(0), 'POST /v1/agents': () => aComingAgent(0) };

  test('says each step once when nobody watches, and ends when it is ready', async () => {
    const coming = [0, 2, 2, 3, 7].map((done) => aComingAgent(done, done === 7 ? { state: 'ready' } : {}));
    const other = anAgentView({ id: 'other', ref: 'umbrella' });
    const { url } = await serve({ ...created, 'GET /v1/watch': watches([other, ...coming]) });
    const { exitCode, stdout, stderr } = await agentpod(['create', 'acme', '--wait'], { url });
    expect(exitCode).toBe(0);
    const steps = stderr.split('\n').filter((line) => /^\[.+s\] [✓…]/.test(line));
    expect(steps.map((line) => line.replace(/^\[.+?\] /, ''))).toEqual([
      '… Provisioned  Booting: The agent boots',
      '✓ Provisioned  Provisioned: Provisioned holds',
      '✓ Configured  Configured: Configured holds',
      '… Running  Booting: The agent boots',
      '✓ Running  Running: Running holds',
      '… Healthy  Booting: The agent boots',
      '✓ Healthy  Healthy: Healthy holds',
      '✓ Routed  Routed: Routed holds',
      '✓ Certified  Certified: Certified holds',
      '✓ Ready  Answering: Ready holds',
    ]);
    expect(stdout).toContain('http://acme.localhost/');
    expect(stderr).toContain('agentpod chat acme "hello"');
    // No cursor moves in a file.
    expect(stderr).not.toContain('\u001b');
  });

  test('draws a living list on a terminal and leaves it complete', async () => {
    const { url } = await serve({ ...created, 'GET /v1/watch': watches([aComingAgent(3), anAgentView()]) });
    const { exitCode, stderr } = await agentpod(['create', 'acme', '--wait', '--lang', 'zh'], { url, tty: true });
    expect(exitCode).toBe(0);
    const last = stderr.slice(stderr.lastIndexOf('\u001b[0J'));
    for (const step of ['资源就位', '配置下发', '容器运行', '应用健康', '路由生效', '证书就绪', '可以使用']) {
      expect(last).toMatch(new RegExp(`✓.*${step}`));
    }
    expect(stderr).toContain('Booting: The agent boots');
  });

  test('with -o json stdout is the finished object and nothing else', async () => {
    const { url } = await serve({ ...created, 'GET /v1/watch': watches([aComingAgent(3), anAgentView()]) });
    const { stdout } = await agentpod(['create', 'acme', '--wait', '-o', 'json'], { url });
    expect(JSON.parse(stdout)).toMatchObject({ ref: 'acme', state: 'ready' });
  });

  test('with -q only the name is said', async () => {
    const { url } = await serve({ ...created, 'GET /v1/watch': watches([anAgentView()]) });
    expect(await agentpod(['create', 'acme', '--wait', '-q'], { url })).toEqual({
      exitCode: 0,
      stdout: 'acme\n',
      stderr: '',
    });
  });

  test('a readiness of an older generation is not taken for the new one', async () => {
    const newer = anAgentView({ generation: 2 });
    const done = {
      ...newer,
      status: { observedGeneration: 2, conditions: [aCondition('Ready', { observedGeneration: 2 })] },
    };
    const { url } = await serve({
      [path]: () => newer,
      'POST /v1/agents': () => newer,
      'GET /v1/watch': watches([newer, done]),
    });
    const { exitCode, stdout } = await agentpod(['create', 'acme', '--wait', '-o', 'json'], { url });
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ status: { observedGeneration: 2 } });
  });

  test('a server without the stream is asked again and again', async () => {
    let asked = 0;
    const { url } = await serve({
      'POST /v1/agents': () => aComingAgent(0),
      [path]: () => aComingAgent(Math.min(7, asked++ * 3), asked > 3 ? { state: 'ready' } : {}),
      'GET /v1/watch': fails('unavailable', 'NoStream', 'the stream is full'),
    });
    const { exitCode, stderr } = await agentpod(['create', 'acme', '--wait'], { url });
    expect(exitCode).toBe(0);
    expect(stderr).toContain('does not answer just now, still waiting (the stream is full)');
  });

  test('a stream that says nothing is not trusted', async () => {
    let asked = 0;
    const { url } = await serve({
      'POST /v1/agents': () => aComingAgent(0),
      [path]: () => (asked++ < 2 ? aComingAgent(3) : anAgentView()),
      'GET /v1/watch': watches([]),
    });
    expect(await agentpod(['create', 'acme', '--wait'], { url })).toMatchObject({ exitCode: 0 });
  });

  test('a stream that ends is taken up again', async () => {
    let opened = 0;
    const { url } = await serve({
      'POST /v1/agents': () => aComingAgent(0),
      [path]: () => aComingAgent(4),
      'GET /v1/watch': (request, response) =>
        watches([opened++ === 0 ? aComingAgent(3) : anAgentView()], { ends: true })(request, response),
    });
    expect(await agentpod(['create', 'acme', '--wait'], { url })).toMatchObject({ exitCode: 0 });
    expect(opened).toBe(2);
  });

  test('a stall ends it at once with its reason, exit 6', async () => {
    const stalled = aComingAgent(2, { state: 'stalled' });
    const reason = { reason: 'ImageUnavailable', message: 'no registry has it' };
    stalled.status.conditions.push(aCondition('Stalled', reason));
    const { url } = await serve({ ...created, 'GET /v1/watch': watches([stalled]) });
    const { exitCode, stderr } = await agentpod(['create', 'acme', '--wait'], { url });
    expect(exitCode).toBe(6);
    expect(stderr).toContain('acme is stuck: no registry has it');
    expect(stderr).toContain('reason: ImageUnavailable (terminal)');
    expect(stderr).toContain('agentpod image build openclaw 2026.9.6');
  });

  test('time that is up ends it with what was last seen, exit 5', async () => {
    const slow = aComingAgent(3);
    slow.status.conditions.push(
      aCondition('Ready', { status: 'False', reason: 'Booting', message: 'The agent boots' }),
    );
    const { url } = await serve({ ...created, 'GET /v1/watch': watches([slow]) });
    const { exitCode, stderr } = await agentpod(['create', 'acme', '--wait', '--timeout', '10'], { url });
    expect(exitCode).toBe(5);
    expect(stderr).toContain('acme is not done after 10 s (Booting: The agent boots)');
    expect(stderr).toContain('agentpod status acme --wait');
  });

  test('an agent that is deleted meanwhile ends it, exit 3', async () => {
    const { url } = await serve({
      ...created,
      'GET /v1/watch': (_request, response) => {
        response.setHeader('content-type', 'text/event-stream');
        response.end(`data: ${JSON.stringify({ type: 'gone', id: anAgentView().id })}\n\n`);
      },
    });
    expect(await agentpod(['create', 'acme', '--wait'], { url })).toMatchObject({ exitCode: 3 });
  });

  test('a token that is refused meanwhile ends it, exit 7', async () => {
    const { url } = await serve({ ...created, 'GET /v1/watch': fails('unauthorized', 'LogInFirst', 'log in first') });
    expect(await agentpod(['create', 'acme', '--wait'], { url })).toMatchObject({ exitCode: 7 });
  });
});
