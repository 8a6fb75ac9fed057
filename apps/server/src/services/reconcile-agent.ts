import {
  type Agent,
  type AgentStatus,
  type AppError,
  canonicalJson,
  describeDifference,
  errorKinds,
  findCondition,
  type Finding,
  isAlive,
  isAnswering,
  isRejected,
  mergeFindings,
  notReady,
  type ObservedInstance,
  type Observation,
  type Outage,
  overlaps,
  plainText,
  plan,
  readiness,
  type Plan,
  type Step,
  type Target,
  specDifference,
  toAppError,
} from '@agentpod/core';
import type { RuntimeEngine } from '../ports/runtime.ts';
import type { Store } from '../ports/store.ts';
import { apply } from './apply.ts';
import type { StartGate } from './start-gate.ts';
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
  readonly lastSeen: (agentId: string) => Pick<Observation, 'health' | 'route' | 'aside'>;
  /** What the agent's own log says of its end. Never throws: an end without a reason is still an end. */
  readonly explain: (agent: Agent, ended: ObservedInstance, signal: AbortSignal) => Promise<Observation['failure']>;
  /** What the agent's own check of its configuration said, in one sentence for a person. */
  readonly refusalOf: (agent: Agent, output: string) => string;
  readonly outages: () => readonly Outage[];
  readonly starts: Pick<StartGate, 'isOpen' | 'take' | 'giveBack'>;
  /** Called after each status that was written; may be lost when the process dies before. */
  readonly statusSaved: (agent: Agent, after: AgentStatus) => void;
  /** Tells the probes what there is to look at now. */
  readonly look: (agent: Agent, engine: Observation['engine'], target: Target | undefined) => void;
  /** Something a reader of this agent would see differently. */
  readonly changed: (agentId: string) => void;
  readonly onError: (agent: Agent, error: AppError) => void;
}

const acts: ReadonlySet<Step['kind']> = new Set(['startInstance', 'stopInstance', 'removeInstance']);

/** Observe, plan, apply, report. Everything that decides is in `plan`. */
export async function reconcileAgent(id: string, deps: ReconcileDeps, signal: AbortSignal): Promise<Outcome> {
  const agent = await deps.store.getAgent(id);
  if (!agent) return { kind: 'settled' };

  let seen: Observation;
  try {
    seen = await observe(agent, deps, signal);
  } catch (thrown) {
    // We stop, or it took too long: nothing is known of the agent by that, and the next look begins anew.
    if (signal.aborted) return { kind: 'retry' };
    const error = toAppError(thrown);
    deps.onError(agent, error);
    // What was not seen is not the same as what is not there: nothing is touched.
    await report(agent, agent.status, undefined, [unseen(error)], error, deps);
    return { kind: errorKinds[error.kind].reconcile };
  }

  const next = plan(seen);
  if (next.steps.some(({ kind }) => kind === 'startInstance')) deps.starts.take(id);
  else if (!seen.engine.instances.some(isAlive)) deps.starts.giveBack(id);
  // Before the acts: killed in between, people still read why something was stopped or started.
  const isAct = next.steps.some(({ kind }) => acts.has(kind));
  if (isAct) await announce(agent, next.findings, deps);
  let failure: AppError | undefined;
  const pull = new PullProgress(agent, next, deps);
  try {
    const refusalOf = (output: string): string => deps.refusalOf(agent, output);
    const applying = { ...deps, user: deps.userOf(agent), refusalOf, onProgress: (said: string) => pull.tell(said) };
    await apply(agent, next.steps, applying, signal);
  } catch (thrown) {
    if (signal.aborted) return { kind: 'retry' };
    failure = toAppError(thrown);
    deps.onError(agent, failure);
  }
  const before = await pull.shown();
  deps.look(agent, seen.engine, seen.target);
  if (!failure && agent.deletion?.purge === true && next.steps.some(({ kind }) => kind === 'finishDeletion')) {
    // Its row is gone: there is nothing left to write a status to.
    deps.changed(id);
    return { kind: 'settled' };
  }
  const findings = failure ? afterFailure(next, failure, seen) : next.findings;
  await report(agent, before, seen, findings, failure, deps, !isAct || failure !== undefined);
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
  const ended = engine.instances.find(({ state }) => state === 'exited' || state === 'restarting');
  return {
    agent,
    target,
    engine,
    failure: ended && !agent.deletion && !agent.spec.suspended ? await deps.explain(agent, ended, signal) : undefined,
    outages: deps.outages(),
    mayStart: deps.starts.isOpen(agent.id),
    foreignOverlap: strangers.filter((subnet) => block !== undefined && overlaps(subnet, block.subnet)),
    ...deps.lastSeen(agent.id),
    now: deps.now(),
  };
}

/** An image takes minutes to come: whoever waits sees that it moves. */
class PullProgress {
  readonly #agent: Agent;
  readonly #next: Plan;
  readonly #deps: ReconcileDeps;
  #saidAt = 0;
  #status: Promise<AgentStatus>;

  constructor(agent: Agent, next: Plan, deps: ReconcileDeps) {
    this.#agent = agent;
    this.#next = next;
    this.#deps = deps;
    this.#status = Promise.resolve(agent.status);
  }

  tell(said: string): void {
    const now = this.#deps.now();
    if (now - this.#saidAt < progressEveryMs) return;
    this.#saidAt = now;
    // Progress that cannot be written is lost; what matters is the image.
    this.#status = this.#status.then((shown) => this.#save(shown, said, now).catch(() => shown));
  }

  /** The status that readers see when the image has come. */
  async shown(): Promise<AgentStatus> {
    return this.#status;
  }

  async #save(shown: AgentStatus, said: string, now: number): Promise<AgentStatus> {
    const { id, generation } = this.#agent;
    const kept = this.#next.findings.filter(({ type }) => type !== 'Ready');
    const findings = [...kept, notReady('PullingImage', `Getting the image: ${plainText(said, 200)}`)];
    const conditions = mergeFindings(shown.conditions, findings, { generation, now });
    const status: AgentStatus = { ...shown, conditions };
    await this.#deps.store.saveStatus(id, status);
    this.#deps.changed(id);
    return status;
  }
}

const progressEveryMs = 2000;

function unseen(error: AppError): Finding {
  return { type: 'Ready', status: 'Unknown', reason: error.reason, message: sentence(error) };
}

/**
 * The plan's findings stand, but what failed and why is the news. An agent that was just seen answering is not called
 * down because something new could not be brought to it.
 */
function afterFailure(next: Plan, error: AppError, seen: Observation): Finding[] {
  const hopeless = errorKinds[error.kind].reconcile === 'stalled';
  // What was seen before a step ended it is not so any more.
  const wasTouched = next.steps.some(({ kind }) => kind === 'stopInstance' || kind === 'removeInstance');
  if (isAnswering(seen) && !wasTouched) {
    const kept = next.findings.filter(
      ({ type }) => !['Ready', 'Running', 'Healthy', 'Configured', 'Stalled'].includes(type),
    );
    return [
      ...kept,
      { type: 'Healthy', status: 'True', reason: 'Answering', message: 'Started and answering RPC' },
      { type: 'Configured', status: 'False', reason: error.reason, message: sentence(error) },
      { type: 'Stalled', status: hopeless ? 'True' : 'False', reason: error.reason, message: sentence(error) },
      readiness(seen),
    ];
  }
  const kept = next.findings.filter(({ type }) => type !== 'Ready' && type !== 'Stalled');
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
  before: AgentStatus,
  seen: Observation | undefined,
  findings: readonly Finding[],
  error: AppError | undefined,
  deps: ReconcileDeps,
  isNews = true,
): Promise<void> {
  const now = deps.now();
  const conditions = mergeFindings(before.conditions, findings, { generation: agent.generation, now });
  const status: AgentStatus = {
    // What was taken back is not what the status speaks of.
    observedGeneration: isRejected(agent) ? (agent.recorded.good?.generation ?? 0) : agent.generation,
    conditions,
    ...instanceOf(agent, seen),
    ...lastErrorOf(agent, findings, error),
  };
  if (canonicalJson(status) === canonicalJson(before)) return;
  await deps.store.saveStatus(agent.id, status);
  if (isNews) await announce(agent, findings, deps);
  deps.statusSaved(agent, status);
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

const failing = new Set([
  'Exited',
  'OutOfMemory',
  'ConfigRefused',
  'CrashLoop',
  'DataMissing',
  'StartDeadlineExceeded',
  'Hung',
  'HungBusy',
  'InstanceGone',
  'NetworkGone',
]);

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
  const news = (type: Finding['type']): Finding | undefined => {
    const finding = findings.find((one) => one.type === type);
    return findCondition(agent.status.conditions, type)?.reason === finding?.reason ? undefined : finding;
  };
  const tell = (severity: 'normal' | 'warning', reason: string, message: string): Promise<void> =>
    deps.store.addEvent({ agentId: agent.id, type: severity, reason, message, time: deps.now() });

  const configured = news('Configured');
  if (configured?.reason === 'ConfigRejected') await tell('warning', configured.reason, rejection(agent, configured));
  for (const type of ['ChannelsConnected', 'ModelAnswering', 'MemoryStable'] as const) {
    const finding = news(type);
    // The first word about a thing that is well is no news.
    const known = findCondition(agent.status.conditions, type) !== undefined;
    if (finding && (known || finding.status === 'False')) {
      await tell(finding.status === 'False' ? 'warning' : 'normal', finding.reason, finding.message);
    }
  }
  const ready = news('Ready');
  if (!ready) return;
  const stalled = findings.some(({ type, status }) => type === 'Stalled' && status === 'True');
  const bad = stalled || failing.has(ready.reason) || ready.status === 'Unknown';
  await tell(bad ? 'warning' : 'normal', ready.reason, ready.message);
}

function rejection(agent: Agent, { message }: Finding): string {
  const { good, rejected } = agent.recorded;
  const changes = good ? describeDifference(specDifference(good.spec, agent.spec)) : '';
  return `${message}. What it would have changed: ${changes}. What it said: ${rejected?.message ?? ''}`;
}
