import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { isSameRun, runOf, signalAgentProcess } from '../harness/containers.ts';
import { answers, figure, recoveryFrom } from '../harness/measure.ts';
import { until } from '../harness/processes.ts';
import { outsideAddress } from '../harness/visitor.ts';
import type { Scene } from './scene.ts';

const openclawPort = 18_789;
const mebibyte = 2 ** 20;
/** Within a lane one after the other. */
const inOrder = { concurrent: false };
/** With the others booting beside it; the promise for a quiet machine is measured by `npm run bench:healing`. */
const patienceSeconds = 90;

/** Real OpenClaw. */
export function openclawLanes(scene: Scene): void {
  const { plane, visitor, told, engine, provider, telegram, keyFile } = scene;
  const agent = (ref: string) => scene.agent(ref);
  const reasonsOf = (ref: string) => scene.reasonsOf(ref);

  describe.concurrent('lane of acme', () => {
    // Mostly waiting: the stub agents' lanes have the processor to themselves meanwhile.
    test('a rejected model key makes it degraded, and restarts nothing', inOrder, async () => {
      const began = Date.now();
      const before = await runOf(plane, await agent('acme'));
      provider.failures.set('fake-1', { status: 401, type: 'invalid_request_error', code: 'invalid_api_key' });
      await plane.cli('chat', 'acme', 'hello?');
      await until('it is degraded', 60, async () => (await agent('acme')).state === 'degraded');
      expect(await told.firing('acme', 60, began)).toMatchObject({ rule: 'ModelFailing', reason: 'ModelKeyRejected' });
      expect(await answers(visitor, await agent('acme'))).toBe(true);
      provider.failures.delete('fake-1');
      // OpenClaw itself does not try a refused key again: a new one is what helps.
      writeFileSync(keyFile, 'sk-another\n', { mode: 0o600 });
      const set = ['model', 'set', 'acme', 'openai-compatible/fake-1', '--base-url', provider.baseUrl];
      expect((await plane.cli(...set, '--key-file', keyFile)).code).toBe(0);
      await until('it speaks again', 60, async () => (await plane.cli('chat', 'acme', 'hello again')).code === 0);
      await told.onceAndOver('acme', { after: began });
      expect(isSameRun(before, await runOf(plane, await agent('acme')))).toBe(true);
    });

    test('docker kill: it answers again after its own boot', inOrder, async () => {
      const began = Date.now();
      const recovery = await recoveryFrom((run) => plane.docker('kill', run.name), {
        plane,
        visitor,
        agent: await agent('acme'),
        seconds: patienceSeconds,
      });
      figure('OpenClaw docker kill', recovery);
      expect(recovery.restartedMs).toBeLessThan(5000);
      expect(recovery.after.id).toBe(recovery.before.id);
      expect(await told.onceAndOver('acme', { after: began })).toMatchObject({ rule: 'AgentDown', reason: 'Exited' });
      expect(await reasonsOf('acme')).toContain('Exited');
    });

    test('kill -STOP of the process that listens: restarted within 12 s', inOrder, async () => {
      const began = Date.now();
      const recovery = await recoveryFrom((run) => signalAgentProcess(run, openclawPort, 'SIGSTOP'), {
        plane,
        visitor,
        agent: await agent('acme'),
        seconds: patienceSeconds,
      });
      const issuedMs = (engine.of(recovery.before.id, 'kill', recovery.faultAt)[0]?.at ?? Infinity) - recovery.faultAt;
      figure(`OpenClaw kill -STOP, issued after ${Math.round(issuedMs)} ms`, recovery);
      expect(issuedMs).toBeLessThanOrEqual(12_000);
      expect(await told.onceAndOver('acme', { after: began })).toMatchObject({ rule: 'AgentDown', reason: 'Hung' });
      expect(await reasonsOf('acme')).toContain('Hung');
    });
  });

  describe.concurrent('lane of bolt', () => {
    test('a refused bot token makes it degraded, and restarts nothing', inOrder, async () => {
      const began = Date.now();
      const apiRoot = await telegram.start(outsideAddress());
      const bot = { enabled: true, botToken: '123:revoked', apiRoot, dmPolicy: 'open', allowFrom: ['*'] };
      const spec = (config: object) => ({ spec: { config } }) as Parameters<typeof plane.client.updateAgent>[1];
      await plane.client.updateAgent('bolt', spec({ channels: { telegram: bot } }));
      const degraded = await until('it is degraded', 120, async () => {
        const now = await agent('bolt');
        return now.state === 'degraded' ? now : undefined;
      });
      const before = await runOf(plane, degraded);
      expect(degraded.status.conditions.find(({ type }) => type === 'ChannelsConnected')).toMatchObject({
        status: 'False',
        message: expect.stringMatching(/telegram/i),
      });
      expect(await told.firing('bolt', 60, began)).toMatchObject({ rule: 'ChannelDown' });
      expect(await answers(visitor, degraded)).toBe(true);

      telegram.validTokens.add('456:valid');
      await plane.client.updateAgent('bolt', spec({ channels: { telegram: { ...bot, botToken: '456:valid' } } }));
      await told.onceAndOver('bolt', { after: began, seconds: 120 });
      expect(isSameRun(before, await runOf(plane, await agent('bolt')))).toBe(true);
    });
  });

  describe.concurrent('lane of cramped', () => {
    test(
      'a limit that was lowered below its needs: out of memory at the first chat, told as that',
      inOrder,
      async () => {
        await plane.client.updateAgent('cramped', { spec: { resources: { memory: 768 * mebibyte } } });
        const name = (await runOf(plane, await agent('cramped'))).name;
        const limit = () => plane.docker('inspect', '--format', '{{.HostConfig.Memory}}', name);
        await until('the limit is live', 30, async () => (await limit()) === String(768 * mebibyte));
        const recovery = await recoveryFrom(() => plane.cli('chat', 'cramped', 'a first conversation'), {
          plane,
          visitor,
          agent: await agent('cramped'),
          seconds: patienceSeconds,
        });
        figure('OpenClaw out of memory', recovery);
        expect(await told.onceAndOver('cramped')).toMatchObject({ rule: 'AgentDown', reason: 'OutOfMemory' });
        expect(await reasonsOf('cramped')).toContain('OutOfMemory');
        await plane.client.updateAgent('cramped', { spec: { resources: { memory: 2048 * mebibyte } } });
        await until('it has what it needs', 30, async () => (await limit()) === String(2048 * mebibyte));
      },
    );

    test('SIGKILL and docker rm -f: made anew, it boots in its normal time and is no crash loop', inOrder, async () => {
      const began = Date.now();
      const recovery = await recoveryFrom(
        async (run) => {
          await plane.docker('kill', '--signal', 'KILL', run.name);
          await plane.docker('rm', '-f', run.name);
        },
        { plane, visitor, agent: await agent('cramped'), seconds: patienceSeconds },
      );
      figure('OpenClaw SIGKILL and rm -f', recovery);
      expect(recovery.after.id).not.toBe(recovery.before.id);
      // The lease of the dead owner, not recognised, would keep it out for five minutes, ending again and again.
      expect(engine.of(recovery.after.id, 'die')).toEqual([]);
      // Whether its end was seen before it was gone is chance; people hear of one trouble.
      const { rule, reason } = await told.onceAndOver('cramped', { after: began });
      expect([rule, ['Exited', 'InstanceGone'].includes(reason)]).toEqual(['AgentDown', true]);
      const reasons = await reasonsOf('cramped');
      expect(reasons).toContain(reason);
      expect(reasons).not.toContain('CrashLoop');
    });

    test('a configuration that OpenClaw refuses never reaches the running agent', inOrder, async () => {
      const began = Date.now();
      const before = await runOf(plane, await agent('cramped'));
      const spec = (config: object) => ({ spec: { config } }) as Parameters<typeof plane.client.updateAgent>[1];
      const refused = await plane.client.updateAgent('cramped', spec({ gateway: { reload: { mode: 5 } } })).then(
        () => undefined,
        (error: { kind: string; message: string }) => error,
      );
      if (refused) {
        expect(refused.kind).toBe('invalid');
      } else {
        // Not known to be wrong beforehand: then the last good one runs on, or again, and people hear of it.
        await until('it is rejected', 120, async () =>
          (await agent('cramped')).status.conditions.some(({ reason }) => reason === 'ConfigRejected'),
        );
        expect(await told.firing('cramped', 60, began)).toMatchObject({ rule: 'ConfigRejected' });
      }
      await until('it answers', 60, async () => answers(visitor, await agent('cramped')));
      if (refused) expect(isSameRun(before, await runOf(plane, await agent('cramped')))).toBe(true);
    });
  });
}
