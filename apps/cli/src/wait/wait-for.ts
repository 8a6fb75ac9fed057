import { type AgentView, AppError, type Client, findCondition } from '@agentpod/core';
import type { Context } from '../context.ts';
import { followAgent } from './follow-agent.ts';
import { type Goal, presentCondition } from './goal.ts';
import { startProgress } from './progress.ts';

/**
 * Follows the agent until the goal is reached and answers with it as it is then; `undefined` when it is gone and that
 * was wanted. Throws `terminal` when it stalled, `unavailable`/`TimedOut` when time is up.
 */
export async function waitFor(
  context: Context,
  client: Client,
  agent: AgentView,
  { goal, timeoutSeconds }: { readonly goal: Goal; readonly timeoutSeconds: number },
): Promise<AgentView | undefined> {
  const { io, t } = context;
  const stop = new AbortController();
  const overdue = new AbortController();
  const timer = io.sleep(timeoutSeconds * 1000, stop.signal).then(
    () => overdue.abort(),
    // Stopped: the goal was reached, or the person gave up.
    () => undefined,
  );
  const progress = startProgress(context, agent, goal);
  let last = agent;
  let unreachable: string | undefined;
  try {
    for await (const seen of followAgent(
      client,
      agent,
      io,
      AbortSignal.any([stop.signal, overdue.signal, io.interrupted]),
    )) {
      unreachable = seen.kind === 'unreachable' ? seen.why : undefined;
      if (seen.kind === 'unreachable') {
        progress.note(t.wait.serverAway(seen.why));
        continue;
      }
      if (seen.kind === 'gone') {
        if (goal.goneIsGood) return undefined;
        throw new AppError('not-found', 'Gone', t.wait.gone(agent.ref));
      }
      last = seen.agent;
      progress.show(last);
      if (goal.reached(last)) return last;
      failWhenStalled(last, goal, context);
    }
    return last;
  } catch (error) {
    if (!overdue.signal.aborted) throw error;
    throw timedOut(last, unreachable, timeoutSeconds, context);
  } finally {
    stop.abort();
    await timer;
    progress.stop();
  }
}

function failWhenStalled(agent: AgentView, goal: Goal, { t }: Context): void {
  const stalled = presentCondition(agent, 'Stalled');
  if (stalled?.status !== 'True' || !goal.mayStall(agent)) return;
  throw new AppError('terminal', stalled.reason, t.wait.stalled(agent.ref, stalled.message), {
    remedy:
      t.wait.stalledRemedies[stalled.reason]?.(agent.spec.type, agent.spec.version) ?? t.wait.stalledRemedy(agent.ref),
  });
}

function timedOut(agent: AgentView, unreachable: string | undefined, seconds: number, { t }: Context): AppError {
  const ready = findCondition(agent.status.conditions, 'Ready');
  const why = unreachable ?? (ready ? `${ready.reason}: ${ready.message}` : agent.state);
  return new AppError('unavailable', 'TimedOut', t.wait.timedOut(agent.ref, seconds, why), {
    remedy: t.wait.timedOutRemedy(agent.ref),
  });
}
