import { type AgentView, findCondition, isTrouble } from '@agentpod/core';
import type { Messages } from './messages/zh.ts';

/** Why an agent is in its state: the reason as code knows it, and one sentence for a person. */
export interface Why {
  readonly reason: string;
  readonly sentence: string;
  /** The server's own words, where they may say more than the sentence. */
  readonly detail: string | undefined;
}

/** Part of an ordinary life; there is nothing to find out about them. */
const selfExplaining = new Set([
  'Booting',
  'Creating',
  'Deleted',
  'Deleting',
  'OutOfDate',
  'Paused',
  'Restarting',
  'Starting',
  'Suspended',
]);

/** `undefined` as long as nothing is known, and for an agent that is simply ready. */
export function whyOf(agent: AgentView, t: Messages): Why | undefined {
  const { conditions } = agent.status;
  const stalled = findCondition(conditions, 'Stalled');
  const ready = findCondition(conditions, 'Ready');
  const beside = ready?.status === 'True' ? conditions.find(isTrouble) : undefined;
  const cause = stalled?.status === 'True' ? stalled : (beside ?? ready);
  if (!cause || agent.state === 'ready') return undefined;
  const { reason, message } = cause;
  const translated = t.reasons[reason];
  if (translated === undefined) return { reason, sentence: message, detail: undefined };
  return { reason, sentence: translated, detail: selfExplaining.has(reason) ? undefined : message };
}
