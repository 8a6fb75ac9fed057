import type { SimClock } from './sim-clock.ts';

interface Spell {
  readonly fromMs: number;
  untilMs: number;
}

/** An engine that goes down kills first and reports later. */
const leadMs = 16_000;
/** Following the engine's events again takes some attempts. */
const recoveryMs = 40_000;
/** What the control plane last wrote of itself is at most that old when it dies. */
const beatMs = 50_000;

/** What befell the host as a whole, and when: what is put down to it is nobody's failure. */
export class Weather {
  readonly #clock: SimClock;
  readonly #engine: Spell[] = [];
  readonly #misbehaving: Spell[] = [];
  readonly #unwatched: Spell[] = [];
  readonly #groundTakenMs = new Map<string, number>();
  #jumpedAtMs = Number.NEGATIVE_INFINITY;

  constructor(clock: SimClock) {
    this.#clock = clock;
  }

  /** The engine was away, or its events broke off. */
  engineTroubled(forMs: number): void {
    this.#engine.push({ fromMs: this.#now, untilMs: this.#now + forMs });
  }

  /** The engine answers, but badly. */
  engineMisbehaves(forMs: number): void {
    this.#misbehaving.push({ fromMs: this.#now, untilMs: this.#now + forMs });
  }

  engineTroubledAt(momentMs: number): boolean {
    return covers(this.#engine, momentMs, leadMs, recoveryMs);
  }

  controlPlaneDied(): void {
    this.#unwatched.push({ fromMs: this.#now, untilMs: Number.POSITIVE_INFINITY });
  }

  controlPlaneStarted(): void {
    const last = this.#unwatched.at(-1);
    if (last) last.untilMs = Math.min(last.untilMs, this.#now);
  }

  unwatchedAt(momentMs: number): boolean {
    return covers(this.#unwatched, momentMs, beatMs, 0);
  }

  /** Whether nothing of the kind happened between these moments. */
  isFair(fromMs: number, untilMs: number): boolean {
    const spells = [...this.#engine, ...this.#misbehaving];
    return !spells.some((spell) => spell.fromMs <= untilMs && spell.untilMs >= fromMs) && !this.jumpedSince(fromMs);
  }

  /** Whether anybody was missing for the whole time since then. */
  watchedSinceMs(): number {
    return this.#unwatched.at(-1)?.untilMs ?? 0;
  }

  jumped(): void {
    this.#jumpedAtMs = this.#now;
  }

  jumpedSince(momentMs: number): boolean {
    return this.#jumpedAtMs >= momentMs;
  }

  /** A stranger took something that the agent stands on. */
  groundTaken(agentId: string): void {
    this.#groundTakenMs.set(agentId, this.#now);
  }

  groundTakenMs(agentId: string): number {
    return this.#groundTakenMs.get(agentId) ?? Number.NEGATIVE_INFINITY;
  }

  get #now(): number {
    return this.#clock.elapsedMs;
  }
}

function covers(spells: readonly Spell[], momentMs: number, beforeMs: number, afterMs: number): boolean {
  return spells.some(({ fromMs, untilMs }) => momentMs >= fromMs - beforeMs && momentMs <= untilMs + afterMs);
}
