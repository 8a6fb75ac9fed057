import type { Agent } from './agent.ts';
import type { AgentSpec } from './spec.ts';

/** How long a start with a new spec must have been healthy before the spec counts as good. */
export const goodAfterMs = 30_000;

/**
 * The spec that is carried out. It is the one a person wrote, unless that never became healthy: then it is the last good
 * one. Only configuration goes back by itself; whether the agent is to run stays the person's word, and its version is
 * changed by nothing but an upgrade, because data migrates one way.
 */
export function effectiveSpec(agent: Pick<Agent, 'spec' | 'generation' | 'recorded'>): AgentSpec {
  const { good } = agent.recorded;
  if (!isRejected(agent) || !good) return agent.spec;
  const { suspended, type, version } = agent.spec;
  return { ...good.spec, suspended, type, version };
}

/** Whether the newest spec was taken back. */
export function isRejected({ generation, recorded }: Pick<Agent, 'generation' | 'recorded'>): boolean {
  return recorded.good !== undefined && recorded.rejected?.generation === generation;
}

/** Whether there is something to go back to. */
export function canGoBack(agent: Pick<Agent, 'spec' | 'generation' | 'recorded'>): boolean {
  const { good } = agent.recorded;
  if (!good || good.generation === agent.generation || isRejected(agent)) return false;
  return specDifference(good.spec, agent.spec).length > 0;
}

export interface SpecDifference {
  /** Dotted path: `resources.memoryBytes`. */
  readonly field: string;
  readonly from: string;
  readonly to: string;
}

const longestValue = 60;
/** Not configuration: nothing that going back would undo. */
const fixed: ReadonlySet<string> = new Set(['suspended', 'type', 'version', 'plan']);

/** What the newer spec changes, field by field; long texts are cut. A spec holds no secrets, only their names. */
export function specDifference(good: AgentSpec, newer: AgentSpec): readonly SpecDifference[] {
  const before = new Map(leaves(good));
  const after = new Map(leaves(newer));
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((field) => before.get(field) !== after.get(field) && !fixed.has(field))
    .toSorted()
    .map((field) => ({ field, from: shown(field, before.get(field)), to: shown(field, after.get(field)) }));
}

export function describeDifference(differences: readonly SpecDifference[]): string {
  return differences.map(({ field, from, to }) => `${field}: ${from} → ${to}`).join('; ');
}

function leaves(value: object, path = ''): [string, string][] {
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]): [string, string][] => {
    const field = path ? `${path}.${key}` : key;
    if (inner === undefined) return [];
    if (typeof inner === 'object' && inner !== null && !Array.isArray(inner)) return leaves(inner, field);
    return [[field, JSON.stringify(inner)]];
  });
}

function shown(field: string, text: string | undefined): string {
  if (text === undefined) return '(absent)';
  // The agent's own settings may hold a token of a messenger.
  if (field.startsWith('config.')) return '…';
  return text.length > longestValue ? `${text.slice(0, longestValue - 1)}…` : text;
}
