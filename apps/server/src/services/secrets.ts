import { createHash, timingSafeEqual } from 'node:crypto';
import { type Agent, AppError, handleOf, type ModelSpec } from '@agentpod/core';
import type { Store, StoredSecret } from '../ports/store.ts';
import type { Vault } from '../ports/vault.ts';

export interface ModelKey {
  readonly value: string;
  readonly version: number;
}

/** A printable word: anything else could not stand in the header that carries it to the provider. */
const keyShape = /^[\x21-\x7e]{1,4096}$/;

/**
 * The keys of model providers. Each lies with its tenant under a name that carries the agent's id, and opens only for
 * that agent, name and version: an agent made again under an old name finds nothing, and a value that was moved or
 * rolled back does not open.
 */
export class Secrets {
  readonly #store: Pick<Store, 'getSecret'>;
  readonly #vault: Vault;

  constructor(store: Pick<Store, 'getSecret'>, vault: Vault) {
    this.#store = store;
    this.#vault = vault;
  }

  /** What to keep with a new agent. Throws `invalid` when the key cannot be one. */
  sealFirst(agentId: string, key: string): Readonly<Record<string, StoredSecret>> {
    return { [modelKeyName(agentId)]: this.#seal(agentId, key, 1) };
  }

  /** What replaces the key of an agent. Throws `invalid` when the key cannot be one. */
  async sealNext(agent: Pick<Agent, 'id' | 'tenantId'>, key: string): Promise<Readonly<Record<string, StoredSecret>>> {
    const name = modelKeyName(agent.id);
    const present = await this.#store.getSecret(agent.tenantId, name);
    return { [name]: this.#seal(agent.id, key, (present?.version ?? 0) + 1) };
  }

  /** The key that this agent's model is called with; `undefined` when it needs none. */
  async modelKey(agent: Pick<Agent, 'id' | 'tenantId' | 'spec'>): Promise<ModelKey | undefined> {
    const name = agent.spec.model.key?.secret;
    if (name === undefined) return undefined;
    const stored = await this.#store.getSecret(agent.tenantId, name);
    if (!stored) {
      throw new AppError('terminal', 'SecretMissing', `the secret "${name}" is not there`, {
        remedy: 'Set the model and its key again with "agentpod model set".',
      });
    }
    return {
      value: this.#vault.open(stored.sealed, contextOf(agent.id, name, stored.version)),
      version: stored.version,
    };
  }

  /** Costs the same time whatever the difference. */
  async isModelKey(agent: Pick<Agent, 'id' | 'tenantId' | 'spec'>, key: string): Promise<boolean> {
    const present = await this.modelKey(agent);
    return timingSafeEqual(digest(present?.value ?? ''), digest(key)) && present !== undefined;
  }

  #seal(agentId: string, key: string, version: number): StoredSecret {
    if (!keyShape.test(key)) {
      throw new AppError('invalid', 'InvalidModelKey', 'a model key is one word of printable ASCII characters', {
        field: 'modelKey',
        remedy: 'Look for line breaks or other characters that do not belong to it.',
      });
    }
    return { sealed: this.#vault.seal(key, contextOf(agentId, modelKeyName(agentId), version)), version };
  }
}

/** The reference to its key in an agent's spec. */
export function modelKeyRef(agentId: string): NonNullable<ModelSpec['key']> {
  return { secret: modelKeyName(agentId) };
}

function modelKeyName(agentId: string): string {
  return `model-${handleOf(agentId)}`;
}

function contextOf(agentId: string, name: string, version: number): string {
  return `${agentId}|${name}|${version}`;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
