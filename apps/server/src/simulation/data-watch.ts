import { engineNames, type VolumeRole } from '@agentpod/core';
import type { Judge } from './judge.ts';
import type { Machine } from './machine.ts';
import type { Records } from './records.ts';

/** Judges what becomes of customers' data. */
export class DataWatch {
  readonly #records: Records;
  readonly #judge: Judge;
  readonly #machine: Machine;
  readonly #made = new Set<string>();

  constructor(records: Records, judge: Judge, machine: Machine) {
    this.#records = records;
    this.#judge = judge;
    this.#machine = machine;
  }

  created(agentId: string, role: VolumeRole): void {
    if (role !== 'state') return;
    // One that vanished before anything ran on it held nobody's data.
    if (this.#made.has(agentId) && this.#machine.newestRunOf(agentId)) {
      this.#judge.accuse('data is kept', `the state volume of ${this.#refOf(agentId)} was made a second time`);
    }
    this.#made.add(agentId);
  }

  removed(name: string): void {
    const owner = this.#records.all().find(({ id }) => engineNames(id).state === name);
    if (!owner || owner.deletion?.purge === true) return;
    this.#judge.accuse('data is kept', `the state volume of ${owner.ref} was removed, and nobody asked for a purge`);
  }

  #refOf(agentId: string): string {
    return this.#records.of(agentId)?.ref ?? agentId;
  }
}
