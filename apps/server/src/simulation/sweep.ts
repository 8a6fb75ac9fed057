import { performance } from 'node:perf_hooks';
import { type Agent, canonicalJson, engineNames, type EngineView, type Health, type RouteView } from '@agentpod/core';
import { reconcileAgent, type ReconcileDeps } from '../services/reconcile-agent.ts';
import { targetOf } from '../services/target.ts';
import { type Outcome, WorkQueue } from '../services/work-queue.ts';
import { aSpec } from '../testing/builders.ts';
import { MemoryRuntime } from '../testing/memory-runtime.ts';
import { Machine } from './machine.ts';
import { Dice } from './dice.ts';
import { ModelledAgents, simulatedType } from './modelled-agent.ts';
import { overridden } from './overridden.ts';
import { SimClock } from './sim-clock.ts';
import { openStage } from './stage.ts';

export interface Sweep {
  readonly agents: number;
  readonly milliseconds: number;
}

const supernet = '10.0.0.0/8';
const startedAt = Date.UTC(2026, 0, 1);
const now = startedAt + 3_600_000;
const credentials = { virtualKey: 'v', controlUser: 'c', ingressUser: 'i', probeUser: 'p', probeToken: 't' };
const insertAtOnce = 500;
const rounds = 3;

/** What it costs to look at every agent once when all is as it should be: the best of three. */
export async function sweep(count: number): Promise<Sweep> {
  const stage = await openStage();
  const clock = new SimClock();
  const bystander = { started: () => undefined, stopping: () => undefined, ended: () => undefined };
  const driver = new ModelledAgents(new Machine(clock, new Dice(1), bystander), () => undefined);
  const views = new Map<string, EngineView>();
  const runtime = overridden(new MemoryRuntime(), {
    observe: async (agentId) => views.get(agentId) ?? { networks: [], volumes: [], instances: [] },
  });
  const targetFor = (agent: Agent) =>
    targetOf({
      agent,
      type: simulatedType,
      driver,
      credentials,
      modelKeyVersion: 0,
      origin: `http://${agent.host}`,
      supernet,
      modelPort: 7200,
    });
  const deps: ReconcileDeps = {
    runtime,
    store: stage.store,
    supernet,
    hostRoutes: async () => [],
    now: () => now,
    targetOf: async (agent) => targetFor(agent),
    userOf: () => simulatedType.container.user,
    lastSeen: (agentId) => ({ health: healthOf(agentId), route, aside: [] }),
    explain: async () => undefined,
    refusalOf: (_agent, output) => output,
    outages: () => [],
    starts: { isOpen: () => true, take: () => undefined, giveBack: () => undefined },
    statusSaved: () => undefined,
    look: () => undefined,
    changed: () => undefined,
    onError: (_agent, error) => {
      throw error;
    },
  };
  const agents = Array.from({ length: count }, (_, index) => anAgentAtRest(index));
  const settled = agents.map((agent) => {
    const target = targetFor(agent);
    if (!target) throw new Error('an agent with an address has a target');
    views.set(agent.id, viewOf(agent, target));
    const volumeCreatedAt = createdAt;
    const delivered = {
      config: { revision: target.configRevision, volumeCreatedAt },
      state: { revision: target.stateRevision, volumeCreatedAt, files: {} },
    };
    const run = {
      instanceId: agent.id,
      startedAt,
      revision: target.instanceRevision,
      generation: 1,
      engineRestarts: 0,
      started: true,
      released: false,
    };
    return { ...agent, recorded: { ...agent.recorded, delivered, run } };
  });
  await insert(settled);
  const looked = new Set<string>();
  const everybody = async (): Promise<number> => {
    const began = performance.now();
    const all = await stage.store.listManaged();
    const done = Promise.withResolvers<void>();
    let left = all.length;
    const queue = new WorkQueue({
      work: async (id, signal): Promise<Outcome> => {
        const outcome = await reconcileAgent(id, deps, signal);
        looked.add(outcome.kind);
        left -= 1;
        if (left === 0) done.resolve();
        return outcome;
      },
      clock,
      concurrency: 8,
      random: () => 0.5,
      deadlineMs: 60_000,
      onFailure: (_key, error) => done.reject(error),
    });
    for (const { id } of all) queue.add(id);
    await done.promise;
    return performance.now() - began;
  };
  // The first look writes down how they are; what is measured has nothing left to do.
  await everybody();
  looked.clear();
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) times.push(await everybody());
  await stage.close();
  if (looked.size !== 1 || !looked.has('settled')) throw new Error(`not at rest: ${[...looked].join(', ')}`);
  return { agents: count, milliseconds: Math.min(...times) };

  async function insert(rows: readonly Agent[]): Promise<void> {
    const { query } = stage.database;
    for (let first = 0; first < rows.length; first += insertAtOnce) {
      const some = rows.slice(first, first + insertAtOnce);
      await query
        .insertInto('tenants')
        .values(some.map(({ tenantId, tenant }) => ({ id: tenantId, name: tenant, created_at: startedAt })))
        .execute();
      await query
        .insertInto('agents')
        .values(
          some.map((agent) => ({
            id: agent.id,
            tenant_id: agent.tenantId,
            name: agent.name,
            host: agent.host,
            spec: canonicalJson(agent.spec),
            generation: agent.generation,
            created_at: startedAt,
            purge: 0,
            recorded: canonicalJson(agent.recorded),
            status: canonicalJson(agent.status),
          })),
        )
        .execute();
      await query
        .insertInto('blocks')
        .values(some.flatMap(({ id, block }) => (block ? [{ agent_id: id, ...block }] : [])))
        .execute();
    }
  }
}

const createdAt = new Date(startedAt).toISOString();
const route: RouteView = { live: true, answers: 'yes', certificate: 'not-needed', detail: undefined };

function healthOf(agentId: string): Health {
  return { instanceId: agentId, startedAt, started: 'yes', rpc: 'yes', lookedSince: startedAt, detail: undefined };
}

function anAgentAtRest(index: number): Agent {
  const hex = index.toString(16).padStart(12, '0');
  const id = `019b0000-0000-7000-8000-${hex}`;
  const tenant = `tenant-${index}`;
  // Eight addresses each, the first of which is the network's own.
  const base = index * 8;
  const address = (last: number): string => `10.${(base >> 16) & 255}.${(base >> 8) & 255}.${(base & 255) + last}`;
  const spec = aSpec();
  return {
    id,
    tenantId: `019c0000-0000-7000-8000-${hex}`,
    tenant,
    name: 'main',
    spec,
    generation: 1,
    createdAt,
    host: `${tenant}.localhost`,
    block: { subnet: `${address(0)}/29`, gateway: address(1), address: address(2) },
    deletion: undefined,
    recorded: {
      image: { reference: 'agentpod/openclaw:2026.9.6', id: 'sha256:1' },
      stateVolumeCreatedAt: createdAt,
      delivered: {},
      restarts: [],
      good: { generation: 1, spec },
    },
    status: { observedGeneration: 0, conditions: [] },
  };
}

function viewOf({ id, spec }: Agent, target: { readonly instanceRevision: string }): EngineView {
  const names = engineNames(id);
  return {
    networks: [{ name: names.network, subnet: '' }],
    volumes: [names.state, names.config].map((name) => ({ name, createdAt })),
    instances: [
      {
        name: names.instance(target.instanceRevision),
        id,
        revision: target.instanceRevision,
        state: 'running',
        startedAt,
        finishedAt: undefined,
        exitCode: undefined,
        outOfMemory: false,
        imageId: 'sha256:1',
        limits: spec.resources,
        engineRestarts: 0,
        outOfMemoryAt: undefined,
        attached: true,
      },
    ],
  };
}
