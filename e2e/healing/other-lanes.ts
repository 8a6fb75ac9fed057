import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { isSameRun, runOf } from '../harness/containers.ts';
import { answers } from '../harness/measure.ts';
import { until } from '../harness/processes.ts';
import { askStub } from '../harness/stub-faults.ts';
import type { Scene } from './scene.ts';

/** Agents that these lanes need: with the demo model, and each with a model of its own name. */
export const bystanders = ['hostile', 'calm'];
export const modelUsers = ['unauthorized', 'unpaid', 'limited', 'misled'];

/** What is told, and troubles that no restart can heal. */
export function otherLanes(scene: Scene): void {
  const { plane, visitor, told, provider } = scene;
  const agent = (ref: string) => scene.agent(ref);
  const isReady = (ref: string) => scene.isReady(ref);

  describe.concurrent('ways to tell people', () => {
    test.each([
      ['pager', () => told.webhook.notices.filter(({ kind }) => kind === 'test').length],
      ['mail', () => told.mailbox.mails.filter(({ raw }) => /^x-agentpod-id: test-/im.test(raw)).length],
    ] as const)('%s is tried out with one command, and a real notice arrives', async (name, arrived) => {
      expect((await plane.cli('alert', 'transport', 'test', name)).code).toBe(0);
      await until('it arrives', 10, async () => arrived() === 1);
    });

    test.each(['http://127.0.0.1:1/hook', 'http://169.254.169.254/latest/meta-data'])(
      'nothing is ever delivered to %s, which leads inside',
      async (url) => {
        const name = `inside-${new URL(url).port || 'metadata'}`;
        const secretFile = join(plane.dataDir, 'webhook.secret');
        const add = ['alert', 'transport', 'add', name, 'webhook', '--set', `url=${url}`];
        const added = await plane.cli(...add, '--secret-file', `secret=${secretFile}`, '--only-tenant', 'killed-not');
        const tried = added.code === 0 ? await plane.cli('alert', 'transport', 'test', name) : added;
        expect(tried.code).not.toBe(0);
        expect(tried.stderr).toMatch(/private|this machine|metadata|not allowed|refus/i);
        if (added.code === 0) expect((await plane.cli('alert', 'transport', 'remove', name)).code).toBe(0);
      },
    );
  });

  describe.concurrent('an agent whose model fails', () => {
    test.each([
      ['unauthorized', { status: 401, type: 'invalid_request_error', code: 'invalid_api_key' }, 'ModelKeyRejected'],
      ['unpaid', { status: 402, type: 'insufficient_quota', code: 'insufficient_quota' }, 'ModelQuotaExhausted'],
      ['limited', { status: 429, type: 'insufficient_quota', code: 'insufficient_quota' }, 'ModelQuotaExhausted'],
    ] as const)('%s: is degraded, people hear of it, and nothing is restarted', async (ref, answer, reason) => {
      const before = await runOf(plane, await agent(ref));
      provider.failures.set(ref, answer);
      expect((await plane.cli('chat', ref, 'hello?')).code).not.toBe(0);
      await until('it is degraded', 60, async () => (await agent(ref)).state === 'degraded');
      expect(await told.firing(ref, 60)).toMatchObject({ rule: 'ModelFailing', reason });
      expect(await answers(visitor, await agent(ref))).toBe(true);
      provider.failures.delete(ref);
      expect((await plane.cli('chat', ref, 'hello again')).code).toBe(0);
      await told.onceAndOver(ref);
      await until('it is well', 30, () => isReady(ref));
      expect(isSameRun(before, await runOf(plane, await agent(ref)))).toBe(true);
    });
  });

  describe.concurrent('an agent with a configuration that it refuses', () => {
    test('misled: goes back to the last good one by itself; people hear what was taken back', async () => {
      const ref = 'misled';
      const setModel = (name: string) =>
        plane.cli('model', 'set', ref, `openai-compatible/${name}`, '--base-url', provider.baseUrl);
      const before = await agent(ref);
      // Good is what held out for half a minute.
      await pause(Math.max(0, Date.parse(before.status.instance?.startedAt ?? '') + 33_000 - Date.now()));
      expect((await setModel('poison')).code).toBe(0);
      const began = Date.now();
      const rejected = await until('it is taken back', 60, async () => {
        const now = await agent(ref);
        const configured = now.status.conditions.find(({ type }) => type === 'Configured');
        return configured?.reason === 'ConfigRejected' && (await answers(visitor, now)) ? now : undefined;
      });
      console.log(`figure: refused configuration → answering with the last good one after ${Date.now() - began} ms`);
      // The words of the person stay, and the truth is told about them.
      expect(rejected.spec.model.name).toBe('poison');
      expect(rejected.generation).toBeGreaterThan(before.generation);
      expect(rejected.status.observedGeneration).toBe(before.generation);
      expect(await told.firing(ref, 30)).toMatchObject({ rule: 'ConfigRejected' });
      const event = (await plane.client.events(ref)).items.find(({ reason }) => reason === 'ConfigRejected');
      expect(event?.message).toMatch(/model\.name.*misled.*poison/);
      await until('it is seen answering', 30, async () => {
        const { conditions } = (await agent(ref)).status;
        return conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
      });
      const { code, stdout } = await plane.cli('chat', ref, 'are you there?');
      expect({ code, stdout: stdout.trim() }).toEqual({ code: 0, stdout: provider.reply });

      expect((await setModel('another')).code).toBe(0);
      await told.onceAndOver(ref);
      await until('it is well', 60, () => isReady(ref));
      expect((await agent(ref)).status.observedGeneration).toBe((await agent(ref)).generation);
    });
  });

  describe.concurrent('an agent with a hostile health answer', () => {
    test('of 10 MB, without an end or of no sense is contained: seen as trouble, and nobody else notices', async () => {
      const run = await runOf(plane, await agent('hostile'));
      for (const as of ['huge', 'endless', 'garbage']) await askStub(run, `/health?as=${as}`);
      await askStub(run, '/health?as=endless');
      await until('it is not taken for well', 90, async () => !(await isReady('hostile')));
      await until('it is told', 150, async () => told.about('hostile').length > 0);
      expect((await plane.cli('list')).code).toBe(0);
      const bystander = await agent('calm');
      await until('a neighbour answers', 60, () => answers(visitor, bystander));
    }, 300_000);
  });
}
