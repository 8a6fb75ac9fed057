import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fakeDocker, type FakeDocker, listeningOn } from '../testing/fake-docker.ts';
import { served } from '../testing/served.ts';
import { fails } from '../testing/stub-server.ts';
import { agentpod } from '../testing/terminal.ts';

const serve = served();
let docker: FakeDocker;
beforeEach(async () => {
  docker = await fakeDocker();
});
afterEach(() => docker.remove());
const away = 'http://127.0.0.1:9';
const examine = (url: string) => agentpod(['doctor'], { url, env: docker.env, proc: docker.proc });

describe('a server that answers', () => {
  test('is believed: all well is exit 0, a warning too', async () => {
    const checks = [
      { name: 'engine', status: 'ok', message: 'docker 20.10' },
      { name: 'disk', status: 'warning', message: 'getting full', remedy: 'Make room.' },
    ];
    const { url } = await serve({ 'GET /v1/doctor': () => ({ checks }) });
    const { exitCode, stdout } = await examine(url);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('✓ engine: docker 20.10\n! disk: getting full\n  to do: Make room.\n');
    expect(await docker.calls()).toEqual([]);
  });

  test('one failed check is exit 1', async () => {
    const { url } = await serve({
      'GET /v1/doctor': () => ({ checks: [{ name: 'engine', status: 'failed', message: 'gone' }] }),
    });
    expect(await examine(url)).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining('✗ engine: gone') as string,
    });
  });

  test('a refused token is a failed check with its remedy, not an abort', async () => {
    const { url } = await serve({ 'GET /v1/doctor': fails('unauthorized', 'LogInFirst', 'log in first') });
    const { exitCode, stdout } = await examine(url);
    expect(exitCode).toBe(1);
    expect(stdout).toContain('✗ control plane: log in first');
    expect(stdout).toContain('AGENTPOD_TOKEN');
  });
});

describe('a server that is away', () => {
  test('leaves what can be seen from outside: engine, containers, data, token, ports', async () => {
    await docker.change({
      containers: {
        'agentpod-server': { state: 'exited', labels: {} },
        'agentpod-traefik': { state: 'running', labels: {} },
      },
    });
    await mkdir(docker.data, { mode: 0o755 });
    await writeFile(join(docker.data, 'root.token'), 'apt_root');
    await writeFile(join(docker.proc, 'net', 'tcp'), listeningOn(80, 1));
    const { exitCode, stdout } = await examine(away);
    expect(exitCode).toBe(1);
    expect(stdout).toContain('✗ control plane: cannot reach');
    expect(stdout).toContain('✓ docker: version 20.10.24');
    expect(stdout).toContain('✗ agentpod-server: is exited, exit code 1');
    expect(stdout).toContain('✗ agentpod-gateway: there is no such container');
    expect(stdout).toContain('✓ agentpod-traefik: runs');
    expect(stdout).toContain('! data directory: other users can get into');
    expect(stdout).toContain('✓ root token');
    expect(stdout).toContain('! port 80: held by another program');
    expect(stdout).toContain('✓ port 443: free');
    expect(stdout).not.toContain('apt_root');
  });

  test('without Docker it says so and goes on', async () => {
    await docker.change({ down: 'Cannot connect to the Docker daemon' });
    const { stdout } = await examine(away);
    expect(stdout).toContain('✗ docker: Docker does not answer');
    expect(stdout).toContain('port 80');
  });

  test('somewhere else nothing is looked at here', async () => {
    const { stdout } = await examine('http://0.0.0.0:9');
    expect(stdout).toContain('✗ control plane');
    expect(stdout).not.toContain('docker');
  });
});
