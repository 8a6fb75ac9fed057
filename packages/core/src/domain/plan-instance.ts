import { pendingRestart, type Restart, type Run } from './agent.ts';
import type { Finding } from './condition.ts';
import { judgeLoop } from './event-loop.ts';
import {
  configured,
  notReady,
  notStalled,
  provisioned,
  readiness,
  routeFindings,
  running,
  stalled,
  unhealthy,
} from './findings.ts';
import { mayRestart } from './health-layers.ts';
import { canGoBack, goodAfterMs, isRejected } from './last-good.ts';
import type { Health, ObservedInstance, Observation, Target } from './observation.ts';
import type { Plan } from './plan.ts';
import { type EndedRun, type RestartDecision, restartDecision } from './restart-policy.ts';
import type { Step } from './step.ts';

/** The container is the right one and has what it needs: run it, and say how it is. */
export function planInstance(seen: Observation, current: ObservedInstance, target: Target): Plan {
  const ground = [
    provisioned(true, 'Provisioned', 'Network, volumes and address are in place'),
    delivered(seen),
    ...seen.aside,
  ];
  switch (current.state) {
    case 'created':
      return {
        steps: [{ kind: 'startInstance', name: current.name }],
        findings: [...ground, running(false, 'Starting', 'Starting'), notReady('Starting', 'The container starts')],
      };
    case 'running':
      return planRunning(seen, current, target, ground);
    case 'restarting': {
      const { reason, what } = endOf(current, seen);
      return down(ground, reason, `${what}; the engine starts it again`, seen.now + engineRestartMs);
    }
    case 'exited':
      return planExited(seen, current, target, ground);
    case 'paused':
    case 'other':
      return down(ground, 'Paused', 'Somebody paused the container; unpause it, or use "agentpod restart"', undefined);
  }
}

/** The container should be there and is not, although we did not remove it. Undefined when that is no surprise. */
export function planGone(seen: Observation, target: Target, make: readonly Step[]): Plan | undefined {
  const { run } = seen.agent.recorded;
  if (!run || run.released || run.revision !== target.instanceRevision) return undefined;
  const ended: EndedRun = {
    run,
    endedAt: run.startedAt,
    reason: 'InstanceGone',
    what: 'Somebody removed the container',
    exitCode: undefined,
    transient: false,
  };
  return planEnded(seen, target, ended, make, [provisioned(false, 'InstanceGone', ended.what), ...seen.aside]);
}

function planRunning(seen: Observation, current: ObservedInstance, target: Target, ground: readonly Finding[]): Plan {
  const requested = pendingRestart(seen.agent.recorded);
  if (requested !== undefined && current.startedAt !== undefined && current.startedAt < requested) {
    return {
      steps: restartInPlace(current, target.shape.stop.graceSeconds),
      findings: [
        ...ground,
        running(false, 'Restarting', 'A restart was asked for'),
        notReady('Restarting', 'Restarting'),
      ],
    };
  }
  const note = noteRun(seen, current);
  if (note?.engineRestarts.length) {
    // It is up again before anybody could look: without a word of it, nobody would know that it fell.
    const [{ reason } = { reason: 'Exited' }] = note.engineRestarts;
    const what = reason === 'OutOfMemory' ? 'The agent ran out of memory' : 'The agent exited';
    return { ...down(ground, reason, `${what}, and the engine started it again`, seen.now), steps: [note] };
  }
  const steps: Step[] = note ? [note] : [];
  const { run } = seen.agent.recorded;
  if (!note && run && !run.started && seen.health?.started === 'yes' && seen.health.startedAt === run.startedAt) {
    steps.push({ kind: 'noteStarted', run });
  }
  steps.push(...newLimits(current, target));
  const up = [...ground, running(true, 'Running', 'The container runs')];

  const { health } = seen;
  const known = health?.instanceId === current.id && health.startedAt === current.startedAt ? health : undefined;
  const hung = hangOf(seen, current, target, known);
  if (hung?.kind === 'silent') {
    const restart = restartInPlace(current, target.loop?.graceSeconds ?? target.shape.stop.graceSeconds);
    const next = planEnded(seen, target, hung.ended, restart, up);
    return { ...next, steps: [...steps, ...next.steps] };
  }
  if (known?.started !== 'yes' || known.rpc !== 'yes' || hung) {
    const reason = hung ? 'Busy' : known?.started === 'yes' ? 'NotAnswering' : 'Booting';
    const message = hung ? 'It works hard and does not answer meanwhile' : (known?.detail ?? 'The agent boots');
    return {
      steps,
      findings: [...up, notStalled(), unhealthy(reason, message), ...routeFindings(seen), notReady(reason, message)],
    };
  }
  const healthy: Finding = {
    type: 'Healthy',
    status: 'True',
    reason: 'Answering',
    message: 'Started and answering RPC',
  };
  const findings = [...up, notStalled(), healthy, ...routeFindings(seen), readiness(seen)];
  return { ...provenGood(seen, current, steps), findings };
}

/** A start with this spec that stayed healthy for a while is something to go back to. */
function provenGood(seen: Observation, current: ObservedInstance, steps: readonly Step[]): Omit<Plan, 'findings'> {
  const { recorded, generation } = seen.agent;
  const { run, good } = recorded;
  const isBoot = run?.instanceId === current.id && run.startedAt === current.startedAt && run.generation === generation;
  if (!isBoot || good?.generation === generation || isRejected(seen.agent)) return { steps };
  const provenAt = run.startedAt + goodAfterMs;
  return seen.now >= provenAt ? { steps: [...steps, { kind: 'recordGood' }] } : { steps, lookAgainAt: provenAt };
}

type Hang = { readonly kind: 'busy' } | { readonly kind: 'silent'; readonly ended: EndedRun };

/** It runs, and that is not enough: its event loop stands still, or it never finishes its start. */
function hangOf(
  seen: Observation,
  current: ObservedInstance,
  target: Target,
  known: Health | undefined,
): Hang | undefined {
  const startedAt = current.startedAt ?? seen.now;
  const silent = (reason: string, what: string, endedAt: number): Hang => ({
    kind: 'silent',
    ended: { run: { instanceId: current.id, startedAt }, endedAt, reason, what, exitCode: undefined, transient: false },
  });
  // What was not looked at yet is not late: after a restart of ours every agent is old and unknown.
  if (!known) return undefined;
  if (known.started !== 'yes' && !wasStarted(seen, current)) {
    // Nobody was there to see it start: before that is called too late, it is watched for a while.
    const watchedAt = known.lookedSince + leastWatchMs;
    // A start in the future tells that the clock was set back: what we saw ourselves counts then.
    const beganAt = startedAt <= seen.now ? startedAt : known.lookedSince;
    const deadlineAt = Math.max(beganAt + target.startDeadlineSeconds * 1000, watchedAt);
    if (seen.now <= deadlineAt) return undefined;
    const what = `It did not finish its start within ${target.startDeadlineSeconds} s`;
    return silent('StartDeadlineExceeded', what, deadlineAt);
  }
  const verdict = judgeLoop(known.loop, target.loop, { cpus: target.limits.cpus, now: seen.now });
  const since = known.loop?.silentSince ?? seen.now;
  switch (verdict) {
    case 'turning':
      return undefined;
    case 'busy':
      return { kind: 'busy' };
    case 'hung':
      return silent('Hung', 'The agent hangs: it is silent and does nothing', since);
    case 'hung-busy':
      return silent('HungBusy', 'The agent works and does not answer any more', since);
  }
}

function planExited(seen: Observation, current: ObservedInstance, target: Target, ground: readonly Finding[]): Plan {
  const { reason, what } = endOf(current, seen);
  const note = noteRun(seen, current);
  // First what it went through: the decision counts on it.
  if (note) return { ...down(ground, reason, what, seen.now), steps: [note] };
  const ended: EndedRun = {
    run: { instanceId: current.id, startedAt: current.startedAt ?? 0 },
    endedAt: current.finishedAt ?? seen.now,
    reason,
    what,
    exitCode: current.outOfMemory ? undefined : current.exitCode,
    transient: seen.failure?.transient === true,
  };
  const start: Step[] = [...newLimits(current, target), { kind: 'startInstance', name: current.name }];
  return planEnded(seen, target, ended, start, ground);
}

/** One way for all that fell: start it again as the policy says, go back to the last good configuration, or wait. */
function planEnded(
  seen: Observation,
  target: Target,
  ended: EndedRun,
  start: readonly Step[],
  ground: readonly Finding[],
): Plan {
  if (!mayRestart(ended.reason)) {
    return {
      steps: [],
      findings: [...ground, ...fallen(ended, ended.reason, ended.what), notReady(ended.reason, ended.what)],
    };
  }
  const { recorded, generation } = seen.agent;
  const { run } = recorded;
  const isNoted = run?.instanceId === ended.run.instanceId && run.startedAt === ended.run.startedAt;
  const decision = oncePerBoot(
    ended,
    recorded.restarts,
    restartDecision(ended, {
      restarts: recorded.restarts,
      restartRequestedAt: pendingRestart(recorded),
      endedByUs: isNoted && run.released,
      specChanged: isNoted && run.generation < generation && !isRejected(seen.agent),
      unhealableExitCodes: target.unhealableExitCodes,
      outages: seen.outages,
      now: seen.now,
    }),
  );
  const { reason, message } = decision;
  const findings = [...ground, ...fallen(ended, reason, message)];
  switch (decision.kind) {
    case 'start': {
      const count: Step[] = decision.counted ? [{ kind: 'countRestart', restart: decision.counted }] : [];
      return {
        steps: [...count, ...start],
        findings: [...findings, notStalled(), notReady(reason, message)],
      };
    }
    case 'wait':
      return { steps: [], findings: [...findings, notReady(reason, message)], lookAgainAt: decision.until };
    case 'stall':
      return {
        steps: canGoBack(seen.agent) ? [{ kind: 'rejectConfig', reason, message }] : [],
        findings: [...findings, stalled(reason, message), notReady(reason, message)],
        ...(decision.until === undefined ? {} : { lookAgainAt: decision.until }),
      };
  }
}

/** A boot that takes too long is tried once more, not again and again: each try costs the machine what a boot costs. */
function oncePerBoot(ended: EndedRun, restarts: readonly Restart[], decision: RestartDecision): RestartDecision {
  if (ended.reason !== 'StartDeadlineExceeded' || decision.kind !== 'start' || !decision.counted) return decision;
  const { reason, message } = decision;
  return restarts.at(-1)?.reason === reason ? { kind: 'stall', reason, message } : decision;
}

function fallen({ reason: cause, what }: EndedRun, reason: string, message: string): Finding[] {
  if (cause === 'Hung' || cause === 'HungBusy' || cause === 'StartDeadlineExceeded') return [unhealthy(cause, what)];
  return [running(false, reason, message)];
}

/** What can be said of a container that does not run, while something is done about it. */
export function notUp(current: ObservedInstance, seen: Observation): Finding[] {
  if (current.state === 'running') return [];
  const { reason, what } =
    current.state === 'created' ? { reason: 'Starting', what: 'The container starts' } : endOf(current, seen);
  return [running(false, reason, what), notReady(reason, what)];
}

function endOf({ exitCode, outOfMemory }: ObservedInstance, { failure }: Observation) {
  if (outOfMemory) return { reason: 'OutOfMemory', what: 'The agent ran out of memory' };
  const what = exitCode === undefined ? 'The agent exited' : `The agent exited with code ${exitCode}`;
  return { reason: 'Exited', what: failure ? `${what} (${failure.message})` : what };
}

function noteRun(seen: Observation, current: ObservedInstance): Extract<Step, { kind: 'noteRun' }> | undefined {
  const { startedAt, engineRestarts, outOfMemoryAt } = current;
  const { run: before } = seen.agent.recorded;
  if (startedAt === undefined || (before?.instanceId === current.id && before.startedAt === startedAt))
    return undefined;
  const same = before?.instanceId === current.id ? before : undefined;
  // The engine counts from our last start on: fewer than before means that it began anew.
  const unseen = engineRestarts - (same && engineRestarts >= same.engineRestarts ? same.engineRestarts : 0);
  const reason = outOfMemoryAt !== undefined && outOfMemoryAt >= (same?.startedAt ?? 0) ? 'OutOfMemory' : 'Exited';
  const fell = { instanceId: current.id, startedAt: same?.startedAt ?? 0, by: 'engine', reason, slow: false } as const;
  const run: Run = {
    instanceId: current.id,
    startedAt,
    revision: current.revision,
    // The spec may have changed since the start; the engine starts it with what lies there now.
    generation: (engineRestarts === 0 ? seen.agent.recorded.startGeneration : undefined) ?? seen.agent.generation,
    engineRestarts,
    started: false,
    released: false,
  };
  return { kind: 'noteRun', run, engineRestarts: Array.from({ length: Math.min(unseen, mostNoted) }, () => fell) };
}

/** A busy agent may be silent for so long and be well. */
const leastWatchMs = 60_000;
/** The engine's own policy starts it three times; more tells nothing new. */
const mostNoted = 3;
/** The engine waits longer before each of its starts; this is the longest of three. */
const engineRestartMs = 1000;

/** Seen once in this run, maybe before we were restarted ourselves. */
function wasStarted({ agent: { recorded } }: Observation, { id, startedAt }: ObservedInstance): boolean {
  const { run } = recorded;
  return run?.started === true && run.instanceId === id && run.startedAt === startedAt;
}

function restartInPlace({ name, startedAt }: ObservedInstance, graceSeconds: number): Step[] {
  return [
    { kind: 'stopInstance', name, graceSeconds, ...(startedAt === undefined ? {} : { onlyRun: startedAt }) },
    { kind: 'startInstance', name },
  ];
}

function down(ground: readonly Finding[], reason: string, message: string, lookAgainAt: number | undefined): Plan {
  return {
    steps: [],
    findings: [...ground, running(false, reason, message), notReady(reason, message)],
    ...(lookAgainAt === undefined ? {} : { lookAgainAt }),
  };
}

function delivered({ agent }: Observation): Finding {
  const { rejected, good } = agent.recorded;
  if (!isRejected(agent) || !rejected) {
    return configured(true, 'Delivered', 'The files of this generation are in place');
  }
  const message = `Generation ${agent.generation} never became healthy (${rejected.reason}): generation ${good?.generation} runs in its place`;
  return configured(false, 'ConfigRejected', message);
}

function newLimits({ name, limits: present }: ObservedInstance, { limits }: Target): Step[] {
  const same =
    present.memoryBytes === limits.memoryBytes && present.cpus === limits.cpus && present.pids === limits.pids;
  return same ? [] : [{ kind: 'setLimits', name, limits }];
}
