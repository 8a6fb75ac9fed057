import type { AgentView, Condition, ConditionType } from '@agentpod/core';

const steps: readonly ConditionType[] = [
  'Provisioned',
  'Configured',
  'Running',
  'Healthy',
  'Routed',
  'Certified',
  'Ready',
];

export function aCondition(type: ConditionType, differences: Partial<Condition> = {}): Condition {
  return {
    type,
    status: 'True',
    reason: type === 'Ready' ? 'Answering' : type,
    message: `${type} holds`,
    observedGeneration: 1,
    lastTransitionTime: '2026-11-01T00:00:10.000Z',
    ...differences,
  };
}

/** `acme`, ready. A test names only what it is about. */
export function anAgentView(differences: Partial<AgentView> = {}): AgentView {
  return {
    id: '019a0000-0000-7000-8000-0000000000a1',
    ref: 'acme',
    tenant: 'acme',
    name: 'main',
    url: 'http://acme.localhost/',
    host: 'acme.localhost',
    state: 'ready',
    generation: 1,
    createdAt: '2026-11-01T00:00:00.000Z',
    spec: {
      type: 'openclaw',
      version: '2026.9.6',
      plan: 'standard',
      resources: { memoryBytes: 2 * 1024 ** 3, cpus: 1, pids: 512 },
      model: { provider: 'demo', name: 'canned-reply' },
      identity: {},
      suspended: false,
    },
    status: { observedGeneration: 1, conditions: steps.map((type) => aCondition(type)) },
    ...differences,
  };
}

/** On its way: the first `done` steps hold, the next one says why not. */
export function aComingAgent(done: number, differences: Partial<AgentView> = {}): AgentView {
  const conditions = steps.slice(0, done).map((type) => aCondition(type));
  const next = steps[done];
  if (next) conditions.push(aCondition(next, { status: 'False', reason: 'Booting', message: 'The agent boots' }));
  return anAgentView({ state: 'creating', status: { observedGeneration: 1, conditions }, ...differences });
}
