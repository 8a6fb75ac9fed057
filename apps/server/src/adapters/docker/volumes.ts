import type { ObservedVolume, VolumeRole } from '@agentpod/core';
import type { VolumeInspectInfo } from 'dockerode';
import type { EngineConnection } from './engine-connection.ts';
import { createdLabel, foreignObject, type Ownership } from './ownership.ts';
import { SharedListing } from './shared-listing.ts';
import { ignore, isKind } from './translate.ts';

export class Volumes {
  readonly #connection: EngineConnection;
  readonly #ownership: Ownership;
  readonly ours: SharedListing<VolumeInspectInfo>;

  constructor(connection: EngineConnection, ownership: Ownership) {
    this.#connection = connection;
    this.#ownership = ownership;
    this.ours = new SharedListing(ownership, async (label, signal) => {
      const { Volumes: found } = await connection.call(
        'list volumes',
        (docker, abortSignal) => docker.listVolumes({ filters: { label }, abortSignal }),
        signal,
      );
      return found ?? [];
    });
  }

  async find(name: string, signal: AbortSignal): Promise<VolumeInspectInfo | undefined> {
    return this.#connection
      .call(`look at volume ${name}`, (docker, abortSignal) => docker.getVolume(name).inspect({ abortSignal }), signal)
      .catch(ignore('not-found'));
  }

  /** Throws `conflict`/`ForeignObject` when the name is somebody else's. */
  async create(
    wanted: { readonly agentId: string; readonly name: string; readonly role: VolumeRole },
    signal: AbortSignal,
  ): Promise<{ createdAt: string }> {
    const { agentId, name, role } = wanted;
    const labels = this.#ownership.labels(role, agentId, { [createdLabel]: new Date().toISOString() });
    try {
      await this.#connection.call(
        `create volume ${name}`,
        (docker, abortSignal) => docker.createVolume({ Name: name, Driver: 'local', Labels: labels, abortSignal }),
        signal,
      );
    } catch (error) {
      // Somebody's volume of this name with another driver: said below, in our words.
      if (!isKind(error, 'conflict')) throw error;
    }
    // The engine answers "created" for a volume that is there already, whoever's it is. Its labels tell.
    const volume = await this.find(name, signal);
    if (!volume || !this.#ownership.isOurs(volume.Labels, { role, agentId })) throw foreignObject('volume', name);
    return { createdAt: observedVolume(volume).createdAt };
  }

  async remove(name: string, signal: AbortSignal): Promise<void> {
    const volume = await this.find(name, signal);
    if (!volume || !this.#ownership.isOurs(volume.Labels)) return;
    await this.#connection
      .call(`remove volume ${name}`, (docker, abortSignal) => docker.getVolume(name).remove({ abortSignal }), signal)
      .catch(ignore('not-found'));
  }
}

export function observedVolume(volume: VolumeInspectInfo): ObservedVolume {
  // The label is absent only where a volume was restored by hand.
  const { CreatedAt } = volume as { CreatedAt?: string };
  return { name: volume.Name, createdAt: volume.Labels?.[createdLabel] ?? CreatedAt ?? '' };
}
