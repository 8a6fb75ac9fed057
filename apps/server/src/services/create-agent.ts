import { createHash } from 'node:crypto';
import {
  admit,
  type Agent,
  type AgentRef,
  AppError,
  canonicalJson,
  type CreateAgent,
  hostOf,
  parseAgentRef,
  refOf,
  resolveSpec,
} from '@agentpod/core';
import type { z } from 'zod';
import type { NewAgent } from '../ports/store.ts';
import { type AgentsDeps, checkModelKey } from './agents.ts';
import { capacityOf, memoryNeedOf } from './capacity.ts';
import type { Credentials } from './credentials.ts';
import { modelKeyRef } from './secrets.ts';
import { firstDifference } from './spec-fields.ts';

export interface CreateAgentDeps extends AgentsDeps {
  readonly credentials: Credentials;
  readonly baseDomain: string;
  /** A new UUIDv7. */
  readonly newId: () => string;
}

/** A word of the client's that makes a repetition safe, and whose word it is. */
export interface Idempotency {
  readonly key: string;
  readonly who: string;
}

type Request = z.output<typeof CreateAgent>;

/**
 * Makes an agent, once: the same name with the same fields answers with the agent that is there, other fields are a
 * conflict. Everything that can be wrong is looked at before anything is written.
 */
export class AgentCreation {
  readonly #deps: CreateAgentDeps;
  #last: Promise<unknown> = Promise.resolve();

  constructor(deps: CreateAgentDeps) {
    this.#deps = deps;
  }

  /** One after another: what is admitted now counts for the next one. */
  create(request: Request, idempotency?: Idempotency): Promise<Agent> {
    const turn = () => (idempotency ? this.#createWithKey(request, idempotency) : this.#createOrFind(request));
    const mine = this.#last.then(turn, turn);
    this.#last = mine;
    return mine;
  }

  async #createWithKey(request: Request, idempotency: Idempotency): Promise<Agent> {
    const { store, clock } = this.#deps;
    // Two people may choose the same key.
    const key = `${idempotency.who}|${idempotency.key}`;
    const requestHash = createHash('sha256').update(canonicalJson(request)).digest('hex');
    const remembered = await store.recallIdempotent(key, requestHash, clock.now());
    const known = remembered === undefined ? undefined : await store.getAgent(remembered);
    if (known) return known;
    const agent = await this.#createOrFind(request);
    await store.rememberIdempotent(key, requestHash, agent.id, clock.now());
    return agent;
  }

  async #createOrFind(request: Request): Promise<Agent> {
    const { store, clock, changes, wake } = this.#deps;
    const ref = refIn(request);
    const present = await store.findAgent(ref);
    if (present) return same(present, request, this.#deps);
    const agent = await store.createAgent(await prepare(ref, request, this.#deps), clock.now());
    await store.addEvent({
      agentId: agent.id,
      type: 'normal',
      reason: 'Created',
      message: 'Created',
      time: clock.now(),
    });
    wake(agent.id);
    changes.publish(agent.id);
    return agent;
  }
}

async function prepare(ref: AgentRef, request: Request, deps: CreateAgentDeps): Promise<NewAgent> {
  const { types } = deps;
  const { type } = request.spec.type === undefined ? types.default : types.get(request.spec.type);
  const id = deps.newId();
  const resolved = resolveSpec(type, request.spec);
  const { modelKey } = request;
  const key = modelKey === undefined ? {} : { key: modelKeyRef(id) };
  const spec = { ...resolved, model: { ...resolved.model, ...key } };
  checkModelKey(spec.model, modelKey);
  const secrets = modelKey === undefined ? {} : deps.secrets.sealFirst(id, modelKey);
  const place = { id, tenant: ref.tenant, name: ref.agent, host: hostOf(ref, deps.baseDomain), spec };
  deps.checkRenders(place);
  if (!request.force) admit(await capacityOf(deps), memoryNeedOf(spec, types));
  return { ...place, secrets, sealedCredentials: deps.credentials.create(id, ref.tenant) };
}

async function same(present: Agent, request: Request, deps: CreateAgentDeps): Promise<Agent> {
  if (present.deletion) {
    throw new AppError('conflict', 'BeingDeleted', `${refOf(present)} is still being deleted`, {
      field: 'ref',
      remedy: `Wait until it is gone, or take the deletion back with "agentpod undelete ${refOf(present)}".`,
    });
  }
  const { modelKey } = request;
  const sameKey = modelKey === undefined || (await deps.secrets.isModelKey(present, modelKey));
  const field = firstDifference(request.spec, present.spec) ?? (sameKey ? undefined : 'modelKey');
  if (field === undefined) return present;
  throw new AppError('conflict', 'DifferentSpec', `${refOf(present)} exists already, with another ${field}`, {
    field,
    remedy: 'Change the existing agent, or choose another name.',
  });
}

/** Throws `invalid` naming `ref`, the one field in which the request says it. */
function refIn(request: Request): AgentRef {
  try {
    return parseAgentRef(request.ref);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw new AppError(error.kind, error.reason, error.message, { field: 'ref', cause: error });
  }
}
