import {
  type Agent,
  type AgentStatus,
  type AlertAgent,
  canGoBack,
  findCondition,
  isRejected,
  isTrue,
  refOf,
} from '@agentpod/core';

/** What the rules look at of an agent, with the status it has at that moment. */
export function toAlertAgent(agent: Agent, status: AgentStatus, startDeadlineSeconds: number): AlertAgent {
  const { recorded } = agent;
  return {
    id: agent.id,
    ref: refOf(agent),
    tenant: agent.tenant,
    suspended: agent.spec.suspended,
    deleting: agent.deletion !== undefined,
    conditions: status.conditions,
    lastError: status.lastError,
    restarts: recorded.restarts.map(({ at, reason }) => ({ at, reason })),
    wasReady: recorded.good !== undefined || isTrue(status.conditions, 'Ready'),
    unprovenSpec: canGoBack(agent) || (isRejected(agent) && !isTold(status)),
    startDeadlineSeconds,
  };
}

/** Between the decision to go back and the first status that says so lies the change to the old container. */
function isTold({ conditions }: AgentStatus): boolean {
  return findCondition(conditions, 'Configured')?.reason === 'ConfigRejected';
}
