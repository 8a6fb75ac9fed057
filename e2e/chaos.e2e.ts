import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { audit } from './harness/audit.ts';
import { strikeAgent, strikePlane } from './harness/chaos-faults.ts';
import { ControlPlane } from './harness/control-plane.ts';
import { createAll } from './harness/create.ts';
import { Dice } from './harness/dice.ts';
import { inspectContainer, instanceOf } from './harness/engine.ts';
import { EngineWatch } from './harness/engine-watch.ts';
import { answers } from './harness/measure.ts';
import { until } from './harness/processes.ts';
import { Visitor } from './harness/visitor.ts';

/**
 * Random real faults of ten stub agents, two real ones and AgentPod itself. A run is told again by its seed.
 *   AGENTPOD_CHAOS_SECONDS    how long (default 120; 600 at night)
 *   AGENTPOD_CHAOS_SEED       default: another one each time
 */
const seconds = Number(process.env['AGENTPOD_CHAOS_SECONDS'] ?? 120);
const seed = Number(process.env['AGENTPOD_CHAOS_SEED'] ?? Date.now() % 1_000_000);

const plane = new ControlPlane({ slot: 12 });
const visitor = new Visitor(plane);
const watch = new EngineWatch();
const stubs = Array.from({ length: 10 }, (_, index) => `tenant-${index}`);
const realOnes = ['real-a', 'real-b'];

beforeAll(async () => {
  await plane.start();
  await visitor.logIn();
  await createAll(plane, [
    ...stubs.map((name) => [name, '--type', 'stub']),
    ...realOnes.map((name) => [name, '--type', 'openclaw']),
  ]);
  watch.start(plane);
});
afterAll(async () => {
  await watch.stop();
  await plane.destroy();
});

test(
  'whatever happens, in the end everything answers, and the events explain every start of every container',
  async () => {
    console.log(`chaos: ${seconds} s with seed ${seed}`);
    const dice = new Dice(seed);
    const { items: agents } = await plane.client.listAgents();
    const began = Date.now();
    const end = began + seconds * 1000;
    const say = (what: string) => console.log(`chaos: ${((Date.now() - began) / 1000).toFixed(1)} s ${what}`);
    // Two sequences of their own: how long the plane is away must not change what happens to the agents.
    const forPlane = new Dice(seed + 1);
    const onAgents = (async () => {
      while (Date.now() < end) {
        say(await strikeAgent(plane, agents, dice));
        await pause(500 + dice.next() * 4000);
      }
    })();
    while (Date.now() < end) {
      await pause(2000 + forPlane.next() * 13_000);
      say(await strikePlane(plane, forPlane));
    }
    await onAgents;

    // More than the policy allows may have hit one agent: that it stalls then is right, and a person would do this. A
    // hang of the last second is known only when the control plane is back and has missed three answers.
    await pause(25_000);
    for (const { ref, state } of (await plane.client.listAgents()).items) {
      if (state === 'stalled') say(`${ref} is stalled: ${(await plane.cli('restart', ref)).code}`);
    }
    await until('everything answers', 180, async () =>
      (await Promise.all(agents.map((agent) => answers(visitor, agent)))).every(Boolean),
    );
    say('everything answers');
    await until('everything is Ready', 60, async () => {
      const { items } = await plane.client.listAgents();
      return items.every(({ ref, state }) => {
        if (state === 'stalled') void plane.cli('restart', ref);
        return state === 'ready';
      });
    });
    for (const agent of agents) {
      const { HostConfig } = await inspectContainer(await instanceOf(plane, agent));
      expect([agent.ref, HostConfig.NanoCpus]).toEqual([agent.ref, agent.spec.resources.cpus * 1e9]);
    }
    const told = await Promise.all(
      agents.map(async (view) => ({ view, events: (await plane.client.events(view.ref)).items })),
    );
    const complaints = audit(told, watch);
    if (complaints.length > 0) {
      for (const { agent, what } of complaints) console.log(`chaos: ${agent}: ${what}`);
      for (const { view, events } of told) {
        for (const one of events)
          console.log(`chaos: ${view.ref} ${one.time} ${one.count}× ${one.reason}: ${one.message}`);
      }
    }
    expect(complaints).toEqual([]);
  },
  (seconds + 300) * 1000,
);
