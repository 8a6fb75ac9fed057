import { type AgentView, type Condition, type ConditionType, findCondition } from '@agentpod/core';

/** What is waited for. */
export interface Goal {
  readonly reached: (agent: AgentView) => boolean;
  /** Whether `Stalled` is about what was asked for, and not about what was before. */
  readonly mayStall: (agent: AgentView) => boolean;
  /** Conditions shown as steps. */
  readonly steps: readonly ConditionType[];
  /** Whether an agent that is no longer there is what was wanted. */
  readonly goneIsGood: boolean;
}

const allSteps: readonly ConditionType[] = [
  'Provisioned',
  'Configured',
  'Running',
  'Healthy',
  'Routed',
  'Certified',
  'Ready',
];

/** A condition, when it speaks about the present spec. */
export function presentCondition(agent: AgentView, type: ConditionType): Condition | undefined {
  const condition = findCondition(agent.status.conditions, type);
  return condition && condition.observedGeneration >= agent.generation ? condition : undefined;
}

const holds = (agent: AgentView, type: ConditionType) => presentCondition(agent, type)?.status === 'True';

/** The agent answers, at the generation that was asked for or a later one. */
export function ready(generation: number): Goal {
  return {
    reached: (agent) => agent.generation >= generation && holds(agent, 'Ready'),
    mayStall: () => true,
    steps: allSteps,
    goneIsGood: false,
  };
}

/** Nothing of it runs any more. */
export function stopped(): Goal {
  return {
    reached: (agent) => {
      const running = presentCondition(agent, 'Running');
      return agent.spec.suspended && running?.status === 'False' && running.reason !== 'Stopping';
    },
    mayStall: () => true,
    steps: [],
    goneIsGood: false,
  };
}

/** A newer start of the container than the one there was, and answering. */
export function restarted(before: AgentView): Goal {
  const startedBefore = Date.parse(before.status.instance?.startedAt ?? '') || 0;
  const anew = (agent: AgentView) => Date.parse(agent.status.instance?.startedAt ?? '') > startedBefore;
  const stalledBefore = findCondition(before.status.conditions, 'Stalled')?.status === 'True';
  return {
    reached: (agent) => anew(agent) && holds(agent, 'Ready'),
    // A stalled agent goes on looking stalled until the restart has begun.
    mayStall: (agent) => !stalledBefore || anew(agent),
    steps: ['Running', 'Healthy', 'Routed', 'Ready'],
    goneIsGood: false,
  };
}

/** `before` may be stalled: deleting it is then what a person does about it. */
export function deleted(before: AgentView): Goal {
  const stalledAt = (agent: AgentView) => findCondition(agent.status.conditions, 'Stalled')?.lastTransitionTime;
  const stalledBefore = findCondition(before.status.conditions, 'Stalled')?.status === 'True';
  return {
    reached: (agent) => agent.state === 'deleted',
    mayStall: (agent) => !stalledBefore || stalledAt(agent) !== stalledAt(before),
    steps: [],
    goneIsGood: true,
  };
}
