import { AppError } from '@agentpod/core';
import type { ContainerCreateOptions } from 'dockerode';
import type { EngineConnection } from './engine-connection.ts';
import { readLog } from './read-log.ts';
import { foreignObject, type Ownership } from './ownership.ts';
import { ignore, isKind } from './translate.ts';
import { volumeMount } from './delivery-script.ts';

/** Removing a helper goes on when the caller gave up: it is what giving up leaves behind. */
const cleanUpMs = 20_000;

export interface HelperJob {
  readonly agentId: string;
  readonly name: string;
  readonly imageId: string;
  readonly volume: string;
  readonly command: readonly string[];
  /** Put into the volume before the helper starts; a tar. */
  readonly archive: Buffer;
}

/** Labels are given by who holds it. */
export type HelperOptions = Omit<ContainerCreateOptions, 'Labels'> & { readonly name: string };

/**
 * Short-lived containers that work on one volume: root inside, but without network, without any other mount and with
 * the three capabilities that moving and owning files takes.
 */
export class HelperContainers {
  readonly #connection: EngineConnection;
  readonly #ownership: Ownership;

  constructor(connection: EngineConnection, ownership: Ownership) {
    this.#connection = connection;
    this.#ownership = ownership;
  }

  /** Throws `unavailable`/`HelperFailed` with what the helper said last when it does not end with code 0. */
  async run(job: HelperJob, signal: AbortSignal): Promise<void> {
    const work = async (id: string): Promise<void> => {
      const code = await this.#work(id, job, signal);
      if (code !== 0) throw await this.#failure(id, job, code, signal);
    };
    await this.hold(job.agentId, this.#options(job), work, signal);
  }

  /** A container for one piece of work, not started: gone afterwards, however that ends. */
  async hold<T>(
    agentId: string,
    options: HelperOptions,
    work: (id: string) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    await this.removeLeftovers(agentId, signal);
    const labelled = { ...options, Labels: this.#ownership.labels('helper', agentId) };
    // Not to be given up half way: that would leave a container whose id nobody knows.
    const id = await this.#create(labelled, new AbortController().signal);
    try {
      return await work(id);
    } finally {
      await this.#remove(id, AbortSignal.timeout(cleanUpMs));
    }
  }

  /** What a crash of ours left. One agent is worked on by one caller at a time, so no helper found here is at work. */
  async removeLeftovers(agentId: string, signal: AbortSignal): Promise<void> {
    const label = this.#ownership.filter({ agentId, role: 'helper' });
    const left = await this.#connection.call(
      'list helpers',
      (docker, abortSignal) => docker.listContainers({ all: true, filters: { label }, abortSignal }),
      signal,
    );
    for (const { Id } of left) await this.#remove(Id, signal);
  }

  async #create(options: HelperOptions, signal: AbortSignal): Promise<string> {
    try {
      const { id } = await this.#connection.call(
        `create helper ${options.name}`,
        (docker, abortSignal) => docker.createContainer({ ...options, abortSignal }),
        signal,
      );
      return id;
    } catch (error) {
      // Ours would have been removed just now.
      throw isKind(error, 'conflict') ? foreignObject('container', options.name) : error;
    }
  }

  #options(job: HelperJob): HelperOptions {
    return {
      name: job.name,
      Image: job.imageId,
      Entrypoint: ['/bin/sh'],
      Cmd: [...job.command],
      User: '0:0',
      WorkingDir: '/',
      NetworkDisabled: true,
      Healthcheck: { Test: ['NONE'] },
      HostConfig: {
        NetworkMode: 'none',
        Mounts: [
          {
            Type: 'volume',
            Source: job.volume,
            Target: volumeMount,
            ReadOnly: false,
            VolumeOptions: { NoCopy: true, Labels: {}, DriverConfig: { Name: '', Options: {} } },
          },
        ],
        CapDrop: ['ALL'],
        CapAdd: ['CHOWN', 'FOWNER', 'DAC_OVERRIDE'],
        SecurityOpt: ['no-new-privileges'],
        ReadonlyRootfs: true,
        PidsLimit: 64,
        Memory: 128 * 1024 ** 2,
        MemorySwap: 128 * 1024 ** 2,
        LogConfig: { Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '1' } },
      },
    };
  }

  async #work(id: string, { name, volume, archive }: HelperJob, signal: AbortSignal): Promise<number> {
    await this.#connection.call(
      `fill volume ${volume}`,
      (docker, abortSignal) => docker.getContainer(id).putArchive(archive, { path: volumeMount, abortSignal }),
      signal,
    );
    await this.#connection.call(
      `start helper ${name}`,
      (docker, abortSignal) => docker.getContainer(id).start({ abortSignal }),
      signal,
    );
    const { StatusCode } = await this.#connection.call(
      `wait for helper ${name}`,
      (docker, abortSignal): Promise<{ StatusCode: number }> =>
        docker.getContainer(id).wait({ condition: 'not-running', abortSignal }),
      signal,
    );
    return StatusCode;
  }

  async #failure(id: string, { name }: HelperJob, code: number, signal: AbortSignal): Promise<AppError> {
    const lines: string[] = [];
    for await (const { line } of readLog(this.#connection, id, { tail: 5, follow: false }, signal)) lines.push(line);
    return new AppError('unavailable', 'HelperFailed', `helper ${name} ended with code ${code}: ${lines.join('; ')}`);
  }

  async #remove(id: string, signal: AbortSignal): Promise<void> {
    await this.#connection
      .call(
        'remove a helper',
        (docker, abortSignal) => docker.getContainer(id).remove({ force: true, v: true, abortSignal }),
        signal,
      )
      .catch(ignore('not-found'));
  }
}
