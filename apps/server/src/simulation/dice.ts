import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** All the chance there is in a simulation: the same seed throws the same dice. */
export class Dice {
  readonly #seed: number;
  readonly #generator: ReturnType<typeof xoroshiro128plus>;

  constructor(seed: number) {
    this.#seed = seed;
    this.#generator = xoroshiro128plus(seed);
  }

  /** Dice of their own for one purpose: more throws there change nothing elsewhere. */
  for(purpose: string): Dice {
    let hash = this.#seed;
    for (const letter of purpose) hash = (Math.imul(hash, 31) + (letter.codePointAt(0) ?? 0)) | 0;
    return new Dice(hash);
  }

  /** From 0 to below 1. */
  next(): number {
    return (this.#generator.next() + 0x8000_0000) / 0x1_0000_0000;
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** Whole, both ends included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  pick<const T>(from: readonly [T, ...T[]]): T {
    return from[Math.floor(this.next() * from.length)] ?? from[0];
  }

  /** One of the names, as often as its weight says. */
  pickWeighted<T extends string>(weights: Readonly<Record<T, number>>): T {
    const entries = Object.entries<number>(weights) as [T, number][];
    let left = this.next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [name, weight] of entries) {
      left -= weight;
      if (left < 0) return name;
    }
    throw new Error('nothing to pick from');
  }
}
