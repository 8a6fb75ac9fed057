import { randomUUID } from 'node:crypto';
import { engineNames } from '@agentpod/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { FileCheck } from '../../ports/runtime.ts';
import { anInstallation, docker, missingEngine, removeAllOf, stubImageId } from '../../testing/real-docker.ts';
import { describeReal } from '../../testing/real-parts.ts';
import { DockerRuntime } from './docker-runtime.ts';

describeReal('the check of files in Docker', missingEngine, () => {
  const { signal } = new AbortController();
  let installation: ReturnType<typeof anInstallation>;
  let runtime: DockerRuntime;
  let agentId: string;
  beforeEach(() => {
    installation = anInstallation();
    runtime = new DockerRuntime(installation);
    agentId = randomUUID();
  });
  afterEach(async () => removeAllOf(installation.installation), 60_000);

  const checkOf = (script: string, differences: Partial<FileCheck> = {}): FileCheck => ({
    agentId,
    imageId: stubImageId,
    files: [{ path: 'a/b.json', content: '{"名":1}', policy: 'replace' }],
    user: '1000:1000',
    command: ['/bin/sh', '-c', script],
    env: { GREETING: 'hi' },
    mount: '/etc/agent',
    memoryBytes: 64 * 1024 ** 2,
    ...differences,
  });
  const run = async (script: string, differences: Partial<FileCheck> = {}) =>
    runtime.validateFiles(checkOf(script, differences), signal);
  const ours = async () =>
    docker.listContainers({
      all: true,
      filters: { label: [`agentpod.installation=${installation.installation}`] },
    });
  const volumes = async () => ((await docker.listVolumes()).Volumes ?? []).map(({ Name }) => Name);

  test('runs as the user, with the environment, and finds the files as that user alone may read them', async () => {
    const { output } = await run(
      'id -u; echo $GREETING; cat /etc/agent/a/b.json; stat -c "%a %u:%g" /etc/agent/a/b.json',
    );
    expect(output.split('\n')).toEqual(['1000', 'hi', '{"名":1}400 1000:1000']);
  });

  test('has no network, no way to write elsewhere, no capabilities, and few processes', async () => {
    const script = [
      'ls /sys/class/net',
      'touch /x 2>/dev/null || echo read-only',
      'grep CapEff /proc/self/status | tr -d "\\t"',
      'grep NoNewPrivs /proc/self/status | tr -d "\\t"',
    ].join('; ');
    // As root, so that it is the file system that refuses, not the rights.
    expect((await run(script, { user: '0:0' })).output.split('\n')).toEqual([
      'lo',
      'read-only',
      'CapEff:0000000000000000',
      'NoNewPrivs:1',
    ]);
  });

  test('leaves neither a container nor a volume, whatever came of it', async () => {
    const before = new Set(await volumes());
    await run('exit 0');
    await run('exit 1');
    await expect(run('kill -9 $$')).rejects.toMatchObject({ reason: 'CheckFailed' });
    await expect(run('', { command: ['/no/such/program'] })).rejects.toThrow(/no such file/i);
    expect(await ours()).toEqual([]);
    // Other suites work on the same engine: only what a check would leave is looked for, volumes without a name.
    const left = (await volumes()).filter((name) => !before.has(name) && /^[0-9a-f]{64}$/.test(name));
    expect(left).toEqual([]);
  });

  test('a judge that is killed or out of memory gave no verdict: that is not a refusal', async () => {
    await expect(run('echo so far; kill -9 $$')).rejects.toMatchObject({
      kind: 'unavailable',
      reason: 'CheckFailed',
      message: expect.stringMatching(/ended with code 137: so far/),
    });
    const greedy = run('a=x; while :; do a=$a$a; done', { memoryBytes: 16 * 1024 ** 2 });
    await expect(greedy).rejects.toMatchObject({ reason: 'CheckFailed' });
  });

  test('a judge that talks without end is cut, and cannot take over a terminal', async () => {
    const { ok, output } = await run('printf "\\033]0;owned\\007"; yes loud | head -n 100000; exit 1');
    expect(ok).toBe(false);
    expect(output.length).toBeLessThanOrEqual(4000);
    expect(output).not.toMatch(/\u001b|\u0007/);
  });

  test('a caller that gives up waits for nothing, and the judge is gone', async () => {
    const stop = new AbortController();
    const check = runtime.validateFiles(checkOf('sleep 60'), stop.signal);
    await expect.poll(async () => (await ours()).map(({ State }) => State), { timeout: 20_000 }).toEqual(['running']);
    stop.abort(new Error('gave up'));
    await expect(check).rejects.toThrow('gave up');
    await expect.poll(ours, { timeout: 20_000 }).toEqual([]);
  });

  test('one that a crash of ours left behind is found by its label and removed', async () => {
    const Labels = {
      'agentpod.installation': installation.installation,
      'agentpod.role': 'helper',
      'agentpod.agent': agentId,
    };
    const name = `${engineNames(agentId).network}-check`;
    await docker.createContainer({
      name,
      Image: stubImageId,
      Cmd: ['true'],
      Labels,
      HostConfig: { NetworkMode: 'none' },
    });
    expect(await run('exit 0')).toEqual({ ok: true, output: '' });
    expect(await ours()).toEqual([]);
  });
});
