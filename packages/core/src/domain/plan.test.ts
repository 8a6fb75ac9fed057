import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Agent } from './agent.ts';
import { findCondition, mergeFindings } from './condition.ts';
import type { EngineView, ObservedInstance, Observation } from './observation.ts';
import { plan } from './plan.ts';
import {
  agent,
  block,
  finding,
  health,
  instance,
  kinds,
  limits,
  names,
  networks,
  now,
  restart,
  revision,
  route,
  seen,
  settledRecord,
  target,
  volumes,
} from './plan-under-test.ts';
import type { Step } from './step.ts';

describe('a new agent', () => {
  test('first gets an address of its own', () => {
    expect(kinds(seen({ agent: agent({ block: undefined }), target: undefined }))).toEqual(['reserveBlock']);
  });

  test('then everything it needs in one stretch, and nothing starts before its files are there', () => {
    const steps = kinds(seen({ agent: agent(), engine: { networks: [], volumes: [], instances: [] } }));
    expect(steps).toEqual([
      'ensureImage',
      'createNetwork',
      'createVolume',
      'deliverFiles',
      'createVolume',
      'deliverFiles',
      'createInstance',
      'startInstance',
    ]);
  });

  test('moves to another block when a stranger already uses its addresses', () => {
    const stretch = seen({
      agent: agent(),
      engine: { networks: [], volumes: [], instances: [] },
      foreignOverlap: ['10.203.0.0/24'],
    });
    expect(kinds(stretch)).toEqual(['releaseBlock', 'reserveBlock']);
  });
});

describe('a running agent', () => {
  test('is left alone when all is as it should be, and is Ready', () => {
    expect(plan(seen()).steps).toEqual([]);
    expect(finding(seen(), 'Ready')).toMatchObject({ status: 'True' });
  });

  test.each([
    ['has not started', { health: { ...health, started: 'no' as const } }],
    ['has no RPC', { health: { ...health, rpc: 'no' as const } }],
    ['was last seen healthy before it was started again', { health: { ...health, startedAt: now - 120_000 } }],
    ['was never looked at', { health: undefined }],
    ['has no live route', { route: { ...route, live: false } }],
    ['has no certificate', { route: { ...route, certificate: 'failed' as const } }],
    ['does not answer through the ingress', { route: { ...route, answers: 'no' as const } }],
  ])('is not Ready when it %s', (_what, changes) => {
    expect(finding(seen(changes), 'Ready')).toMatchObject({ status: 'False' });
    expect(plan(seen(changes)).steps).toEqual([]);
  });

  test('gets new files without a new container', () => {
    expect(kinds(seen({ target: { ...target, configRevision: 'c2' } }))).toEqual(['deliverFiles']);
  });

  test('gets only the file that changed: a new soul does not bring back an old memory', () => {
    const [soul, memory] = target.stateFiles;
    const changed = { ...target, stateRevision: 's2', stateFiles: [{ ...soul!, revision: 'soul2' }, memory!] };
    expect(plan(seen({ target: changed })).steps).toMatchObject([
      { kind: 'deliverFiles', role: 'state', files: [{ path: 'SOUL.md' }] },
    ]);
  });

  test('gets new limits without a restart', () => {
    expect(kinds(seen({ target: { ...target, limits: { ...limits, memoryBytes: 2 ** 31 } } }))).toEqual(['setLimits']);
  });

  test('is replaced when its shape changed: the old one goes before the new one comes', () => {
    const changed = seen({ target: { ...target, instanceRevision: 'cccccccc' } });
    expect(kinds(changed)).toEqual(['releaseRun', 'stopInstance', 'removeInstance']);
  });

  test('is restarted once when a person asks for it', () => {
    const asked = { ...settledRecord, restartRequestedAt: now - 1000 };
    expect(kinds(seen({ agent: agent({ recorded: asked }) }))).toEqual([
      'stopInstance',
      'startInstance',
      'honourRestart',
    ]);
    const none = { networks, volumes, instances: [] };
    expect(kinds(seen({ agent: agent({ recorded: { ...asked, run: undefined } }), engine: none }))).toEqual([
      'createInstance',
      'startInstance',
      'honourRestart',
    ]);
    const after = { networks, volumes, instances: [instance({ startedAt: now })] };
    expect(kinds(seen({ agent: agent({ recorded: asked }), engine: after }))).toEqual(['noteRun']);
  });

  test('gets its files again when the volume is another one', () => {
    const engine = {
      networks,
      volumes: [volumes[0]!, { name: names.config, createdAt: 'w' }],
      instances: [instance()],
    };
    expect(kinds(seen({ engine }))).toEqual(['deliverFiles']);
  });
});

describe('an exited agent', () => {
  const exited = (changes: Partial<ObservedInstance>, recorded = settledRecord) =>
    seen({
      agent: agent({ recorded }),
      engine: {
        networks,
        volumes,
        instances: [instance({ state: 'exited', finishedAt: now - 10, exitCode: 1, ...changes })],
      },
    });

  test('is started again, counted before it is started', () => {
    expect(kinds(exited({}))).toEqual(['countRestart', 'startInstance']);
  });

  test('waits longer after each exit', () => {
    const waiting = exited(
      {},
      { ...settledRecord, restarts: [now - 5000, now - 3000, now - 2000].map((at) => restart(at)) },
    );
    expect(plan(waiting)).toMatchObject({ steps: [], lookAgainAt: now - 10 + 4000 });
  });

  test('is not started again when its exit code says that cannot help', () => {
    const refused = exited({ exitCode: 78 });
    expect(plan(refused).steps).toEqual([]);
    expect(finding(refused, 'Stalled')).toMatchObject({ status: 'True', reason: 'ConfigRefused' });
  });

  test('is started again even then when a person asks', () => {
    const asked = { ...settledRecord, restartRequestedAt: now };
    expect(kinds(exited({ exitCode: 78 }, asked))).toEqual(['startInstance', 'honourRestart']);
    // Once: an end after that is judged by itself, also when the clock was set back.
    expect(plan(exited({ exitCode: 78 }, { ...asked, restartHonoured: now })).steps).toEqual([]);
  });

  test('says that memory was the reason', () => {
    expect(finding(exited({ exitCode: 137, outOfMemory: true }), 'Running')).toMatchObject({ reason: 'OutOfMemory' });
  });
});

describe('data', () => {
  test('that is gone is never replaced by an empty volume', () => {
    const gone = seen({ engine: { networks, volumes: [volumes[1]!], instances: [instance()] } });
    expect(kinds(gone)).toEqual(['stopInstance']);
    expect(finding(gone, 'Stalled')).toMatchObject({ status: 'True', reason: 'DataMissing' });
  });

  test('outlives a stop', () => {
    const stopped = seen({ agent: agent({ recorded: settledRecord, spec: { ...agent().spec, suspended: true } }) });
    expect(kinds(stopped)).toEqual(['releaseRun', 'stopInstance']);
  });

  const deleting = (purge: boolean) =>
    seen({ agent: agent({ recorded: settledRecord, deletion: { requestedAt: 'x', purge } }) });

  test('outlives a deletion, credentials do not', () => {
    const steps = plan(deleting(false)).steps;
    expect(steps.map(({ kind }) => kind)).toEqual(['stopInstance', 'removeInstance', 'removeNetwork', 'removeVolume']);
    expect(steps.at(-1)).toMatchObject({ name: names.config });
  });

  test('goes only with a purge', () => {
    const removed = plan(deleting(true)).steps.filter(({ kind }) => kind === 'removeVolume');
    expect(removed).toHaveLength(2);
  });

  test('the address is free only after the network was seen gone', () => {
    expect(kinds(deleting(false))).not.toContain('releaseBlock');
    const empty = { networks: [], volumes: [volumes[0]!], instances: [] };
    expect(kinds({ ...deleting(false), engine: empty })).toEqual(['releaseBlock', 'finishDeletion']);
  });
});

// A model of the world: what each step does when it succeeds.
interface World {
  agent: Agent;
  engine: EngineView;
}

function act(world: World, step: Step): World {
  const { agent: a, engine } = world;
  const patch = (changes: Partial<EngineView>): World => ({ agent: a, engine: { ...engine, ...changes } });
  const record = (facts: Partial<Agent['recorded']>, e: EngineView = engine): World => ({
    agent: { ...a, recorded: { ...a.recorded, ...facts } },
    engine: e,
  });
  const set = (name: string, changes: Partial<ObservedInstance>) =>
    patch({ instances: engine.instances.map((i) => (i.name === name ? { ...i, ...changes } : i)) });
  switch (step.kind) {
    case 'reserveBlock':
      return { ...world, agent: { ...a, block } };
    case 'releaseBlock':
      return { ...world, agent: { ...a, block: undefined } };
    case 'ensureImage':
      return record({ image: { reference: step.local, id: 'sha256:1' } });
    case 'createNetwork':
      return patch({ networks: [...engine.networks, { name: step.name, subnet: step.block.subnet }] });
    case 'removeNetwork':
      return patch({ networks: engine.networks.filter(({ name }) => name !== step.name) });
    case 'createVolume': {
      const made = { ...engine, volumes: [...engine.volumes, { name: step.name, createdAt: 'v' }] };
      return record(step.role === 'state' ? { stateVolumeCreatedAt: 'v' } : {}, made);
    }
    case 'removeVolume':
      return patch({ volumes: engine.volumes.filter(({ name }) => name !== step.name) });
    case 'deliverFiles':
      expect(engine.volumes.some(({ name }) => name === step.volume)).toBe(true);
      return record({
        delivered: {
          ...a.recorded.delivered,
          [step.role]: { revision: step.revision, volumeCreatedAt: 'v', files: {} },
        },
      });
    case 'createInstance':
      expect(engine.networks.some(({ name }) => name === step.instance.network)).toBe(true);
      return patch({
        instances: [
          ...engine.instances,
          instance({
            name: step.instance.name,
            revision: step.instance.revision,
            state: 'created',
            startedAt: undefined,
          }),
        ],
      });
    case 'validateConfig':
      return world;
    case 'noteRun':
      return record({ run: step.run });
    case 'noteStarted':
      return record({ run: { ...step.run, started: true } });
    case 'honourRestart':
      return record({ restartHonoured: step.requestedAt });
    case 'releaseRun':
      return record({ run: { ...step.run, released: true } });
    case 'countRestart':
      return record({ restarts: [...a.recorded.restarts, { ...step.restart, at: now }] });
    case 'recordGood':
      return record({ good: { generation: a.generation, spec: a.spec } });
    case 'rejectConfig':
      return record({ rejected: { generation: a.generation, reason: step.reason, message: step.message } });
    case 'startInstance':
      // The one thing that must never be: two writers on one volume.
      expect(engine.instances.filter(({ name, state }) => name !== step.name && state === 'running')).toEqual([]);
      return set(step.name, { state: 'running', startedAt: now });
    case 'stopInstance':
      return set(step.name, { state: 'exited', finishedAt: now, exitCode: 0 });
    case 'removeInstance':
      return patch({ instances: engine.instances.filter(({ name }) => name !== step.name) });
    case 'setLimits':
      return set(step.name, { limits: step.limits });
    case 'finishDeletion':
      return world;
  }
}

const anyInstance = fc.record({
  revision: fc.constantFrom(revision, 'old1old1old1', 'old2old2old2'),
  state: fc.constantFrom('created' as const, 'running' as const, 'exited' as const),
  memoryBytes: fc.constantFrom(2 ** 30, 2 ** 29),
});

const anyWorld: fc.Arbitrary<World> = fc
  .record({
    reserved: fc.boolean(),
    network: fc.boolean(),
    state: fc.boolean(),
    config: fc.boolean(),
    image: fc.boolean(),
    delivered: fc.constantFrom('none', 'old', 'new'),
    instances: fc.uniqueArray(anyInstance, { maxLength: 3, selector: (one) => one.revision }),
  })
  .map((w) => {
    const instances = w.reserved && w.network ? w.instances : [];
    const runningOnes = instances.filter(({ state }) => state === 'running');
    const deliveredAs = w.delivered === 'new' ? 'c1' : 'c0';
    return {
      agent: agent({
        block: w.reserved ? block : undefined,
        recorded: {
          restarts: [],
          ...(w.image || instances.length > 0 ? { image: { reference: 'agentpod/openclaw:1', id: 'sha256:1' } } : {}),
          ...(w.state ? { stateVolumeCreatedAt: 'v' } : {}),
          delivered: w.delivered === 'none' ? {} : { config: { revision: deliveredAs, volumeCreatedAt: 'v' } },
        },
      }),
      engine: {
        networks: w.reserved && w.network ? networks : [],
        volumes: [...(w.state ? [volumes[0]!] : []), ...(w.config ? [volumes[1]!] : [])],
        instances: instances.map((one) =>
          instance({
            name: names.instance(one.revision),
            revision: one.revision,
            // At most one was ever running: that is what the planner guarantees.
            state: one.state === 'running' && one !== runningOnes[0] ? 'exited' : one.state,
            finishedAt: now - 3_600_000,
            exitCode: 0,
            limits: { ...limits, memoryBytes: one.memoryBytes },
          }),
        ),
      },
    };
  });

const observe = (world: World): Observation => ({
  ...seen({ agent: world.agent, engine: world.engine }),
  target: world.agent.block ? target : undefined,
});

describe('from any world', () => {
  test('plans lead to one running instance of the right revision, and then to silence', () => {
    fc.assert(
      fc.property(anyWorld, (start) => {
        let world = start;
        for (let round = 0; round < 8; round++) world = plan(observe(world)).steps.reduce(act, world);
        expect(plan(observe(world)).steps).toEqual([]);
        expect(world.engine.instances).toMatchObject([{ revision, state: 'running', limits }]);
        expect(world.engine.networks).toEqual(networks);
      }),
    );
  });

  test('a controller killed after any step and restarted still gets there', () => {
    fc.assert(
      fc.property(anyWorld, fc.array(fc.nat({ max: 7 }), { maxLength: 6 }), (start, kills) => {
        let world = start;
        for (const survived of kills) world = plan(observe(world)).steps.slice(0, survived).reduce(act, world);
        for (let round = 0; round < 8; round++) world = plan(observe(world)).steps.reduce(act, world);
        expect(plan(observe(world)).steps).toEqual([]);
        expect(world.engine.instances).toMatchObject([{ revision, state: 'running' }]);
      }),
    );
  });

  test('a deletion leaves the data volume and nothing else', () => {
    fc.assert(
      fc.property(anyWorld, fc.boolean(), (start, purge) => {
        let world: World = { ...start, agent: { ...start.agent, deletion: { requestedAt: 'x', purge } } };
        for (let round = 0; round < 4; round++) world = plan(observe(world)).steps.reduce(act, world);
        expect(world.engine.instances).toEqual([]);
        expect(world.engine.networks).toEqual([]);
        expect(world.agent.block).toBeUndefined();
        const kept = start.engine.volumes.filter(({ name }) => !purge && name === names.state);
        expect(world.engine.volumes).toEqual(kept);
      }),
    );
  });

  test('planning changes nothing it was given', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const before = JSON.stringify(world);
        plan(observe(world));
        expect(JSON.stringify(world)).toBe(before);
      }),
    );
  });
});

describe('conditions', () => {
  const ready = { type: 'Ready', status: 'True', reason: 'Answering', message: '' } as const;

  test('keep the time of their last transition while the status stays', () => {
    const first = mergeFindings([], [ready], { generation: 1, now });
    const second = mergeFindings(first, [{ ...ready, reason: 'Other' }], { generation: 2, now: now + 1000 });
    expect(findCondition(second, 'Ready')).toMatchObject({
      reason: 'Other',
      observedGeneration: 2,
      lastTransitionTime: new Date(now).toISOString(),
    });
  });

  test('move it when the status changes', () => {
    const first = mergeFindings([], [ready], { generation: 1, now });
    const second = mergeFindings(first, [{ ...ready, status: 'False' }], { generation: 1, now: now + 1000 });
    expect(findCondition(second, 'Ready')?.lastTransitionTime).toBe(new Date(now + 1000).toISOString());
  });
});
