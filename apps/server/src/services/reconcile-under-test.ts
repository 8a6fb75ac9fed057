import { type Agent, type EngineView, type Health, type RouteView } from '@agentpod/core';
import type { AgentDriver } from '../ports/agent-driver.ts';
import type { Store } from '../ports/store.ts';
import { openSqliteStore } from '../adapters/sqlite/sqlite-store.ts';
import { aNewAgent, aSpec } from '../testing/builders.ts';
import { MemoryEngine } from '../testing/memory-engine.ts';
import { MemoryRuntime } from '../testing/memory-runtime.ts';
import { aType, StubDriver } from '../testing/stub-agent-type.ts';
import { reconcileAgent, type ReconcileDeps } from './reconcile-agent.ts';
import { targetOf } from './target.ts';

export const image = 'agentpod/openclaw:2026.9.6';
export const supernet = '10.203.0.0/16';
export const signal = new AbortController().signal;

const credentials = { virtualKey: 'v', controlUser: 'c', ingressUser: 'i', probeUser: 'p', probeToken: 't' };

/** What changes the model is only a file, what changes the plan is another container. */
const driver: AgentDriver = Object.assign(new StubDriver(), {
  render: ({ agent: { spec } }: Parameters<AgentDriver['render']>[0]) => ({
    env: {},
    configFiles: [{ path: 'config.json', content: JSON.stringify(spec.model), policy: 'replace' as const }],
    stateFiles: [],
    bootInputs: spec.plan,
  }),
});

const type = { ...aType, container: { ...aType.container, unhealableExitCodes: [78] } };

/** One agent's reconciling over a real store and the modelled engine, one look after the other. */
export class ReconcileWorld {
  readonly engine = new MemoryEngine();
  now = Date.UTC(2026, 0, 1);
  readonly store: Store;
  readonly close: () => Promise<void>;

  private constructor(store: Store, close: () => Promise<void>) {
    this.store = store;
    this.close = close;
    this.engine.images.set(image, 'sha256:1');
  }

  static async open(): Promise<ReconcileWorld> {
    const { store, close } = await openSqliteStore(':memory:');
    return new ReconcileWorld(store, close);
  }

  runtime(): MemoryRuntime {
    return new MemoryRuntime({ engine: this.engine, now: () => this.now });
  }

  deps(runtime: MemoryRuntime, changes: Partial<ReconcileDeps> = {}): ReconcileDeps {
    return {
      runtime,
      store: this.store,
      supernet,
      hostRoutes: async () => [],
      now: () => this.now,
      targetOf: async (agent) =>
        targetOf({
          agent,
          type,
          driver,
          credentials,
          modelKeyVersion: 0,
          origin: `http://${agent.host}`,
          supernet,
          modelPort: 7200,
        }),
      userOf: () => '1000:1000',
      lastSeen: () => ({ health: undefined, route: undefined, aside: [] }),
      explain: async () => undefined,
      refusalOf: (_agent, output) => output,
      outages: () => [],
      starts: { isOpen: () => true, take: () => undefined, giveBack: () => undefined },
      statusSaved: () => undefined,
      look: () => undefined,
      changed: () => undefined,
      onError: () => undefined,
      ...changes,
    };
  }

  /** As the queue does: until there is nothing more to do. */
  async settle(id: string, runtime = this.runtime(), changes?: Partial<ReconcileDeps>): Promise<string> {
    for (let round = 0; round < 12; round++) {
      const { kind } = await reconcileAgent(id, this.deps(runtime, changes), signal);
      if (kind !== 'again') return kind;
    }
    throw new Error('it does not settle');
  }

  async create(name = 'acme'): Promise<Agent> {
    const spec = aSpec();
    return this.store.createAgent(aNewAgent({ tenant: name, host: `${name}.localhost`, spec }), this.now);
  }

  async view({ id }: Agent): Promise<EngineView> {
    return this.runtime().observe(id, signal);
  }

  async stored({ id }: Agent): Promise<Agent> {
    const agent = await this.store.getAgent(id);
    if (agent) return agent;
    throw new Error('the agent is gone');
  }

  async conditionOf(agent: Agent, condition: string) {
    return (await this.store.getAgent(agent.id))?.status.conditions.find(({ type: one }) => one === condition);
  }

  /** What probes say of an agent that answers, or whatever is given instead. */
  async healthy(agent: Agent, changes: Partial<Health> = {}): Promise<Partial<ReconcileDeps>> {
    const [instance] = (await this.view(agent)).instances;
    const health: Health = {
      instanceId: instance?.id ?? '',
      startedAt: instance?.startedAt,
      started: 'yes',
      rpc: 'yes',
      lookedSince: this.now,
      detail: undefined,
      ...changes,
    };
    const route: RouteView = { live: true, answers: 'yes', certificate: 'not-needed', detail: undefined };
    return { lastSeen: () => ({ health, route, aside: [] }) };
  }

  /** Answering, for so long that its configuration counts as good. */
  async createGood(name = 'acme'): Promise<Agent> {
    const agent = await this.create(name);
    await this.settle(agent.id);
    this.now += 60_000;
    await this.settle(agent.id, this.runtime(), await this.healthy(agent));
    return this.stored(agent);
  }
}

/** Dies once at the given call, as if the process had, and answers whether it came that far. */
export async function killedAt(
  world: ReconcileWorld,
  n: number,
  phase: 'before' | 'after',
  work: (runtime: MemoryRuntime) => Promise<unknown>,
): Promise<boolean> {
  const runtime = world.runtime();
  let killed = false;
  runtime.onCall = (_method, call, when) => {
    if (call !== n || when !== phase || killed) return;
    killed = true;
    throw new Error('killed');
  };
  await work(runtime).catch(() => undefined);
  return killed;
}
