import { EventEmitter, on } from 'node:events';
import type { InstanceUsage } from '../ports/runtime.ts';
import type { Block, LogLine, NewInstance, ObservedInstance, ResourceSpec, VolumeRole } from '@agentpod/core';

export interface MemoryFile {
  readonly content: string;
  /** As in `0o400`. */
  readonly mode: number;
  /** `1000:1000`. */
  readonly user: string;
}

interface Owned {
  readonly installation: string;
  /** Absent for the network of the gateway. */
  readonly agentId?: string;
}

interface MemoryNetwork extends Owned {
  readonly id: string;
  readonly bridge: string;
  readonly block: Block;
}

interface MemoryVolume extends Owned {
  readonly role: VolumeRole;
  readonly createdAt: string;
  readonly files: Map<string, MemoryFile>;
}

interface MemoryContainer extends Owned {
  readonly id: string;
  readonly instance: NewInstance;
  readonly imageId: string;
  readonly log: LogLine[];
  state: ObservedInstance['state'];
  limits: ResourceSpec;
  startedAt?: number;
  finishedAt?: number;
  exitCode?: number;
  outOfMemory: boolean;
  engineRestarts: number;
  outOfMemoryAt?: number;
  /** The network it was attached to when it was last made or started. */
  networkId: string;
  usage: InstanceUsage;
}

/**
 * A modelled container engine: several `MemoryRuntime`s may share one, as installations share a real one. It runs
 * nothing; what agents do is told to it.
 */
export class MemoryEngine {
  /** All three by name. */
  readonly networks = new Map<string, MemoryNetwork>();
  readonly volumes = new Map<string, MemoryVolume>();
  readonly containers = new Map<string, MemoryContainer>();
  /** Ids by reference. */
  readonly images = new Map<string, string>();
  /** What can be pulled; absent means everything. */
  registry: ReadonlySet<string> | undefined;
  readonly #news = new EventEmitter().setMaxListeners(0);
  #ids = 0;

  newId(): string {
    return (++this.#ids).toString(16).padStart(64, '0');
  }

  tell(topic: string, detail: unknown): void {
    this.#news.emit(topic, detail);
  }

  /** Everything told under a topic from now on. Ends quietly with the signal; throws when connections are broken. */
  async *follow(topic: string, signal: AbortSignal): AsyncGenerator {
    try {
      for await (const [detail] of on(this.#news, topic, { signal })) yield detail;
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** Breaks every stream that is being followed. */
  disconnect(error: Error): void {
    if (this.#news.listenerCount('error') > 0) this.#news.emit('error', error);
  }
}
