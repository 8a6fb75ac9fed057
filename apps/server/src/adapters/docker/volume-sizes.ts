import type { VolumeInspectInfo } from 'dockerode';
import type { EngineConnection } from './engine-connection.ts';
import type { Ownership } from './ownership.ts';

/** The engine walks through every file of every volume. */
const walkMs = 120_000;

interface DiskUsage {
  readonly Volumes: readonly VolumeInspectInfo[] | null;
}

/** What lies in our volumes, by name. */
export async function volumeSizes(
  connection: EngineConnection,
  ownership: Ownership,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  // An older engine does not know `type`: it goes through images and containers as well, which cannot be helped.
  const narrowed = atLeast(await connection.apiVersion(signal), 1, 42) ? '?type=volume' : '';
  const answer = await connection.get('measure the volumes', `/system/df${narrowed}`, signal, walkMs);
  const { Volumes: volumes } = answer as DiskUsage;
  const sizes = (volumes ?? [])
    .filter(({ Labels }) => ownership.isOurs(Labels))
    // -1 means that the volume's driver cannot tell.
    .flatMap(({ Name, UsageData }) => (UsageData && UsageData.Size >= 0 ? [[Name, UsageData.Size] as const] : []));
  return new Map(sizes);
}

function atLeast(apiVersion: string, major: number, minor: number): boolean {
  const [theirMajor = 0, theirMinor = 0] = apiVersion.split('.').map(Number);
  return theirMajor > major || (theirMajor === major && theirMinor >= minor);
}
