import type { AgentView } from '@agentpod/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ContainerRun, runOf } from './harness/containers.ts';
import { ControlPlane } from './harness/control-plane.ts';
import { createAll } from './harness/create.ts';
import { EngineWatch } from './harness/engine-watch.ts';
import { answers } from './harness/measure.ts';
import { OwnEngine } from './harness/own-engine.ts';
import { until } from './harness/processes.ts';
import { inShort, Told } from './harness/told.ts';
import { Visitor } from './harness/visitor.ts';

/** On an engine of its own: the machine's other containers are not in it. */
const own = new OwnEngine();
const plane = new ControlPlane({ slot: 11, engine: own.socket });
const visitor = new Visitor(plane);
const told = new Told();
const names = Array.from({ length: 20 }, (_, index) => `tenant-${index}`);

beforeAll(async () => {
  await own.start();
  await own.copyImage('agentpod-test/stub-agent:1');
  await Promise.all([told.start(), plane.start()]);
  await visitor.logIn();
  await told.subscribe(plane);
  await createAll(
    plane,
    names.map((name) => [name, '--type', 'stub']),
  );
});
afterAll(async () => {
  await plane.destroy();
  await own.destroy();
  await told.stop();
});

interface Fleet {
  readonly agents: readonly AgentView[];
  readonly runs: ReadonlyMap<string, ContainerRun>;
}

async function fleet(): Promise<Fleet> {
  const agents = (await plane.client.listAgents()).items;
  const runs = await Promise.all(agents.map(async (agent) => [agent.ref, await runOf(plane, agent)] as const));
  return { agents, runs: new Map(runs) };
}

async function allAnswer(agents: readonly AgentView[], seconds: number): Promise<void> {
  await until('all of them answer', seconds, async () =>
    (await Promise.all(agents.map((agent) => answers(visitor, agent)))).every(Boolean),
  );
}

/** The same containers, each started once more, and not one of these starts is held against the agent. */
async function expectStartedOnceMore(before: Fleet, watch: EngineWatch): Promise<void> {
  const after = await fleet();
  expect([...after.runs].map(([ref, run]) => [ref, run.id])).toEqual(
    [...before.runs].map(([ref, run]) => [ref, run.id]),
  );
  for (const [ref, run] of after.runs) {
    expect([ref, run.startedAt === before.runs.get(ref)?.startedAt]).toEqual([ref, false]);
    expect([ref, watch.of(run.id, 'start').length]).toEqual([ref, 1]);
  }
  const starts = watch.all.filter(({ action }) => action === 'start').map(({ at }) => at);
  console.log(`figure: 20 starts within ${Math.round(Math.max(...starts) - Math.min(...starts))} ms`);
  expect(after.agents.map(({ ref, status }) => [ref, status.instance?.restarts])).toEqual(
    before.agents.map(({ ref, status }) => [ref, status.instance?.restarts]),
  );
  for (const { ref } of after.agents) {
    const reasons = (await plane.client.events(ref)).items.map(({ reason }) => reason);
    expect([ref, reasons.includes('EngineRestarted')]).toEqual([ref, true]);
  }
}

test('the engine restarted below twenty agents: all are back, and people hear of one trouble, the host’s', async () => {
  const before = await fleet();
  const began = Date.now();
  await own.stop();
  await own.start();
  const watch = new EngineWatch();
  watch.start(plane);
  const engineMs = Date.now() - began;
  await allAnswer(before.agents, 90);
  console.log(`figure: engine restart (${engineMs} ms) → 20 agents answering after ${Date.now() - began} ms`);
  await until('all are Ready', 60, async () =>
    (await plane.client.listAgents()).items.every(({ state }) => state === 'ready'),
  );
  expect(await told.onceAndOver('host', { seconds: 90 })).toMatchObject({
    rule: 'EngineUnreachable',
    subject: { kind: 'host' },
  });
  expect(told.webhook.notices.filter(({ subject }) => subject.kind === 'agent').map(inShort)).toEqual([]);
  await expectStartedOnceMore(before, watch);
  await watch.stop();
});

test('the engine restarted while the control plane was dead: the same, once it is back', async () => {
  const before = await fleet();
  const since = Date.now();
  await plane.stop('server', 'SIGKILL');
  await own.stop();
  await own.start();
  const watch = new EngineWatch();
  watch.start(plane);
  const began = Date.now();
  await plane.startServer();
  await allAnswer(before.agents, 90);
  console.log(
    `figure: control plane back after an engine restart → 20 agents answering after ${Date.now() - began} ms`,
  );
  await told.onceAndOver('host', { after: since, seconds: 90 });
  expect(told.webhook.notices.filter(({ subject }) => subject.kind === 'agent').map(inShort)).toEqual([]);
  await expectStartedOnceMore(before, watch);
  await watch.stop();
});
