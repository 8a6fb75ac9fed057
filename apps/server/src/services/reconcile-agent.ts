import {
  type Agent,
  type AgentStatus,
  type AppError,
  errorKinds,
  findCondition,
  type Finding,
  type Health,
  mergeFindings,
  type Observation,
  overlaps,
  plan,
  type Plan,
  type RouteView,
  type Target,
  toAppError,
} from '@agentpod/core';
import type { RuntimeEngine } from '../ports/runtime.ts';
import type { Store } from '../ports/store.ts';
import { apply } from './apply.ts';
import type { Outcome } from './work-queue.ts';

export interface ReconcileDeps {
  readonly runtime: RuntimeEngine;
  readonly store: Store;
  readonly supernet: string;
  readonly hostRoutes: () => Promise<readonly string[]>;
  readonly now: () => number;
  readonly targetOf: (agent: Agent) => Promise<Target | undefined>;
  readonly userOf: (agent: Agent) => string;
  /** What probes last said; they run beside the controller, never inside it. */
  readonly lastSeen: (agentId: string) => { health: Health | undefined; route: RouteView | undefined };
  /** Tells the probes what there is to look at now. */
  readonly look: (agent: Agent, engine: Observation['engine'], target: Target | undefined) => void;
  /** Something a reader of this agent would see differently. */
  readonly changed: (agentId: string) => void;
  readonly onError: (agent: Agent, error: AppError) => void;
}

/** Observe, plan, apply, report. Everything that decides is in `plan`. */
export async function reconcileAgent(id: string, deps: ReconcileDeps, signal: AbortSignal): Promise<Outcome> {
  const agent = await deps.store.getAgent(id);
  if (!agent) return { kind: 'settled' };

  let seen: Observation;
  try {
    seen = await observe(agent, deps, signal);
  } catch (thrown) {
    const error = toAppError(thrown);
    deps.onError(agent, error);
    // What was not seen is not the same as what is not there: nothing is touched.
    await report(agent, undefined, [unseen(error)], error, deps);
    return { kind: errorKinds[error.kind].reconcile };
  }

  const next = plan(seen);
  let failure: AppError | undefined;
  try {
    await apply(agent, next.steps, { ...deps, user: deps.userOf(agent), onProgress: () => deps.changed(id) }, signal);
  } catch (thrown) {
    failure = toAppError(thrown);
    deps.onError(agent, failure);
  }
  deps.look(agent, seen.engine, seen.target);
  if (!failure && agent.deletion?.purge === true && next.steps.some(({ kind }) => kind === 'finishDeletion')) {
    // Its row is gone: there is nothing left to write a status to.
    deps.changed(id);
    return { kind: 'settled' };
  }
  await report(agent, seen, failure ? afterFailure(next, failure) : next.findings, failure, deps);
  return outcomeOf(next, failure);
}

async function observe(agent: Agent, deps: ReconcileDeps, signal: AbortSignal): Promise<Observation> {
  const engine = await deps.runtime.observe(agent.id, signal);
  const target = agent.deletion ? undefined : await deps.targetOf(agent);
  const { block } = agent;
  const strangers =
    block && engine.networks.length === 0 && !agent.deletion
      ? [...(await deps.runtime.foreignSubnets(signal)), ...(await deps.hostRoutes())]
      : [];
  return {
    agent,
    target,
    engine,
    foreignOverlap: strangers.filter((subnet) => block !== undefined && overlaps(subnet, block.subnet)),
    ...deps.lastSeen(agent.id),
    now: deps.now(),
  };
}

function unseen(error: AppError): Finding {
  return { type: 'Ready', status: 'Unknown', reason: error.reason, message: sentence(error) };
}

/** The plan's findings stand, but what failed and why is the news. */
function afterFailure(next: Plan, error: AppError): Finding[] {
  const kept = next.findings.filter(({ type }) => type !== 'Ready' && type !== 'Stalled');
  const hopeless = errorKinds[error.kind].reconcile === 'stalled';
  return [
    ...kept,
    { type: 'Stalled', status: hopeless ? 'True' : 'False', reason: error.reason, message: sentence(error) },
    { type: 'Ready', status: 'False', reason: error.reason, message: sentence(error) },
  ];
}

function sentence(error: AppError): string {
  if (error.kind === 'bug') return 'AgentPod made a mistake; the server log has the details';
  return error.remedy === undefined || error.message.includes(error.remedy)
    ? error.message
    : `${error.message}. ${error.remedy}`;
}

function outcomeOf(next: Plan, error: AppError | undefined): Outcome {
  if (error) return { kind: errorKinds[error.kind].reconcile };
  if (next.steps.some(({ kind }) => kind !== 'finishDeletion')) return { kind: 'again' };
  return { kind: 'settled', lookAgainAt: next.lookAgainAt };
}

async function report(
  agent: Agent,
  seen: Observation | undefined,
  findings: readonly Finding[],
  error: AppError | undefined,
  deps: ReconcileDeps,
): Promise<void> {
  const now = deps.now();
  const conditions = mergeFindings(agent.status.conditions, findings, { generation: agent.generation, now });
  const status: AgentStatus = {
    observedGeneration: agent.generation,
    conditions,
    ...instanceOf(agent, seen),
    ...lastErrorOf(agent, findings, error),
  };
  if (JSON.stringify(status) === JSON.stringify(agent.status)) return;
  await deps.store.saveStatus(agent.id, status);
  await announce(agent, findings, deps);
  deps.changed(agent.id);
}

function instanceOf(agent: Agent, seen: Observation | undefined): Pick<AgentStatus, 'instance'> {
  if (!seen) return agent.status.instance ? { instance: agent.status.instance } : {};
  const instance =
    seen.engine.instances.find(({ revision }) => revision === seen.target?.instanceRevision) ??
    seen.engine.instances[0];
  if (!instance) return {};
  return {
    instance: {
      name: instance.name,
      state: instance.state,
      ...(instance.startedAt === undefined ? {} : { startedAt: new Date(instance.startedAt).toISOString() }),
      image: agent.recorded.image?.reference ?? instance.imageId,
      restarts: agent.recorded.restarts.length,
    },
  };
}

const failing = new Set(['Exited', 'OutOfMemory', 'ConfigRefused', 'DataMissing', 'StartDeadlineExceeded']);

function lastErrorOf(
  agent: Agent,
  findings: readonly Finding[],
  error: AppError | undefined,
): Pick<AgentStatus, 'lastError'> {
  const bad = findings.find(({ reason }) => failing.has(reason));
  // An agent that answers has no error, whatever it went through to get there: that is history, and events tell it.
  if (findings.some(({ type, status }) => type === 'Ready' && status === 'True')) return {};
  const text = error ? sentence(error) : (bad?.message ?? agent.status.lastError);
  return text === undefined ? {} : { lastError: text };
}

/** Events are for people: one when the agent's readiness changes its reason, not one per step. */
async function announce(agent: Agent, findings: readonly Finding[], deps: ReconcileDeps): Promise<void> {
  const ready = findings.find(({ type }) => type === 'Ready');
  if (!ready || findCondition(agent.status.conditions, 'Ready')?.reason === ready.reason) return;
  const stalled = findings.some(({ type, status }) => type === 'Stalled' && status === 'True');
  await deps.store.addEvent({
    agentId: agent.id,
    type: stalled || failing.has(ready.reason) || ready.status === 'Unknown' ? 'warning' : 'normal',
    reason: ready.reason,
    message: ready.message,
    time: deps.now(),
  });
}
