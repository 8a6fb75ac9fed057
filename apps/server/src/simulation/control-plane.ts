import { type AppError, findCondition, gatewayBlock, type Observation } from '@agentpod/core';
import type { AgentCredentials } from '../ports/agent-driver.ts';
import type { AlertStore } from '../ports/alert-store.ts';
import type { Clock } from '../ports/clock.ts';
import type { RuntimeEngine } from '../ports/runtime.ts';
import type { Store } from '../ports/store.ts';
import type { TransportKind } from '../ports/alert-transport.ts';
import type { Vault } from '../ports/vault.ts';
import { AgentTypes } from '../services/agent-types.ts';
import { Agents } from '../services/agents.ts';
import { createAlerting } from '../services/alerts/alerting.ts';
import { Changes } from '../services/changes.ts';
import { Controller } from '../services/controller.ts';
import { AgentCreation } from '../services/create-agent.ts';
import { Credentials } from '../services/credentials.ts';
import { Explainer } from '../services/explain-end.ts';
import { Orphans } from '../services/orphans.ts';
import { Prober } from '../services/probing/prober.ts';
import { Secrets } from '../services/secrets.ts';
import { StartGate } from '../services/start-gate.ts';
import { targetOf } from '../services/target.ts';
import type { Dice } from './dice.ts';
import { type ModelledAgents, simulatedType } from './modelled-agent.ts';
import type { Mortal } from './mortal.ts';

export interface ControlPlaneDeps {
  readonly mortal: Mortal;
  readonly runtime: RuntimeEngine;
  readonly store: Store;
  readonly alerts: AlertStore;
  readonly transports: readonly TransportKind[];
  readonly vault: Vault;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly agents: ModelledAgents;
  readonly unwatched: { readonly from: number; readonly until: number } | undefined;
  readonly newId: () => string;
  /** It shows that it lives. */
  readonly beat: () => void;
  readonly onError: (what: string, error: AppError) => void;
  readonly onStatus: (agentId: string, ready: string) => void;
  /** What a mistake in the product would make of what probes saw. */
  readonly lastSeen: (seen: Pick<Observation, 'health' | 'route' | 'aside'>) => typeof seen;
}

const supernet = '10.203.0.0/16';
const modelPort = 7200;
const resyncMs = 30_000;
const beatMs = 30_000;
const credentialsOfAll: AgentCredentials = {
  virtualKey: 'virtual-key',
  controlUser: 'control-user',
  ingressUser: 'ingress-user',
  probeUser: 'probe-user',
  probeToken: 'probe-token',
};

/** One start of the control plane: the same services, put together as the composition root does, over a modelled world. */
export class ControlPlane {
  readonly agents: Agents;
  readonly creation: AgentCreation;
  readonly alerting: ReturnType<typeof createAlerting>;
  readonly #controller: Controller;
  readonly #prober: Prober;
  readonly #beat: () => void;

  constructor(deps: ControlPlaneDeps) {
    const { mortal, vault, dice, newId } = deps;
    const runtime = mortal.to(deps.runtime);
    const store = mortal.to(deps.store);
    const clock: Clock = {
      now: () => deps.clock.now(),
      after: (milliseconds, call) => deps.clock.after(milliseconds, () => (mortal.isDead ? undefined : call())),
    };
    const now = (): number => clock.now();
    const random = (): number => dice.next();
    const originOf = (host: string): string => `http://${host}`;
    const types = new AgentTypes([{ type: simulatedType, driver: deps.agents }]);
    const secrets = new Secrets(store, vault);
    const credentials = new Credentials(store, vault);
    const changes = new Changes();
    const onError = (what: string, error: AppError): void => {
      if (!mortal.isDead) deps.onError(what, error);
    };

    this.alerting = createAlerting({
      alerts: mortal.to(deps.alerts),
      store,
      vault,
      kinds: deps.transports,
      looks: [
        {
          name: 'EngineUnreachable',
          look: async (signal) => {
            const { name } = await runtime.info(signal);
            return { ok: true, message: name };
          },
        },
      ],
      clock,
      random,
      newId,
      startDeadlineSeconds: () => simulatedType.probes.started.deadlineSeconds,
      consoleUrl: 'http://localhost',
      remindEveryHours: 0,
      onError: (error) => onError('alerts', error),
    });
    this.#prober = new Prober({
      probe: deps.agents,
      clock,
      random,
      concurrency: 8,
      describe: async () => ({ type: simulatedType, driver: deps.agents, credentials: credentialsOfAll }),
      usage: (instance, signal) => runtime.usage(instance, signal),
      ingressLive: async () => ({ live: true, detail: undefined }),
      certificate: async () => ({ state: 'not-needed', detail: undefined }),
      entrance: async () => ({ origin: originOf, address: '192.0.2.1', port: 80 }),
      changed: (agentId) => this.#controller.wake(agentId),
    });
    const explainer = new Explainer({ types, credentials, runtime });
    const orphans = new Orphans({
      runtime,
      store,
      clock,
      onRemoved: () => undefined,
    });
    this.#controller = new Controller({
      runtime,
      store,
      clock,
      random,
      resyncMs,
      unwatched: deps.unwatched,
      reconcile: {
        runtime,
        store,
        supernet,
        hostRoutes: async () => [],
        now,
        targetOf: async (agent) =>
          targetOf({
            agent,
            type: simulatedType,
            driver: deps.agents,
            credentials: credentialsOfAll,
            modelKeyVersion: 0,
            origin: originOf(agent.host),
            supernet,
            modelPort,
          }),
        userOf: () => simulatedType.container.user,
        lastSeen: (agentId) => deps.lastSeen(this.#prober.lastSeen(agentId)),
        look: (agent, engine, target) => this.#prober.look(agent, engine, target),
        explain: (agent, ended, signal) => explainer.explain(agent, ended, signal),
        refusalOf: (_agent, output) => output,
        outages: () => this.#controller.outages(),
        starts: new StartGate({
          most: 2,
          longestMs: 60_000,
          now,
          isUp: (agentId) => this.#prober.lastSeen(agentId).health?.started === 'yes',
        }),
        statusSaved: (agent, after) => {
          if (mortal.isDead) return;
          const ready = findCondition(after.conditions, 'Ready');
          deps.onStatus(agent.id, `Ready=${ready?.status} ${ready?.reason}: ${ready?.message}`);
          this.alerting.statusSaved(agent, after);
        },
        changed: (agentId) => changes.publish(agentId),
        onError: (agent, error) => onError(agent.tenant, error),
      },
      fleetWork: [
        { name: 'gateway network', run: (signal) => runtime.ensureGatewayNetwork(gatewayBlock(supernet), signal) },
        { name: 'orphans', run: (signal) => orphans.sweep(signal) },
      ],
      onError,
    });
    const forPeople = {
      store,
      secrets,
      types,
      host: { memoryBytes: () => 2 ** 40 },
      changes,
      clock,
      wake: (agentId: string) => this.#controller.wake(agentId, { urgent: true }),
      checkRenders: () => undefined,
    };
    this.agents = new Agents(forPeople);
    this.creation = new AgentCreation({ ...forPeople, credentials, baseDomain: 'localhost', newId });
    this.#beat = () => {
      deps.beat();
      clock.after(beatMs * (0.9 + 0.2 * random()), this.#beat);
    };
  }

  start(): void {
    this.#beat();
    this.alerting.start();
    this.#controller.start();
  }

  /** As it is told to end in peace. */
  async stop(): Promise<void> {
    this.#prober.stop();
    await this.#controller.stop();
    await this.alerting.stop();
  }
}
