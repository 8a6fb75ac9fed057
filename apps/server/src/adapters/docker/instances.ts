import { AppError, type NewInstance, type ObservedInstance, type ResourceSpec } from '@agentpod/core';
import type { ContainerInfo, ContainerInspectInfo, ContainerStats } from 'dockerode';
import { containerOptions, limitOptions } from './container-options.ts';
import type { InstanceUsage } from '../../ports/runtime.ts';
import type { EngineConnection } from './engine-connection.ts';
import { findImage, imageUnavailable } from './images.ts';
import type { Networks } from './networks.ts';
import { instanceUsage } from './instance-usage.ts';
import { observedInstance } from './observed-instance.ts';
import { foreignObject, type Ownership, revisionLabel } from './ownership.ts';
import { SharedListing } from './shared-listing.ts';
import { ignore, isKind } from './translate.ts';
import type { Volumes } from './volumes.ts';

/** Added to the grace of a stop: what the engine itself may need to kill and report. */
const stopMarginMs = 30_000;
/** More than there are containers on one engine. */
const remembered = 1000;

/** The containers that realise agents. By name in, by the engine's id inside: a name can change hands in between. */
export class Instances {
  readonly #connection: EngineConnection;
  readonly #ownership: Ownership;
  readonly #networks: Networks;
  readonly #volumes: Volumes;
  readonly ours: SharedListing<ContainerInfo>;
  /** When, by the engine's id of the container. */
  readonly #outOfMemory = new Map<string, number>();
  /** The engine's ids of containers that were seen to be ours, by name: usage is asked often. */
  readonly #known = new Map<string, string>();

  constructor(parts: { connection: EngineConnection; ownership: Ownership; networks: Networks; volumes: Volumes }) {
    this.#connection = parts.connection;
    this.#ownership = parts.ownership;
    this.#networks = parts.networks;
    this.#volumes = parts.volumes;
    const { connection, ownership } = parts;
    this.ours = new SharedListing(
      ownership,
      (label, signal) =>
        connection.call(
          'list containers',
          (docker, abortSignal) => docker.listContainers({ all: true, filters: { label }, abortSignal }),
          signal,
        ),
      'instance',
    );
  }

  async inspect(agentId: string, signal: AbortSignal): Promise<readonly ContainerInspectInfo[]> {
    const found = await this.ours.ofAgent(agentId, signal);
    const inspected = await Promise.all(found.map(async ({ Id }) => this.#inspect(Id, signal)));
    // What went away between the two questions is not there.
    const there = inspected.filter((container) => container !== undefined);
    for (const { Name, Id } of there) remember(this.#known, Name.replace(/^\//, ''), Id);
    return there;
  }

  observed(
    containers: readonly ContainerInspectInfo[],
    networks: readonly { readonly Id: string }[],
  ): readonly ObservedInstance[] {
    return containers.map((container) => observedInstance(container, networks, this.#outOfMemory.get(container.Id)));
  }

  /**
   * The engine itself forgets it with the next start, which by its own policy follows within a tenth of a second. What
   * was not heard is told as an ordinary end.
   */
  noteOutOfMemory(id: string, at: number): void {
    remember(this.#outOfMemory, id, at);
  }

  /** Throws `conflict`/`ForeignObject` for a name that is taken, `unavailable` when network or volumes are missing. */
  async create(agentId: string, instance: NewInstance, imageId: string, signal: AbortSignal): Promise<void> {
    if (await this.#isThere(agentId, instance, signal)) return;
    await this.#requireGround(agentId, instance, signal);
    const entrypoint = await this.#entrypointOf(imageId, signal);
    const labels = this.#ownership.labels('instance', agentId, { [revisionLabel]: instance.revision });
    const options = containerOptions(instance, { id: imageId, entrypoint }, labels);
    try {
      await this.#connection.call(
        `create container ${instance.name}`,
        (docker, abortSignal) => docker.createContainer({ ...options, abortSignal }),
        signal,
      );
    } catch (error) {
      if (!isKind(error, 'conflict') || !(await this.#isThere(agentId, instance, signal))) throw error;
    }
  }

  async start(name: string, signal: AbortSignal): Promise<void> {
    const { Id, State } = await this.#require(name, signal);
    if (State.Running) return;
    try {
      await this.#connection.call(
        `start ${name}`,
        (docker, abortSignal) => docker.getContainer(Id).start({ abortSignal }).catch(alreadySo),
        signal,
      );
    } catch (error) {
      // The engine's 400: no such command, not executable, no such user. The same container will never start.
      if (!(error instanceof AppError) || error.kind !== 'terminal') throw error;
      throw new AppError('terminal', 'StartRefused', error.message, { cause: error });
    }
  }

  /** An instance that is not there does not run either. */
  async stop(name: string, graceSeconds: number, signal: AbortSignal, onlyRun?: number): Promise<void> {
    const container = await this.#own(name, signal);
    if (!container) return;
    if (onlyRun !== undefined && observedInstance(container, [], undefined).startedAt !== onlyRun) return;
    const t = Math.ceil(graceSeconds);
    await this.#connection
      .call(
        `stop ${name}`,
        (docker, abortSignal) => docker.getContainer(container.Id).stop({ t, abortSignal }).catch(alreadySo),
        signal,
        t * 1000 + stopMarginMs,
      )
      .catch(ignore('not-found'));
  }

  async remove(name: string, signal: AbortSignal): Promise<void> {
    const container = await this.#own(name, signal);
    if (!container) return;
    await this.#connection
      .call(
        `remove container ${name}`,
        // `v` takes the anonymous volumes an image declares; named ones stay.
        (docker, abortSignal) => docker.getContainer(container.Id).remove({ force: true, v: true, abortSignal }),
        signal,
        stopMarginMs * 2,
      )
      .catch(ignore('not-found'));
  }

  async setLimits(name: string, limits: ResourceSpec, signal: AbortSignal): Promise<void> {
    const { Id } = await this.#require(name, signal);
    await this.#connection.call(
      `change the limits of ${name}`,
      (docker, abortSignal) => docker.getContainer(Id).update({ ...limitOptions(limits), abortSignal }),
      signal,
    );
  }

  async usage(name: string, signal: AbortSignal): Promise<InstanceUsage> {
    const known = this.#known.get(name);
    try {
      return await this.#usage(name, known ?? (await this.idOf(name, signal)), signal);
    } catch (error) {
      if (known === undefined || !isKind(error, 'not-found')) throw error;
      // The name belongs to another container now, or to none.
      this.#known.delete(name);
      return this.usage(name, signal);
    }
  }

  async #usage(name: string, id: string, signal: AbortSignal): Promise<InstanceUsage> {
    // Without `one-shot` the engine takes a second sample, a second later, to answer with a percentage.
    const path = `/containers/${id}/stats?stream=false&one-shot=true`;
    const stats = await this.#connection.get(`read the usage of ${name}`, path, signal);
    return instanceUsage(name, stats as ContainerStats);
  }

  async idOf(name: string, signal: AbortSignal): Promise<string> {
    return (await this.#require(name, signal)).Id;
  }

  async #isThere(agentId: string, instance: NewInstance, signal: AbortSignal): Promise<boolean> {
    const container = await this.#inspect(instance.name, signal);
    if (!container) return false;
    const { Labels } = container.Config;
    if (!this.#ownership.isOurs(Labels, { agentId, role: 'instance' })) throw foreignObject('container', instance.name);
    if (Labels[revisionLabel] === instance.revision) return true;
    throw new AppError('conflict', 'OtherRevision', `container ${instance.name} exists with another revision`);
  }

  /** The engine would make a missing volume by itself: unlabelled, empty, and looking like an agent without memory. */
  async #requireGround(agentId: string, instance: NewInstance, signal: AbortSignal): Promise<void> {
    const [networks, volumes] = await Promise.all([
      this.#networks.ours.ofAgent(agentId, signal),
      this.#volumes.ours.ofAgent(agentId, signal),
    ]);
    const present = new Set([...networks, ...volumes].map(({ Name }) => Name));
    const missing = [instance.network, instance.volumes.state, instance.volumes.config].filter(
      (name) => !present.has(name),
    );
    if (missing.length === 0) return;
    throw new AppError(
      'unavailable',
      'GroundMissing',
      `${instance.name} needs ${missing.join(' and ')}, not there (any more)`,
    );
  }

  async #entrypointOf(imageId: string, signal: AbortSignal): Promise<readonly string[]> {
    const image = await findImage(this.#connection, imageId, signal);
    if (!image) throw imageUnavailable(`image ${imageId} is not on this machine any more`);
    return [image.Config?.Entrypoint ?? []].flat();
  }

  async #require(name: string, signal: AbortSignal): Promise<ContainerInspectInfo> {
    const container = await this.#own(name, signal);
    if (container) return container;
    throw new AppError('not-found', 'InstanceGone', `there is no container ${name} of ours`);
  }

  async #own(name: string, signal: AbortSignal): Promise<ContainerInspectInfo | undefined> {
    const container = await this.#inspect(name, signal);
    return this.#ownership.isOurs(container?.Config.Labels, { role: 'instance' }) ? container : undefined;
  }

  async #inspect(nameOrId: string, signal: AbortSignal): Promise<ContainerInspectInfo | undefined> {
    return this.#connection
      .call(
        `look at container ${nameOrId}`,
        (docker, abortSignal) => docker.getContainer(nameOrId).inspect({ abortSignal }),
        signal,
      )
      .catch(ignore('not-found'));
  }
}

/** The newest ones: old containers are never asked for again. */
function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > remembered && oldest !== undefined) map.delete(oldest);
}

/** 304: it runs (or stands) already. */
function alreadySo(failure: unknown): void {
  if ((failure as { statusCode?: number }).statusCode !== 304) throw failure;
}
