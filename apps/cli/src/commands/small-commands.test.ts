import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { anAgentView } from '../testing/agent-views.ts';
import { served } from '../testing/served.ts';
import { fails } from '../testing/stub-server.ts';
import { agentpod } from '../testing/terminal.ts';
import { cliVersion } from '../version.ts';

const serve = served();
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'agentpod-cli-'));
});
afterEach(() => rm(dir, { recursive: true }));

describe('token', () => {
  const token = { id: 't1', name: 'ci', createdAt: '2026-11-01T00:00:00.000Z' };

  test('create prints the token alone on stdout', async () => {
    const { url, requests } = await serve({ 'POST /v1/tokens': () => ({ ...token, token: 'apt_new' }) });
    const { exitCode, stdout, stderr } = await agentpod(['token', 'create', 'ci'], { url });
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'apt_new\n' });
    expect(stderr).toContain('shown this once');
    expect(requests.at(-1)?.body).toEqual({ name: 'ci' });
  });

  test('list shows ids and names, revoke takes an id', async () => {
    const { url, requests } = await serve({
      'GET /v1/tokens': () => ({ items: [token] }),
      'DELETE /v1/tokens/t1': (_request, response) => response.writeHead(204).end(),
    });
    expect((await agentpod(['token', 'list'], { url })).stdout).toBe('ID  NAME  AGE\nt1  ci    5m\n');
    expect(await agentpod(['token', 'revoke', 't1'], { url })).toMatchObject({
      exitCode: 0,
      stdout: 'token t1 is revoked\n',
    });
    expect(requests.at(-1)).toMatchObject({ method: 'DELETE', path: '/v1/tokens/t1' });
  });
});

describe('setup-link', () => {
  test('prints the link alone on stdout', async () => {
    const link = { url: 'http://console.localhost/setup?token=once', expiresAt: '2026-11-01T01:00:00.000Z' };
    const { url } = await serve({ 'POST /v1/setup/link': () => link });
    expect(await agentpod(['setup-link'], { url })).toMatchObject({ exitCode: 0, stdout: `${link.url}\n` });
  });

  test('is a conflict once there is an account', async () => {
    const { url } = await serve({ 'POST /v1/setup/link': fails('conflict', 'AlreadySetUp', 'it is set up already') });
    expect(await agentpod(['setup-link'], { url })).toMatchObject({ exitCode: 4 });
  });
});

describe('version', () => {
  test('tells ours and the server’s', async () => {
    const engine = { name: 'docker', version: '20.10', apiVersion: '1.41' };
    const system = {
      version: '9.9.9',
      mode: 'local',
      baseDomain: 'localhost',
      consoleUrl: 'http://c.localhost',
      engine,
      memoryBytes: 1,
      cpus: 1,
      agents: 0,
    };
    const { url } = await serve({ 'GET /v1/system': () => system });
    const { stdout } = await agentpod(['version', '--json'], { url });
    expect(JSON.parse(stdout)).toEqual({ cli: cliVersion, node: process.versions.node, server: '9.9.9', engine });
  });

  test('a server that is away is no failure', async () => {
    const { exitCode, stdout } = await agentpod(['version'], { url: 'http://127.0.0.1:9' });
    expect(exitCode).toBe(0);
    expect(stdout).toContain('not connected');
  });
});

describe('open', () => {
  const routes = { 'GET /v1/agents/acme/main': () => anAgentView() };
  const browser = async () => {
    await writeFile(join(dir, 'xdg-open'), `#!/bin/sh\nprintf %s "$*" >'${dir}/opened'\n`);
    await chmod(join(dir, 'xdg-open'), 0o755);
    return { PATH: `${dir}:/usr/bin:/bin` };
  };
  const opened = () => readFile(join(dir, 'opened'), 'utf8').catch(() => undefined);

  test('prints the address, and opens it where there is a desktop', async () => {
    const { url } = await serve(routes);
    const { exitCode, stdout } = await agentpod(['open', 'acme'], {
      url,
      env: { ...(await browser()), DISPLAY: ':0' },
    });
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'http://acme.localhost/\n' });
    await vi.waitFor(async () => expect(await opened()).toBe('http://acme.localhost/'));
  });

  test.each([
    ['there is no desktop', {}, []],
    ['it was asked not to', { DISPLAY: ':0' }, ['--no-browser']],
    ['the desktop is another machine’s', { DISPLAY: ':10', SSH_CONNECTION: '10.0.0.9 5555 203.0.113.5 22' }, []],
  ])('only prints it when %s', async (_why, env, argv) => {
    const { url } = await serve(routes);
    const { stdout } = await agentpod(['open', 'acme', ...argv], { url, env: { ...(await browser()), ...env } });
    expect(stdout).toBe('http://acme.localhost/\n');
    expect(await opened()).toBeUndefined();
  });

  test('over SSH it prints the tunnel that makes *.localhost work', async () => {
    const { url } = await serve({
      'GET /v1/agents/acme/main': () => anAgentView({ url: 'http://acme.localhost:8080/' }),
    });
    const env = { SSH_CONNECTION: '10.0.0.9 5555 203.0.113.5 2222', USER: 'ming' };
    const { stderr } = await agentpod(['open', 'acme'], { url, env });
    expect(stderr).toContain('ssh -L 8080:127.0.0.1:8080 -p 2222 ming@203.0.113.5');
    expect(stderr).not.toContain('sudo');
  });

  test('a browser that does not start is said, the address stands', async () => {
    const { url } = await serve(routes);
    const { exitCode, stderr } = await agentpod(['open', 'acme'], { url, env: { PATH: dir, DISPLAY: ':0' } });
    expect(exitCode).toBe(0);
    expect(stderr).toContain('xdg-open could not open a browser');
  });

  test('an address that is no web page is not opened', async () => {
    const { url } = await serve({ 'GET /v1/agents/acme/main': () => anAgentView({ url: 'file:///etc/passwd' }) });
    const { exitCode } = await agentpod(['open', 'acme'], { url, env: { ...(await browser()), DISPLAY: ':0' } });
    expect(exitCode).toBe(5);
    expect(await opened()).toBeUndefined();
  });
});

describe('image build', () => {
  const recipe = async (script: string) => {
    const { mkdir } = await import('node:fs/promises');
    const folder = join(dir, 'deploy', 'images', 'openclaw');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'build.sh'), script);
    await mkdir(join(dir, 'agent-types'));
    await writeFile(join(dir, 'agent-types', 'openclaw.yaml'), 'versions: { default: 2026.9.6 }\n');
    for (const tool of ['docker', 'npm', 'node']) {
      await writeFile(join(dir, tool), '#!/bin/sh\necho 1\n');
      await chmod(join(dir, tool), 0o755);
    }
    return { AGENTPOD_HOME: dir, PATH: `${dir}:/usr/bin:/bin` };
  };

  test('runs the recipe with the version of the manifest, and shows what it says', async () => {
    const env = await recipe('echo "building $*"; echo careful >&2\n');
    const { exitCode, stdout, stderr } = await agentpod(['image', 'build', 'openclaw', '--force'], { env });
    expect(exitCode).toBe(0);
    expect(stderr).toContain('building 2026.9.6 --force');
    expect(stderr).toContain('careful');
    expect(stdout).toBe('the image of openclaw 2026.9.6 is built\n');
  });

  test('a recipe that fails ends with 6 and its code', async () => {
    const env = await recipe('echo "FAILED: no network" >&2; exit 3\n');
    const { exitCode, stderr } = await agentpod(['image', 'build', 'openclaw', '2026.9.5'], { env });
    expect(exitCode).toBe(6);
    expect(stderr).toContain('FAILED: no network');
    expect(stderr).toContain('exit code 3');
  });

  test.each([
    [['nothing-like-it'], 3, 'there is no recipe for nothing-like-it'],
    [['../../etc'], 2, 'is no name of a type'],
    [['openclaw', '--version'], 2, '--version'],
    [['openclaw', '1;rm'], 2, 'is no version'],
  ])('%j is refused', async (argv, exit, sentence) => {
    const env = await recipe('exit 0\n');
    const { exitCode, stderr } = await agentpod(['image', 'build', ...argv], { env });
    expect(exitCode).toBe(exit);
    expect(stderr).toContain(sentence);
  });

  test('a tool that is missing is named with the way to get it', async () => {
    const env = await recipe('exit 0\n');
    await writeFile(join(dir, 'npm'), '#!/bin/sh\nexit 127\n');
    const { exitCode, stderr } = await agentpod(['image', 'build', 'openclaw'], { env });
    expect(exitCode).toBe(6);
    expect(stderr).toContain('apt install npm');
  });
});
