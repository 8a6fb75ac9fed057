/** What a configuration does to the agent that is started with it. */
export type Marker = 'ok' | 'exit-78' | 'exit-1' | 'never-starts';

const bad = 'bad:';

/** A value for a spec that makes the agent behave so. */
export function spoilt(marker: Exclude<Marker, 'ok'>): string {
  return `${bad}${marker}`;
}

/** The first value that spoils it decides. */
export function markerOf(...values: readonly (string | undefined)[]): Marker {
  const spoiling = values.find((value) => value?.startsWith(bad));
  return spoiling === undefined ? 'ok' : (spoiling.slice(bad.length) as Marker);
}

export type Starter = 'agentpod' | 'engine' | 'stranger';

export interface RunEnd {
  /** `engine`: it took its containers with it. */
  readonly by: 'itself' | Starter;
  readonly how: 'exit' | 'stop' | 'removal';
  readonly exitCode: number;
  readonly outOfMemory: boolean;
  /** It died of something that passes by itself, and said so in its log. */
  readonly transient: boolean;
  readonly atMs: number;
}

/** One life of a container, as the engine sees it. Moments are of the clock that never jumps. */
export interface Run {
  readonly agentId: string;
  readonly containerId: string;
  readonly name: string;
  readonly revision: string;
  readonly startedBy: Starter;
  readonly startedAtMs: number;
  /** When its container was last started by somebody who knew what for: the engine only repeats that. */
  readonly meantAtMs: number;
  readonly marker: Marker;
  phase: 'booting' | 'up';
  loop: 'turning' | 'hung' | 'busy';
  /** Since when its event loop stands still. */
  silentSinceMs: number | undefined;
  /** The silence before, and when it ended. */
  silence: { readonly was: Run['loop']; readonly fromMs: number; readonly untilMs: number } | undefined;
  upSinceMs: number | undefined;
  end: RunEnd | undefined;
  cpuMs: number;
  cpuReadAtMs: number;
}

/** How the software of one agent behaves just now, whichever container it is in. */
export interface Temper {
  bootMs: number;
  /** Every run ends a few seconds after its boot. */
  crashes: { readonly exitCode: number } | undefined;
  /** So many runs still end of a lease that a predecessor left behind. */
  staleLeases: number;
  rpcSilent: boolean;
  channelRejected: boolean;
}

export function anEvenTemper(bootMs: number): Temper {
  return { bootMs, crashes: undefined, staleLeases: 0, rpcSilent: false, channelRejected: false };
}

/** Share of a core. */
export function cpuShare({ phase, loop }: Run): number {
  if (loop === 'hung') return 0;
  return phase === 'booting' || loop === 'busy' ? 0.9 : 0.002;
}
