import { z } from 'zod';

/** When objects of an agent that nobody knows were first seen on the engine; by the agent's id, milliseconds since 1970. */
export const OrphanSightings = z.record(z.string(), z.number());
export type OrphanSightings = z.infer<typeof OrphanSightings>;

/** Long enough to notice that an older database was put back, and to put the right one back. */
export const orphanGraceMs = 24 * 3_600_000;

/**
 * Which agents own something on the engine although the store knows nothing of them, and whose time is up. What was not
 * seen as an orphan for a whole grace period is never due.
 */
export function judgeOrphans(seen: {
  readonly owners: ReadonlySet<string>;
  readonly known: ReadonlySet<string>;
  readonly sightings: OrphanSightings;
  readonly now: number;
}): { readonly sightings: OrphanSightings; readonly due: readonly string[] } {
  const orphans = [...seen.owners].filter((id) => !seen.known.has(id));
  const sightings = Object.fromEntries(orphans.map((id) => [id, Math.min(seen.sightings[id] ?? seen.now, seen.now)]));
  return { sightings, due: orphans.filter((id) => seen.now - (sightings[id] ?? seen.now) >= orphanGraceMs) };
}
