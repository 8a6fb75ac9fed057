import type { Agent } from './agent.ts';
import type { Health, ObservedInstance, Observation, RouteView, Target } from './observation.ts';
import { plan } from './plan.ts';
import { engineNames } from './step.ts';

export const id = '0193b1a0-0000-7000-8000-0123456789ab';
export const names = engineNames(id);
export const limits = { memoryBytes: 2 ** 30, cpus: 1, pids: 256 };
export const block = { subnet: '10.203.0.0/29', gateway: '10.203.0.1', address: '10.203.0.2' };
export const now = 1_700_000_000_000;
export const revision = 'aaaaaaaabbbb';

export const target: Target = {
  imageReferences: { local: 'agentpod/openclaw:1', registry: undefined },
  shape: {
    hostname: 'agent',
    user: '1000:1000',
    entrypoint: undefined,
    command: ['run'],
    env: {},
    mounts: { state: '/state', config: '/config' },
    readOnlyRoot: false,
    tmpfs: {},
    stop: { signal: 'SIGTERM', graceSeconds: 90 },
  },
  limits,
  configFiles: [{ path: 'a.json', content: '{}', policy: 'replace', revision: 'a1' }],
  stateFiles: [
    { path: 'SOUL.md', content: 'kind', policy: 'replace', revision: 'soul1' },
    { path: 'MEMORY.md', content: 'likes tea', policy: 'replace', revision: 'memory1' },
  ],
  configRevision: 'c1',
  stateRevision: 's1',
  instanceRevision: revision,
  unhealableExitCodes: [78],
  startDeadlineSeconds: 300,
};

export function agent(changes: Partial<Agent> = {}): Agent {
  return {
    id,
    tenantId: 't',
    tenant: 'acme',
    name: 'main',
    host: 'acme.localhost',
    createdAt: new Date(now).toISOString(),
    generation: 1,
    block,
    deletion: undefined,
    recorded: { delivered: {}, restarts: [] },
    status: { observedGeneration: 0, conditions: [] },
    spec: {
      type: 'openclaw',
      version: '1',
      plan: 'small',
      resources: limits,
      model: { provider: 'demo', name: 'canned-reply' },
      identity: {},
      suspended: false,
    },
    ...changes,
  };
}

export const settledRecord: Agent['recorded'] = {
  image: { reference: 'agentpod/openclaw:1', id: 'sha256:1' },
  stateVolumeCreatedAt: 'v',
  delivered: {
    config: { revision: 'c1', volumeCreatedAt: 'v' },
    state: { revision: 's1', volumeCreatedAt: 'v', files: { 'SOUL.md': 'soul1', 'MEMORY.md': 'memory1' } },
  },
  restarts: [],
  run: {
    instanceId: 'container-1',
    startedAt: now - 60_000,
    revision,
    generation: 1,
    engineRestarts: 0,
    started: true,
    released: false,
  },
  good: { generation: 1, spec: agent().spec },
};

export function restart(at: number, startedAt = at - 1000): Agent['recorded']['restarts'][number] {
  return { at, instanceId: 'container-1', startedAt, by: 'agentpod', reason: 'Exited', slow: false };
}

export function instance(changes: Partial<ObservedInstance> = {}): ObservedInstance {
  return {
    name: names.instance(revision),
    id: 'container-1',
    revision,
    state: 'running',
    startedAt: now - 60_000,
    finishedAt: undefined,
    exitCode: undefined,
    outOfMemory: false,
    imageId: 'sha256:1',
    limits,
    engineRestarts: 0,
    outOfMemoryAt: undefined,
    attached: true,
    ...changes,
  };
}

export const volumes = [
  { name: names.state, createdAt: 'v' },
  { name: names.config, createdAt: 'v' },
];
export const networks = [{ name: names.network, subnet: block.subnet }];
export const health: Health = {
  instanceId: 'container-1',
  startedAt: now - 60_000,
  started: 'yes',
  rpc: 'yes',
  lookedSince: now - 300_000,
  detail: undefined,
};
export const route: RouteView = { live: true, answers: 'yes', certificate: 'not-needed', detail: undefined };

export function seen(changes: Partial<Observation> = {}): Observation {
  return {
    agent: agent({ recorded: settledRecord }),
    target,
    engine: { networks, volumes, instances: [instance()] },
    foreignOverlap: [],
    health,
    route,
    aside: [],
    failure: undefined,
    outages: [],
    mayStart: true,
    now,
    ...changes,
  };
}

export const kinds = (observation: Observation) => plan(observation).steps.map(({ kind }) => kind);
export const finding = (observation: Observation, type: string) =>
  plan(observation).findings.find((candidate) => candidate.type === type);
