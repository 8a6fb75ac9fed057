import { randomUUIDv7 } from 'node:crypto';
import {
  type Agent,
  type AgentSpec,
  type Block,
  hostOf,
  type ModelSpec,
  type Recorded,
  type Restart,
} from '@agentpod/core';
import type { NewAgent, SpecChange } from '../ports/store.ts';

/** Values for tests: valid, complete and dull. A test names only what it is about. */

export const aModel: ModelSpec = { provider: 'demo', name: 'canned-reply' };

export function aSpec(differences: Partial<AgentSpec> = {}): AgentSpec {
  return {
    type: 'openclaw',
    version: '2026.9.6',
    plan: 'standard',
    resources: { memoryBytes: 2 * 1024 ** 3, cpus: 1, pids: 512 },
    model: aModel,
    identity: {},
    suspended: false,
    ...differences,
  };
}

export const aBlock: Block = { subnet: '10.203.0.0/29', gateway: '10.203.0.1', address: '10.203.0.2' };

export function aRecord(differences: Partial<Recorded> = {}): Recorded {
  return { delivered: {}, restarts: [], ...differences };
}

/** A start of ours at `at`, after a run that began a second before. */
export function aRestart(at: number): Restart {
  return { at, instanceId: 'container-1', startedAt: at - 1000, by: 'agentpod', reason: 'Exited', slow: false };
}

/** A living agent `acme/main` that was just created: no address yet, nothing observed. */
export function anAgent(differences: Partial<Agent> = {}): Agent {
  const tenant = differences.tenant ?? 'acme';
  const name = differences.name ?? 'main';
  return {
    id: '019a0000-0000-7000-8000-0000000000a1',
    tenantId: '019a0000-0000-7000-8000-0000000000f1',
    tenant,
    name,
    spec: aSpec(),
    generation: 1,
    createdAt: '2026-11-01T00:00:00.000Z',
    host: hostOf({ tenant, agent: name }, 'localhost'),
    block: undefined,
    deletion: undefined,
    recorded: aRecord(),
    status: { observedGeneration: 0, conditions: [] },
    ...differences,
  };
}

/** What a service hands to the store to make `acme/main`; a new id each time. */
export function aNewAgent(differences: Partial<NewAgent> = {}): NewAgent {
  const tenant = differences.tenant ?? 'acme';
  const name = differences.name ?? 'main';
  return {
    id: randomUUIDv7(),
    tenant,
    name,
    host: hostOf({ tenant, agent: name }, 'localhost'),
    spec: aSpec(),
    secrets: {},
    sealedCredentials: 'sealed-credentials',
    ...differences,
  };
}

/** A change of an agent that was never changed before. */
export function aChange(differences: Partial<SpecChange> = {}): SpecChange {
  return { spec: aSpec(), expectedGeneration: 1, secrets: {}, ...differences };
}
