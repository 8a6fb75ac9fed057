import { describe, expect, test } from 'vitest';
import { type ContainerRun, isSameRun, runOf, signalAgentProcess } from '../harness/containers.ts';
import { figure, recoveryFrom } from '../harness/measure.ts';
import { until } from '../harness/processes.ts';
import { askStub } from '../harness/stub-faults.ts';
import { inShort } from '../harness/told.ts';
import type { ControlPlane } from '../harness/control-plane.ts';
import type { Scene } from './scene.ts';

const patient = process.env['AGENTPOD_E2E_LONG'] !== undefined;
const slowBootSeconds = patient ? 90 : 40;
const stubPort = 8080;

/** Agents that these lanes need. */
export const stubs = [
  'killed',
  'left',
  'stopped',
  'deadlocked',
  'removed',
  'leaking',
  'looping',
  'busy-10',
  'busy-40',
  'throttled',
  'booting',
];
/** Nothing ever happened to them that anybody should hear of. */
const slowOnes = ['busy-10', 'busy-40', 'throttled', 'booting'];

/** Ends, hangs, and what only looks like it. */
export function processLanes(scene: Scene): void {
  const { plane, visitor, told, engine } = scene;
  const agent = (ref: string) => scene.agent(ref);
  const reasonsOf = (ref: string) => scene.reasonsOf(ref);
  const isReady = (ref: string) => scene.isReady(ref);

  /** First and with nothing beside it: here a second counts. */
  describe('an agent that hangs without using the processor', () => {
    const hangs = [
      ['stopped', (run: ContainerRun) => signalAgentProcess(run, stubPort, 'SIGSTOP')],
      ['deadlocked', (run: ContainerRun) => askStub(run, '/deadlock')],
    ] as const;

    test('is restarted within 12 s, stopped or deadlocked', async () => {
      const issued = await Promise.all(
        hangs.map(async ([ref, fault]) => {
          const recovery = await recoveryFrom(fault, { plane, visitor, agent: await agent(ref), seconds: 60 });
          const issuedMs = Math.round(
            (engine.of(recovery.before.id, 'kill', recovery.faultAt)[0]?.at ?? Infinity) - recovery.faultAt,
          );
          figure(`stub ${ref}, issued after ${issuedMs} ms`, recovery);
          expect(recovery.after.id).toBe(recovery.before.id);
          return issuedMs;
        }),
      );
      expect(Math.max(...issued)).toBeLessThanOrEqual(12_000);
    });

    test.each(hangs.map(([ref]) => ref))(
      '%s: people hear of it once, and of its end',
      { concurrent: true },
      async (ref) => {
        expect(await told.onceAndOver(ref)).toMatchObject({ rule: 'AgentDown', reason: 'Hung' });
        expect(await reasonsOf(ref)).toContain('Hung');
      },
    );
  });

  describe.concurrent('an agent that ends', () => {
    test.each([
      ['killed', 'by docker kill', 'Exited', (name: string) => plane.docker('kill', name)],
      ['removed', 'by docker rm -f', 'InstanceGone', (name: string) => plane.docker('rm', '-f', name)],
    ] as const)('%s %s answers again; people hear of it once, and of its end', async (ref, _how, reason, fault) => {
      const recovery = await recoveryFrom((run) => fault(run.name), {
        plane,
        visitor,
        agent: await agent(ref),
        seconds: 60,
      });
      figure(`stub ${ref}`, recovery);
      expect(recovery.after.id === recovery.before.id).toBe(reason !== 'InstanceGone');
      expect(recovery.after.address).toBe(recovery.before.address);
      expect(await told.onceAndOver(ref)).toMatchObject({ rule: 'AgentDown', reason, subject: { kind: 'agent', ref } });
      expect(await reasonsOf(ref)).toContain(reason);
      expect(await isReady(ref)).toBe(true);
    });

    test('left of its own accord with exit code 3, whoever starts it again, is counted once', async () => {
      const recovery = await recoveryFrom((run) => askStub(run, '/exit?code=3'), {
        plane,
        visitor,
        agent: await agent('left'),
        seconds: 60,
      });
      figure('stub exit 3', recovery);
      expect(await told.onceAndOver('left')).toMatchObject({ rule: 'AgentDown', reason: 'Exited' });
      expect((await agent('left')).status.instance?.restarts).toBe(1);
    });

    test('leaking until the kernel ends it is told as what it is', async () => {
      const recovery = await recoveryFrom((run) => askStub(run, '/leak?mb=4096'), {
        plane,
        visitor,
        agent: await agent('leaking'),
        seconds: 60,
      });
      figure('stub out of memory', recovery);
      expect(await told.onceAndOver('leaking')).toMatchObject({ rule: 'AgentDown', reason: 'OutOfMemory' });
      expect(await reasonsOf('leaking')).toContain('OutOfMemory');
    });
  });

  describe.concurrent('an agent that is slow but alive', () => {
    test(`is left alone: busy for 10 and 40 s, throttled, booting for ${slowBootSeconds} s`, async () => {
      const before = new Map(
        await Promise.all(slowOnes.map(async (ref) => [ref, await runOf(plane, await agent(ref))] as const)),
      );
      const runBefore = (ref: string) => before.get(ref) ?? expect.fail(`no run of ${ref}`);
      await askStub(runBefore('busy-10'), '/busy?seconds=10');
      await askStub(runBefore('busy-40'), '/busy?seconds=40');
      await plane.client.updateAgent('throttled', { spec: { resources: { cpus: 0.02 } } });
      // More than a fiftieth of a core can answer: its event loop falls far behind.
      const address = `http://${runBefore('throttled').address}:${stubPort}/echo`;
      const end = Date.now() + 45_000;
      const load = (async () => {
        while (Date.now() < end) {
          await Promise.allSettled(
            Array.from({ length: 20 }, () => fetch(address, { signal: AbortSignal.timeout(1000) })),
          );
        }
      })();

      await askStub(runBefore('booting'), `/boot?seconds=${slowBootSeconds}`);
      expect((await plane.cli('restart', 'booting')).code).toBe(0);
      const booting = await until('the slow one started again', 30, async () => {
        const run = await runOf(plane, await agent('booting'));
        return run.running && !isSameRun(run, runBefore('booting')) ? run : undefined;
      });
      before.set('booting', booting);

      await load;
      await until('all of them are well', slowBootSeconds + 40, async () =>
        (await Promise.all(slowOnes.map((ref) => isReady(ref)))).every(Boolean),
      );
      for (const ref of slowOnes) {
        const now = await runOf(plane, await agent(ref));
        expect([ref, now.id, now.startedAt]).toEqual([ref, runBefore(ref).id, runBefore(ref).startedAt]);
        expect(told.about(ref).map(inShort)).toEqual([]);
      }
    }, 240_000);
  });

  describe.concurrent('an agent that cannot run', () => {
    test('looping: it stalls as a crash loop, people hear of that once, and a restart by hand clears it', async () => {
      const ref = 'looping';
      const run = await runOf(plane, await agent(ref));
      const began = Date.now();
      await askStub(run, '/exit?code=7&again=yes');
      const stalled = await until('it is stalled', 90, async () => {
        const now = await agent(ref);
        return now.state === 'stalled' ? now : undefined;
      });
      expect(stalled.status.conditions.find(({ type }) => type === 'Stalled')).toMatchObject({ reason: 'CrashLoop' });
      expect(stalled.status.lastError).toMatch(/7|asked to end/);
      // Three by the engine's own policy, one by ours, which sets the engine's count to nought, and then nobody again.
      expect(engine.of(run.id, 'start', began).length).toBeLessThanOrEqual(7);
      await removeFromState(plane, run.name, 'exit-code');
      expect((await plane.cli('restart', ref, '--wait')).code).toBe(0);
      expect(await told.onceAndOver(ref)).toMatchObject({ rule: 'AgentDown' });
      expect(await reasonsOf(ref)).toContain('CrashLoop');
      expect(await isReady(ref)).toBe(true);
    });

    test('stillborn: an image that exits at once stalls, says why, and is told once', async () => {
      const created = await plane.cli(
        'create',
        'stillborn',
        '--type',
        'stub',
        '--version',
        '66',
        '--wait',
        '--timeout',
        '90',
      );
      expect(created.code).not.toBe(0);
      const stalled = await until('it is stalled', 60, async () => {
        const now = await agent('stillborn');
        return now.state === 'stalled' ? now : undefined;
      });
      expect(stalled.status.lastError).toMatch(/code 3/);
      expect(await told.firing('stillborn', 30)).toMatchObject({ rule: 'AgentDown' });
      await until('people hear that it is critical', 30, async () =>
        told.about('stillborn').some(({ severity, reason }) => severity === 'critical' && reason === 'CrashLoop'),
      );
      expect((await plane.cli('delete', 'stillborn', '--yes', '--purge', '--wait')).code).toBe(0);
      expect(told.about('stillborn').filter(({ kind }) => kind === 'firing')).toHaveLength(1);
    });
  });
}

/** Through the volume: the container ends before anybody could get in. */
async function removeFromState(plane: ControlPlane, container: string, file: string): Promise<void> {
  const volume = await plane.docker(
    'inspect',
    '--format',
    '{{range .Mounts}}{{if eq .Destination "/state"}}{{.Name}}{{end}}{{end}}',
    container,
  );
  const image = 'agentpod-test/stub-agent:1';
  await plane.docker('run', '--rm', '--network', 'none', '--volume', `${volume}:/state`, image, 'rm', `/state/${file}`);
}
