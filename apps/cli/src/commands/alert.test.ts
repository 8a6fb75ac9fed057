import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { served } from '../testing/served.ts';
import { fails } from '../testing/stub-server.ts';
import { agentpod } from '../testing/terminal.ts';

const serve = served();
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'agentpod-alert-'));
});
afterEach(() => rm(dir, { recursive: true }));

async function secretFile(name: string, text: string): Promise<string> {
  const path = join(dir, name);
  await writeFile(path, text);
  await chmod(path, 0o600);
  return path;
}

const alert = {
  id: 'AgentDown-a1-x',
  rule: 'AgentDown',
  state: 'firing',
  severity: 'critical',
  subject: { kind: 'agent', ref: 'acme/hr', tenant: 'acme' },
  reason: 'CrashLoop',
  message: 'It crashes\u001b[2J again and again',
  since: '2026-11-01T00:00:00.000Z',
  told: true,
  flapping: true,
};
const note = { id: 's1', comment: 'known', createdBy: 'zhao', createdAt: '2026-11-01T00:00:00.000Z' };
const silence = { ...note, agent: 'acme', rule: 'AgentDown', until: '2026-11-01T02:05:00.000Z' };
const window = { ...note, id: 'm1', from: '2026-11-01T00:05:00.000Z', until: '2026-11-01T01:05:00.000Z' };
const transport = {
  name: 'ops',
  kind: 'smtp',
  settings: { host: 'smtp.example.com' },
  secrets: ['password'],
  minimumSeverity: 'warning',
  language: 'zh',
  enabled: true,
  createdAt: '2026-11-01T00:00:00.000Z',
  waiting: 2,
  lastError: 'connection refused',
};
const gone = (_request: unknown, response: { writeHead(status: number): { end(): unknown } }) =>
  response.writeHead(204).end();

describe('list and show', () => {
  test('list shows what fires, how bad, who, why and since when', async () => {
    const { url, requests } = await serve({ 'GET /v1/alerts': () => ({ items: [alert] }) });
    const { stdout } = await agentpod(['alert', 'list'], { url });
    expect(stdout).toMatch(/critical +firing, flapping +acme\/hr +AgentDown +CrashLoop +5m +AgentDown-a1-x/);
    expect(requests[0]?.path).toBe('/v1/alerts?state=firing');
    await agentpod(['alert', 'ls', '--all', '--tenant', 'acme'], { url });
    expect(requests.at(-1)?.path).toBe('/v1/alerts?state=all&tenant=acme');
  });

  test('an empty list says so beside the result, in the language of the person', async () => {
    const { url } = await serve({ 'GET /v1/alerts': () => ({ items: [] }) });
    expect(await agentpod(['alert', 'list'], { url })).toMatchObject({ stdout: '', stderr: 'Nothing is wrong now.\n' });
    expect((await agentpod(['alert', 'list', '--lang', 'zh'], { url })).stderr).toBe('现在没有告警。\n');
  });

  test('why an alert is not told stands beside its state', async () => {
    const held = { ...alert, state: 'pending', flapping: false, heldBy: 'ProxyDown', mutedBy: 'silence' };
    const { url } = await serve({ 'GET /v1/alerts': () => ({ items: [held] }) });
    expect((await agentpod(['alert', 'list', '-a'], { url })).stdout).toContain(
      'not told, silenced, because of ProxyDown',
    );
  });

  test('show has the words and what was said about it; nothing of an agent reaches the terminal', async () => {
    const notices = [{ id: 'n1', kind: 'firing', severity: 'warning', at: '2026-11-01T00:00:01.000Z' }];
    const { url } = await serve({ 'GET /v1/alerts/AgentDown-a1-x': () => ({ ...alert, notices }) });
    const { stdout } = await agentpod(['alert', 'show', 'AgentDown-a1-x'], { url });
    expect(stdout).toContain('It crashes again and again');
    expect(stdout).toMatch(/2026-11-01T00:00:01.000Z +firing +warning +n1/);
    const json = await agentpod(['alert', 'show', 'AgentDown-a1-x', '--json'], { url });
    expect(JSON.parse(json.stdout)).toEqual({ ...alert, notices });
  });
});

describe('silences', () => {
  test('silence asks for an hour unless told otherwise, and says how to end it', async () => {
    const { url, requests } = await serve({ 'POST /v1/silences': () => silence });
    const { stdout } = await agentpod(['alert', 'silence', 'acme'], { url });
    expect(requests.at(-1)?.body).toEqual({ agent: 'acme', until: '2026-11-01T01:05:00.000Z' });
    expect(stdout).toContain('agentpod alert unsilence s1');
    const argv = ['alert', 'silence', '--tenant', 'acme', '--rule', 'ChannelDown', '--for', '1d12h', '--comment', 'x'];
    await agentpod(argv, { url });
    expect(requests.at(-1)?.body).toEqual({
      tenant: 'acme',
      rule: 'ChannelDown',
      until: '2026-11-02T12:05:00.000Z',
      comment: 'x',
    });
    await agentpod(['alert', 'silence', 'acme', '--until', '2026-11-05T00:00Z'], { url });
    expect(requests.at(-1)?.body).toEqual({ agent: 'acme', until: '2026-11-05T00:00:00.000Z' });
  });

  test('list and unsilence', async () => {
    const { url, requests } = await serve({
      'GET /v1/silences': () => ({ items: [silence] }),
      'DELETE /v1/silences/s1': gone,
    });
    expect((await agentpod(['alert', 'silences'], { url })).stdout).toMatch(
      /s1 +acme +AgentDown +2026-11-01T02:05:00.000Z +zhao +known/,
    );
    expect((await agentpod(['alert', 'unsilence', 's1'], { url })).stdout).toBe('the silence s1 is over\n');
    expect(requests.at(-1)).toMatchObject({ method: 'DELETE' });
  });

  test.each([
    [['alert', 'silence', 'acme', '--for', 'soon'], '--for'],
    [['alert', 'silence', 'acme', '--for', '2h30'], '--for'],
    [['alert', 'silence', 'acme', '--until', 'tomorrow'], '--until'],
    [['alert', 'silence', 'acme', '--until', '2026-11-05T00:00Z', '--for', '2h'], '--until'],
  ])('%j is refused before anybody is asked', async (argv, option) => {
    const { exitCode, stderr } = await agentpod(argv, { url: 'http://127.0.0.1:9' });
    expect(exitCode).toBe(2);
    expect(stderr).toContain(option);
  });
});

describe('maintenance', () => {
  test('add, list and remove', async () => {
    const { url, requests } = await serve({
      'POST /v1/maintenance': () => window,
      'GET /v1/maintenance': () => ({ items: [window] }),
      'DELETE /v1/maintenance/m1': gone,
    });
    const argv = ['alert', 'maintenance', 'add', '--everything', '--from', '2026-11-02T00:00Z', '--for', '30m'];
    expect((await agentpod(argv, { url })).stdout).toContain('agentpod alert maintenance remove m1');
    expect(requests.at(-1)?.body).toEqual({
      everything: true,
      from: '2026-11-02T00:00:00.000Z',
      until: '2026-11-02T00:30:00.000Z',
    });
    expect((await agentpod(['alert', 'maintenance', 'list'], { url })).stdout).toMatch(/m1 +everything/);
    expect((await agentpod(['alert', 'maintenance', 'rm', 'm1', '--json'], { url })).stdout).toContain('"ended": true');
  });
});

describe('transports', () => {
  test('add sends settings and secrets, and shows no secret', async () => {
    const password = await secretFile('password', 'hunter2-secret\n');
    const ca = await secretFile('ca.pem', '-----BEGIN CERTIFICATE-----\n');
    const { url, requests } = await serve({ 'PUT /v1/alert-transports/ops': () => transport });
    const { exitCode, stdout, stderr } = await agentpod(
      [
        'alert',
        'transport',
        'add',
        'ops',
        'smtp',
        '--set',
        'host=smtp.example.com',
        '--set',
        'to=a@b.example,c@d.example',
      ]
        .concat(['--set-file', `ca=${ca}`, '--secret-file', `password=${password}`, '--minimum-severity', 'critical'])
        .concat(['--language', 'zh', '--only-tenant', 'acme', '--only-tenant', 'lotus']),
      { url },
    );
    expect(exitCode).toBe(0);
    expect(requests.at(-1)?.body).toEqual({
      kind: 'smtp',
      settings: { host: 'smtp.example.com', to: 'a@b.example,c@d.example', ca: '-----BEGIN CERTIFICATE-----\n' },
      secrets: { password: 'hunter2-secret' },
      minimumSeverity: 'critical',
      language: 'zh',
      tenants: ['acme', 'lotus'],
      enabled: true,
    });
    expect(stdout + stderr).not.toContain('hunter2-secret');
    expect(stderr).toContain('agentpod alert transport test ops');
  });

  test('a secret may come from standard input, and the language is that of the person', async () => {
    const { url, requests } = await serve({ 'PUT /v1/alert-transports/ops': () => transport });
    const argv = ['alert', 'transport', 'add', 'ops', 'slack', '--secret-file', 'url=-', '--lang', 'zh'];
    await agentpod(argv, { url, stdin: 'https://hooks.slack.com/services/x\n' });
    expect(requests.at(-1)?.body).toEqual({
      kind: 'slack',
      secrets: { url: 'https://hooks.slack.com/services/x' },
      language: 'zh',
      enabled: true,
    });
  });

  test('a word that is no pair is refused and not repeated: it may be a secret in the wrong place', async () => {
    const argv = ['alert', 'transport', 'add', 'ops', 'smtp', '--secret-file', 'hunter2-secret'];
    const { exitCode, stderr } = await agentpod(argv, { url: 'http://127.0.0.1:9' });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('--secret-file takes name=value');
    expect(stderr).not.toContain('hunter2-secret');
  });

  test('list, test, remove and deliveries', async () => {
    const delivery = { id: 1, at: '2026-11-01T00:00:00.000Z', transport: 'ops', notice: 'n1', kind: 'firing' };
    const rest = { rule: 'AgentDown', subject: 'acme', outcome: 'given-up', attempts: 9, detail: 'connection refused' };
    const { url, requests } = await serve({
      'GET /v1/alert-transports': () => ({ items: [transport] }),
      'POST /v1/alert-transports/ops/test': () => ({ detail: '250 ok', milliseconds: 12 }),
      'DELETE /v1/alert-transports/ops': gone,
      'GET /v1/alert-deliveries': () => ({ items: [{ ...delivery, ...rest }] }),
    });
    expect((await agentpod(['alert', 'transport', 'list'], { url })).stdout).toMatch(
      /ops +smtp +on +warning +zh +all +2 +connection refused/,
    );
    expect((await agentpod(['alert', 'transport', 'test', 'ops'], { url })).stdout).toBe(
      'the test notice was delivered by ops (250 ok, 12 ms)\n',
    );
    expect((await agentpod(['alert', 'transport', 'remove', 'ops'], { url })).stdout).toBe(
      'the transport ops is removed\n',
    );
    expect((await agentpod(['alert', 'deliveries', '--transport', 'ops', '-n', '5'], { url })).stdout).toMatch(
      /5m +ops +given up +9 +firing +acme +AgentDown +connection refused/,
    );
    expect(requests.at(-1)?.path).toBe('/v1/alert-deliveries?limit=5&transport=ops');
  });

  test('a test that fails is a failure with its reason', async () => {
    const { url } = await serve({
      'POST /v1/alert-transports/ops/test': fails('unavailable', 'Away', 'connection refused'),
    });
    const { exitCode, stderr } = await agentpod(['alert', 'transport', 'test', 'ops'], { url });
    expect(exitCode).toBe(5);
    expect(stderr).toContain('connection refused');
  });
});

describe('apply', () => {
  const file = async (text: string): Promise<string[]> => {
    await writeFile(join(dir, 'alerts.yaml'), text);
    return ['alert', 'apply', '-f', join(dir, 'alerts.yaml')];
  };
  const head = 'apiVersion: agentpod/v1\nkind: Alerts\nspec:\n';

  test('sets what the file names, with secrets from files beside it; what is there or over is left alone', async () => {
    await secretFile('smtp.password', 'hunter2-secret');
    const argv = await file(
      `${head}
  transports:
    ops: { kind: smtp, settings: { host: smtp.example.com, port: 465 }, secretFiles: { password: ./smtp.password }, language: zh }
  silences:
    - { agent: acme, rule: AgentDown, until: "2026-11-01T02:05:00Z", comment: known }
    - { tenant: lotus, until: "2026-12-01T00:00:00Z" }
    - { tenant: old, until: "2026-10-01T00:00:00Z" }
  maintenance:
    - { everything: true, from: "2026-11-01T00:05:00Z", until: "2026-11-01T01:05:00Z", comment: known }
    - { tenant: acme, from: "2026-11-07T14:00:00Z", until: "2026-11-07T15:00:00Z" }
`,
    );
    const { url, requests } = await serve({
      'PUT /v1/alert-transports/ops': () => transport,
      'GET /v1/silences': () => ({ items: [silence] }),
      'POST /v1/silences': () => silence,
      'GET /v1/maintenance': () => ({ items: [window] }),
      'POST /v1/maintenance': () => window,
    });
    const { exitCode, stdout, stderr } = await agentpod(argv, { url });
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
    expect(stdout.trim().split('\n')).toEqual([
      'transport ops: set',
      'silence acme AgentDown: there already',
      'silence lotus: set',
      'silence old: its time is over, skipped',
      'maintenance *: there already',
      'maintenance acme: set',
    ]);
    expect(requests.filter(({ method }) => method !== 'GET').map(({ body }) => body)).toEqual([
      {
        kind: 'smtp',
        settings: { host: 'smtp.example.com', port: 465 },
        secrets: { password: 'hunter2-secret' },
        minimumSeverity: 'warning',
        language: 'zh',
        tenants: null,
        enabled: true,
      },
      { tenant: 'lotus', until: '2026-12-01T00:00:00Z', comment: '' },
      { tenant: 'acme', from: '2026-11-07T14:00:00Z', until: '2026-11-07T15:00:00Z', comment: '' },
    ]);
  });

  test.each([
    [
      'a secret in the file',
      `${head}  transports: { ops: { kind: smtp, secrets: { password: x } } }`,
      'spec.transports.ops.secrets',
    ],
    ['an unknown field', `${head}  routes: []`, 'spec.routes'],
    ['another kind of file', 'apiVersion: agentpod/v1\nkind: Tenant\nspec: {}', 'kind'],
    [
      'a time without a zone',
      `${head}  silences: [{ agent: acme, until: "2026-11-01T02:05" }]`,
      'spec.silences.0.until',
    ],
    ['no YAML', 'a: [', '--file'],
    [
      'a secret file that is not there',
      `${head}  transports: { ops: { kind: smtp, secretFiles: { password: ./none } } }`,
      'spec.transports.ops.secretFiles',
    ],
  ])('%s is refused, naming it, and nothing is changed', async (_what, text, field) => {
    const { url, requests } = await serve({});
    const { exitCode, stderr } = await agentpod(await file(text), { url });
    expect(exitCode).toBe(2);
    expect(stderr).toContain(`field: ${field}\n`);
    expect(requests).toEqual([]);
  });
});
