import { mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type DockerWorld, fakeDocker, type FakeDocker, listeningOn } from '../testing/fake-docker.ts';
import { served } from '../testing/served.ts';
import { fails, type Route } from '../testing/stub-server.ts';
import { agentpod, type TerminalOptions } from '../testing/terminal.ts';
import { cliVersion } from '../version.ts';

const serve = served();
const system = {
  version: '0.1.0',
  mode: 'local',
  baseDomain: 'localhost',
  consoleUrl: 'http://console.localhost',
  memoryBytes: 1,
  cpus: 2,
  agents: 0,
};
const answering: Readonly<Record<string, Route>> = {
  'GET /v1/setup': () => ({ done: false }),
  'POST /v1/setup/link': () => ({
    url: 'http://console.localhost/setup?token=once',
    expiresAt: '2026-11-01T01:00:00.000Z',
  }),
  'GET /v1/system': () => system,
};
const images = { [`agentpod/agentpod:${cliVersion}`]: 'sha256:a', 'agentpod/traefik:3.7.15': 'sha256:t' };
const names = ['agentpod-server', 'agentpod-gateway', 'agentpod-traefik'];

let docker: FakeDocker;
beforeEach(async () => {
  docker = await fakeDocker({ images });
});
afterEach(() => docker.remove());

async function up(
  argv: readonly string[] = [],
  options: TerminalOptions & { routes?: Readonly<Record<string, Route>> } = {},
) {
  const { port, requests } = await serve(options.routes ?? answering);
  const run = await agentpod(['up', '--listen', `127.0.0.1:${port}`, ...argv], {
    proc: docker.proc,
    ...options,
    env: { ...docker.env, ...options.env },
  });
  return { ...run, requests };
}

const started = (calls: readonly (readonly string[])[]) =>
  calls
    .filter(([verb, first]) => verb === 'run' && first === '--detach')
    .map((call) => call[call.indexOf('--name') + 1]);

describe('the first time', () => {
  test('makes the data directory, the keys and the three containers, and says where to go', async () => {
    const { exitCode, stdout, stderr, requests } = await up();
    expect(stderr).toContain('✓ agentpod-server: created');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('http://console.localhost\n');
    expect(stdout).toContain('http://console.localhost/setup?token=once');
    expect(stderr).toContain('agentpod create acme --wait');
    expect((await stat(docker.data)).mode & 0o777).toBe(0o700);
    expect((await stat(join(docker.data, 'up.json'))).mode & 0o777).toBe(0o600);
    const calls = await docker.calls();
    const init = calls.findIndex((call) => call.at(-1) === 'init');
    expect(calls[init]).toContain('--rm');
    expect(started(calls)).toEqual(names);
    expect(init).toBeLessThan(calls.findIndex((call) => call.includes('--detach')));
    expect(requests.map(({ path }) => path)).toContain('/v1/setup/link');
  });

  test('hardens every container, and gives each its own share of the data alone', async () => {
    await up();
    const runs = (await docker.calls()).filter((call) => call.includes('--detach'));
    const mounts = runs.map((call) => call.filter((_, index) => call[index - 1] === '--volume'));
    const { data } = docker;
    expect(mounts).toEqual([
      ['/var/run/docker.sock:/var/run/docker.sock', `${data}:${data}`],
      [`${data}/gateway:${data}/gateway:ro`],
      [`${data}/ingress:${data}/ingress:ro`, `${data}/traefik:${data}/traefik:ro`, `${data}/acme:${data}/acme`],
    ]);
    for (const call of runs) {
      const text = call.join(' ');
      for (const option of [
        '--network host',
        '--restart unless-stopped',
        '--read-only',
        '--cap-drop ALL',
        'no-new-privileges',
        '--pids-limit',
      ]) {
        expect(text).toContain(option);
      }
    }
    expect(runs.map((call) => call.includes('NET_BIND_SERVICE'))).toEqual([false, false, true]);
  });

  test('no secret of the data directory or the environment gets into arguments', async () => {
    await mkdir(docker.data);
    await writeFile(join(docker.data, 'root.token'), 'apt_planted_root\n', { mode: 0o600 });
    const env = { AGENTPOD_TOKEN: 'apt_planted_env', AGENTPOD_MASTER_KEY: 'planted_master' };
    const { stdout, stderr } = await up([], { env });
    expect(JSON.stringify(await docker.calls()) + stdout + stderr).not.toContain('planted');
  });

  test('speaks to the server with the token that the server left there', async () => {
    await mkdir(docker.data);
    await writeFile(join(docker.data, 'root.token'), 'apt_root\n');
    const { requests } = await up();
    expect(requests.at(-1)?.headers.authorization).toBe('Bearer apt_root');
  });

  test('once it is set up there is no link any more', async () => {
    const { exitCode, stdout } = await up(['--json'], {
      routes: { ...answering, 'GET /v1/setup': () => ({ done: true }) },
    });
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      consoleUrl: 'http://console.localhost',
      mode: 'local',
      version: '0.1.0',
      dataDir: docker.data,
    });
  });

  test.each([
    ['y', 0],
    ['n', 2],
  ])('a person is asked first: %s', async (stdin, exit) => {
    const { exitCode, stderr } = await up([], { tty: true, stdin });
    expect(stderr).toContain('takes port 80');
    expect(exitCode).toBe(exit);
    expect(await docker.containers()).toHaveLength(exit === 0 ? 3 : 0);
  });

  test('images come from a registry when they are not there and no recipe came along', async () => {
    await docker.change({ images: {}, registry: Object.keys(images) });
    expect(await up([], { env: { AGENTPOD_HOME: docker.data } })).toMatchObject({ exitCode: 0 });
    expect((await docker.calls()).filter(([verb]) => verb === 'pull')).toHaveLength(2);
  });

  test('a recipe that came along is never passed over for what a registry has under our name', async () => {
    const home = join(docker.data, '..', 'home');
    for (const name of ['agentpod', 'traefik']) {
      await mkdir(join(home, 'deploy/images', name), { recursive: true });
      await writeFile(join(home, 'deploy/images', name, 'build.sh'), 'echo "building with $*" >&2; exit 3\n');
    }
    await docker.change({ images: {}, registry: Object.keys(images) });
    const { exitCode, stderr } = await up([], { env: { AGENTPOD_HOME: home } });
    expect(stderr).toContain('building with 0.1.0');
    expect(exitCode).toBe(6);
    expect((await docker.calls()).filter(([verb]) => verb === 'pull')).toEqual([]);
  });
});

describe('again', () => {
  const again = async (argv: readonly string[] = [], routes = answering) => {
    const { port } = await serve(routes);
    await agentpod(['up', '--listen', `127.0.0.1:${port}`], { env: docker.env, proc: docker.proc });
    await docker.calls();
    // Our own containers hold the ports now.
    await writeFile(
      join(docker.proc, 'net', 'tcp'),
      [80, port, 7200, 7201, 8088].map((held) => listeningOn(held, held)).join(''),
    );
    const run = await agentpod(['up', ...argv], { env: docker.env, proc: docker.proc });
    return { ...run, calls: await docker.calls() };
  };

  test('a bare "up" repeats the settings and touches nothing', async () => {
    const { exitCode, stderr, calls } = await again();
    expect(stderr).toContain('✓ agentpod-server: runs already, unchanged');
    expect(exitCode).toBe(0);
    expect(started(calls)).toEqual([]);
    expect(calls.map(([verb]) => verb)).not.toContain('rm');
  });

  test('only what a changed setting concerns is made anew', async () => {
    const { exitCode, calls } = await again(['--email', 'ops@example.com']);
    expect(exitCode).toBe(0);
    expect(started(calls)).toEqual(['agentpod-server']);
    expect(calls).toContainEqual(['stop', '-t', '30', 'agentpod-server']);
    expect(JSON.parse(await readFile(join(docker.data, 'up.json'), 'utf8'))).toMatchObject({
      email: 'ops@example.com',
      mode: 'local',
    });
  });

  test('the proxy is made anew when its own configuration changed', async () => {
    await up();
    await docker.calls();
    await mkdir(join(docker.data, 'traefik'), { recursive: true });
    await writeFile(join(docker.data, 'traefik', 'traefik.yml'), 'entryPoints: changed\n');
    await agentpod(['up'], { env: docker.env, proc: docker.proc });
    expect(started(await docker.calls())).toEqual(['agentpod-traefik']);
  });

  test('a container that was stopped is started, a rebuilt image replaces what ran the old one', async () => {
    await up();
    await docker.stopped('agentpod-server');
    await docker.change({ images: { ...images, 'agentpod/traefik:3.7.15': 'sha256:rebuilt' } });
    await docker.calls();
    await agentpod(['up'], { env: docker.env, proc: docker.proc });
    const calls = await docker.calls();
    expect(calls).toContainEqual(['start', 'agentpod-server']);
    expect(started(calls)).toEqual(['agentpod-traefik']);
  });

  test('down stops all three, the ingress first, and says that agents go on', async () => {
    await up();
    const down = await agentpod(['down'], { env: docker.env });
    expect(down).toMatchObject({ exitCode: 0 });
    expect(down.stderr).toContain('keep running');
    const stops = (await docker.calls()).filter(([verb]) => verb === 'stop').map((call) => call.at(-1));
    expect(stops).toEqual(names.toReversed());
    expect((await agentpod(['down'], { env: docker.env })).stdout).toContain('does not run');
  });
});

describe('what goes wrong leaves nothing half-made and says what to do', () => {
  test.each<[string, Partial<DockerWorld>, number, string, string]>([
    [
      'Docker does not answer',
      { down: 'Cannot connect to the Docker daemon' },
      5,
      'Docker does not answer',
      'systemctl start docker',
    ],
    [
      'no right to use Docker',
      { down: 'Got permission denied while trying' },
      5,
      'permission denied',
      'run it with sudo',
    ],
    [
      'a container of docker compose is there',
      { containers: { 'agentpod-server': { state: 'running', labels: { 'com.docker.compose.project': 'deploy' } } } },
      4,
      'not made by agentpod up',
      'docker compose',
    ],
    [
      'a stranger of that name is there',
      { containers: { 'agentpod-gateway': { state: 'exited', labels: {} } } },
      4,
      'agentpod-gateway',
      'docker rm -f',
    ],
  ])('%s', async (_what, world, exit, sentence, remedy) => {
    await docker.change(world);
    const { exitCode, stderr } = await up();
    expect(exitCode).toBe(exit);
    expect(stderr).toContain(sentence);
    expect(stderr).toContain(remedy);
    expect(started(await docker.calls())).toEqual([]);
    await expect(stat(docker.data)).rejects.toThrow('ENOENT');
  });

  test('there is no docker command', async () => {
    const { exitCode, stderr } = await agentpod(['up'], {
      proc: docker.proc,
      env: { PATH: '/nonexistent', AGENTPOD_DATA_DIR: docker.data },
    });
    expect(exitCode).toBe(5);
    expect(stderr).toContain('apt install docker.io');
  });

  test('a port that is taken names its holder and the option', async () => {
    await writeFile(join(docker.proc, 'net', 'tcp'), listeningOn(80, 4711));
    await mkdir(join(docker.proc, '99', 'fd'), { recursive: true });
    await symlink('socket:[4711]', join(docker.proc, '99', 'fd', '3'));
    await writeFile(join(docker.proc, '99', 'comm'), 'nginx\n');
    const { exitCode, stderr } = await up();
    expect(exitCode).toBe(4);
    expect(stderr).toContain('port 80 is taken by nginx (PID 99)');
    expect(stderr).toContain('choose another port with --http-port');
    expect(await up(['--http-port', '8080'])).toMatchObject({ exitCode: 0 });
  });

  test('port 443 matters only where certificates are', async () => {
    await writeFile(join(docker.proc, 'net', 'tcp'), listeningOn(443, 4711));
    expect(await up()).toMatchObject({ exitCode: 0 });
    const { exitCode, stderr } = await up(['--base-domain', 'agents.example.com', '--mode', 'domain']);
    expect(exitCode).toBe(4);
    expect(stderr).toContain('--https-port');
  });

  test.each([
    [['--mode', 'domain'], '--base-domain'],
    [['--email', 'nobody'], '--email'],
    [['--http-port', '0'], '--http-port'],
    [['--supernet', '10.0.0.0/99'], 'not an IPv4 subnet'],
    [['--data-dir', 'relative'], '--data-dir'],
    [['--data-dir', '/with:colon'], '--data-dir'],
  ])('%j is refused before Docker is asked', async (argv, sentence) => {
    const { exitCode, stderr } = await up(argv);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(sentence);
    expect(await docker.calls()).toEqual([]);
  });

  test('no registry has the image and there is no recipe', async () => {
    await docker.change({ images: {} });
    const { exitCode, stderr } = await up([], { env: { AGENTPOD_HOME: docker.dir } });
    expect(exitCode).toBe(6);
    expect(stderr).toContain(`there is no image agentpod/agentpod:${cliVersion}`);
  });

  test('settings that cannot be read are named', async () => {
    await mkdir(docker.data);
    await writeFile(join(docker.data, 'up.json'), '{');
    const { exitCode, stderr } = await up();
    expect(exitCode).toBe(2);
    expect(stderr).toContain(join(docker.data, 'up.json'));
  });

  test('what Docker refuses to run is said in its words', async () => {
    await docker.change({ refuses: 'init' });
    const { exitCode, stderr } = await up();
    expect(exitCode).toBe(6);
    expect(stderr).toContain('init is refused');
    expect(started(await docker.calls())).toEqual([]);
  });

  test('a part that does not come up is shown with its last words', async () => {
    await docker.change({ crashes: 'agentpod-gateway' });
    const { exitCode, stderr } = await up([], { hurry: 100_000 });
    expect(exitCode).toBe(5);
    expect(stderr).toContain('agentpod-gateway was not up after 120 s');
    expect(stderr).toContain('cannot bind 10.203.255.1');
    expect(stderr).toContain('docker logs agentpod-gateway');
  });

  test('a server that stays away is waited for, until it is there', async () => {
    let asked = 0;
    const slow: Route = (request, response) =>
      asked++ < 3 ? fails('unavailable', 'Starting', 'not yet')(request, response) : { done: true };
    expect(await up([], { routes: { ...answering, 'GET /v1/setup': slow } })).toMatchObject({ exitCode: 0 });
  });
});
