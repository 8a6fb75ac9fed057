import {
  admit,
  type Agent,
  type AgentRef,
  type AgentSpec,
  type AgentSpecInput,
  AppError,
  canonicalJson,
  checkModel,
  formatAgentRef,
  type ModelSpec,
  refOf,
  resolveSpec,
} from '@agentpod/core';
import type { Clock } from '../ports/clock.ts';
import type { Host } from '../ports/host.ts';
import type { SpecChange, Store } from '../ports/store.ts';
import type { AgentTypes } from './agent-types.ts';
import { capacityOf, memoryNeedOf } from './capacity.ts';
import type { Changes } from './changes.ts';
import { modelKeyRef, type Secrets } from './secrets.ts';
import { changedFields } from './spec-fields.ts';

export interface AgentsDeps {
  readonly store: Store;
  readonly secrets: Secrets;
  readonly types: AgentTypes;
  readonly host: Pick<Host, 'memoryBytes'>;
  readonly changes: Changes;
  readonly clock: Pick<Clock, 'now'>;
  /** Tells the controller to look at this agent. */
  readonly wake: (agentId: string) => void;
  /** Throws `invalid` naming the field when the type's driver cannot make a configuration of this. */
  readonly checkRenders: (agent: Pick<Agent, 'id' | 'tenant' | 'name' | 'host' | 'spec'>) => void;
}

/** How often a change is made anew because somebody else was faster, when the person did not say which one to change. */
const attempts = 3;

/** What people ask of agents that exist. It changes what is wanted; the controller makes it so. */
export class Agents {
  readonly #deps: AgentsDeps;

  constructor(deps: AgentsDeps) {
    this.#deps = deps;
  }

  /** Throws `not-found`. With `deleted`, also one that can be brought back. */
  async find(ref: AgentRef, options: { deleted?: boolean } = {}): Promise<Agent> {
    const { store } = this.#deps;
    const agent = await store.findAgent(ref, options);
    if (agent) return agent;
    const word = formatAgentRef(ref);
    const deleted = options.deleted ? undefined : await store.findAgent(ref, { deleted: true });
    throw new AppError('not-found', 'AgentNotFound', `there is no agent ${word}`, {
      remedy: deleted
        ? `It was deleted; "agentpod undelete ${word}" brings it back.`
        : `See "agentpod list", or make it with "agentpod create ${word}".`,
    });
  }

  /** Throws `conflict`/`Changed` when the agent is not at `ifGeneration`, where one is given. */
  async update(ref: AgentRef, input: AgentSpecInput, ifGeneration?: number): Promise<Agent> {
    return this.#change(ref, ifGeneration, 'SpecChanged', async (agent) => {
      refuseFixed(agent, input);
      const spec = resolveSpec(this.#deps.types.get(agent.spec.type).type, input, agent.spec);
      checkModel(spec.model);
      return { spec, secrets: {} };
    });
  }

  /** A key that is left out is kept as long as the provider stays the same. */
  async setModel(ref: AgentRef, model: Omit<ModelSpec, 'key'>, modelKey?: string): Promise<Agent> {
    return this.#change(ref, undefined, 'ModelChanged', async (agent) => {
      const { type } = this.#deps.types.get(agent.spec.type);
      const resolved = resolveSpec(type, { model }, agent.spec);
      const key = modelKey === undefined ? resolved.model.key : modelKeyRef(agent.id);
      const spec = { ...resolved, model: { ...model, ...(key ? { key } : {}) } };
      inModelRequest(() => checkModelKey(spec.model, modelKey));
      const isNew = modelKey !== undefined && !(await this.#hasKey(agent, modelKey));
      return { spec, secrets: isNew ? await this.#deps.secrets.sealNext(agent, modelKey) : {} };
    });
  }

  async stop(ref: AgentRef): Promise<Agent> {
    return this.#change(ref, undefined, 'StopRequested', async ({ spec }) => ({
      spec: { ...spec, suspended: true },
      secrets: {},
    }));
  }

  async start(ref: AgentRef): Promise<Agent> {
    return this.#change(ref, undefined, 'StartRequested', async ({ spec }) => ({
      spec: { ...spec, suspended: false },
      secrets: {},
    }));
  }

  /** Throws `conflict`/`Stopped` when it is meant not to run. */
  async restart(ref: AgentRef): Promise<Agent> {
    const agent = await this.#living(ref);
    if (agent.spec.suspended) {
      throw new AppError('conflict', 'Stopped', `${refOf(agent)} is stopped`, {
        remedy: `Start it with "agentpod start ${refOf(agent)}".`,
      });
    }
    const { store, clock } = this.#deps;
    return this.#tell(await store.requestRestart(agent.id, clock.now()), 'RestartRequested', 'A restart was asked for');
  }

  /** With `purge`, also what an earlier deletion kept. Asking again is success. */
  async delete(ref: AgentRef, purge: boolean): Promise<Agent> {
    const { store, clock } = this.#deps;
    const agent = await this.find(ref, { deleted: true });
    if (agent.deletion && (agent.deletion.purge || !purge)) return agent;
    const doomed = await store.requestDeletion(agent.id, purge, clock.now());
    const message = purge ? 'Deletion with all data was asked for' : 'Deletion was asked for; the data is kept';
    return this.#tell(doomed, 'DeleteRequested', message);
  }

  /** Throws `not-found`/`NothingDeleted`; `conflict` when its name was taken or its data is being removed. */
  async undelete(ref: AgentRef): Promise<Agent> {
    const { store, clock } = this.#deps;
    const agent = await store.findAgent(ref, { deleted: true });
    if (!agent?.deletion) {
      throw new AppError('not-found', 'NothingDeleted', `there is no deleted agent ${formatAgentRef(ref)}`, {
        remedy: 'See "agentpod list --deleted".',
      });
    }
    return this.#tell(await store.undelete(agent.id, clock.now()), 'Restored', 'Brought back with its data');
  }

  /** One that may be changed: not one on its way out. */
  async #living(ref: AgentRef): Promise<Agent> {
    const agent = await this.find(ref);
    if (!agent.deletion) return agent;
    throw new AppError('conflict', 'BeingDeleted', `${refOf(agent)} is being deleted`, {
      remedy: `Take that back with "agentpod undelete ${refOf(agent)}".`,
    });
  }

  async #change(
    ref: AgentRef,
    ifGeneration: number | undefined,
    reason: string,
    make: (agent: Agent) => Promise<Pick<SpecChange, 'spec' | 'secrets'>>,
  ): Promise<Agent> {
    const { store, clock } = this.#deps;
    for (let attempt = 1; ; attempt++) {
      const agent = await this.#living(ref);
      if (ifGeneration !== undefined && agent.generation !== ifGeneration) throw changed(agent, ifGeneration);
      const change = await make(agent);
      if (canonicalJson(change.spec) === canonicalJson(agent.spec) && Object.keys(change.secrets).length === 0)
        return agent;
      await this.#check(agent, change.spec);
      try {
        const next = await store.updateSpec(agent.id, { ...change, expectedGeneration: agent.generation }, clock.now());
        return await this.#tell(next, reason, sentenceOf(reason, agent.spec, change.spec));
      } catch (error) {
        const lostRace = error instanceof AppError && error.reason === 'Changed';
        if (!lostRace || ifGeneration !== undefined || attempt === attempts) throw error;
      }
    }
  }

  async #check(agent: Agent, spec: AgentSpec): Promise<void> {
    // A stop must not fail because of something that it does not touch.
    if (changedFields(agent.spec, spec).length === 0) return;
    this.#deps.checkRenders({ ...agent, spec });
    if (spec.resources.memoryBytes <= agent.spec.resources.memoryBytes) return;
    admit(await capacityOf(this.#deps, agent.id), memoryNeedOf(spec, this.#deps.types));
  }

  async #hasKey(agent: Agent, key: string): Promise<boolean> {
    return agent.spec.model.key !== undefined && this.#deps.secrets.isModelKey(agent, key);
  }

  async #tell(agent: Agent, reason: string, message: string): Promise<Agent> {
    const { store, clock, changes, wake } = this.#deps;
    await store.addEvent({ agentId: agent.id, type: 'normal', reason, message, time: clock.now() });
    wake(agent.id);
    changes.publish(agent.id);
    return agent;
  }
}

/** Throws `invalid` naming the field when this model cannot be used with this key, or without one. */
export function checkModelKey(model: ModelSpec, modelKey: string | undefined): void {
  checkModel(model);
  if (model.provider === 'demo' && modelKey !== undefined) {
    throw new AppError('invalid', 'KeyNotUsed', 'the demo model takes no key', {
      field: 'modelKey',
      remedy: 'Say which model the key is for, for example --model qwen/qwen3-max.',
    });
  }
}

function refuseFixed(agent: Agent, input: AgentSpecInput): void {
  if (input.type !== undefined && input.type !== agent.spec.type) {
    throw new AppError('conflict', 'TypeIsFixed', `${refOf(agent)} is of type "${agent.spec.type}" and stays so`, {
      field: 'spec.type',
      remedy: 'Create another agent of the type you want.',
    });
  }
  if (input.version !== undefined && input.version !== agent.spec.version) {
    throw new AppError('terminal', 'UpgradeNotSupported', `${refOf(agent)} runs version ${agent.spec.version}`, {
      field: 'spec.version',
      remedy:
        'A version migrates its data one way, so upgrades come as an operation of their own; it does not exist yet.',
    });
  }
}

/** The same rules, but the request for a model has no `spec` around it. */
function inModelRequest(check: () => void): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof AppError) || !error.field?.startsWith('spec.')) throw error;
    const { kind, reason, message, field, remedy } = error;
    throw new AppError(kind, reason, message, {
      field: field.slice('spec.'.length),
      ...(remedy === undefined ? {} : { remedy }),
      cause: error,
    });
  }
}

function changed(agent: Agent, ifGeneration: number): AppError {
  return new AppError(
    'conflict',
    'Changed',
    `${refOf(agent)} was changed meanwhile: it is at generation ${agent.generation}, not ${ifGeneration}`,
    { field: 'if-match', remedy: 'Read it again and repeat the change.' },
  );
}

function sentenceOf(reason: string, before: AgentSpec, after: AgentSpec): string {
  if (reason === 'StopRequested') return 'A stop was asked for; everything is kept';
  if (reason === 'StartRequested') return 'A start was asked for';
  const fields = changedFields(before, after).map((name) => name.slice('spec.'.length));
  return fields.length === 0 ? 'The model key was replaced' : `Changed: ${fields.join(', ')}`;
}
