import { z } from 'zod';

/** Adjectives or past tense. Absent means `Unknown`; only `Stalled` is bad when true. */
export const conditionTypes = [
  'Provisioned',
  'Configured',
  'Running',
  'Healthy',
  'Routed',
  'Certified',
  'Stalled',
  'Ready',
  // Beside Ready: an agent whose channel is not linked answers all the same.
  'ChannelsConnected',
  'ModelAnswering',
  'MemoryStable',
] as const;
export type ConditionType = (typeof conditionTypes)[number];

export const Condition = z.object({
  type: z.enum(conditionTypes),
  status: z.enum(['True', 'False', 'Unknown']),
  /** One PascalCase word; part of the API, listed in docs/reference/conditions.md. */
  reason: z.string(),
  /** For a person; may change between versions. */
  message: z.string(),
  observedGeneration: z.number().int(),
  lastTransitionTime: z.iso.datetime(),
});
export type Condition = z.infer<typeof Condition>;

/** A condition as the planner states it, before it is known whether that is news. */
export interface Finding {
  readonly type: ConditionType;
  readonly status: Condition['status'];
  readonly reason: string;
  readonly message: string;
}

export function findCondition(conditions: readonly Condition[], type: ConditionType): Condition | undefined {
  return conditions.find((condition) => condition.type === type);
}

export function isTrue(conditions: readonly Condition[], type: ConditionType): boolean {
  return findCondition(conditions, type)?.status === 'True';
}

/** Replaces what is found, keeps the rest. The transition time moves only when the status does. */
export function mergeFindings(
  conditions: readonly Condition[],
  findings: readonly Finding[],
  at: { readonly generation: number; readonly now: number },
): Condition[] {
  const time = new Date(at.now).toISOString();
  return conditionTypes.flatMap((type) => {
    const before = findCondition(conditions, type);
    const finding = findings.find((candidate) => candidate.type === type);
    if (!finding) return before ? [before] : [];
    const lastTransitionTime = before?.status === finding.status ? before.lastTransitionTime : time;
    return [{ ...finding, observedGeneration: at.generation, lastTransitionTime }];
  });
}
