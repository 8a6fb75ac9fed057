import { type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { toAppError } from '@agentpod/core';
import type { Logger } from 'pino';
import { readSnapshot, type SnapshotFiles } from './read-snapshot.ts';
import type { Snapshot } from './snapshot.ts';

const pollMs = 500;

/**
 * Keeps the newest snapshot that could be read. A file that is missing, damaged or sealed for somebody else changes
 * nothing: what was read last goes on being true, as long as it takes.
 */
export class SnapshotSource {
  readonly #files: SnapshotFiles;
  readonly #log: Logger;
  #current: Snapshot | undefined;
  /** Which version of the files `#current` was read from. */
  #version: string | undefined;
  /** Why the files cannot be read now; said once, until they can be again. */
  #outage: string | undefined;
  #looking: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #watcher: FSWatcher | undefined;

  constructor(files: SnapshotFiles, log: Logger) {
    this.#files = files;
    this.#log = log;
  }

  get current(): Snapshot | undefined {
    return this.#current;
  }

  /** Resolves after the first look, whether it found a snapshot or not. */
  async start(): Promise<void> {
    await this.#look();
    this.#timer = setInterval(() => void this.#look(), pollMs);
    try {
      this.#watcher = watch(dirname(this.#files.snapshot), () => void this.#look());
      this.#watcher.on('error', () => this.#watcher?.close()); // the poll goes on
    } catch {
      // The directory is not there yet, or this file system cannot be watched: the poll finds the file.
    }
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#watcher?.close();
  }

  #look(): Promise<void> {
    this.#looking = this.#looking.then(() => this.#lookOnce());
    return this.#looking;
  }

  async #lookOnce(): Promise<void> {
    const version = await versionOf(this.#files);
    if (version !== undefined && version === this.#version && this.#outage === undefined) return;
    try {
      const snapshot = await readSnapshot(this.#files);
      this.#current = snapshot;
      this.#version = version;
      this.#outage = undefined;
      this.#log.info({ revision: snapshot.revision, agents: snapshot.agentsByAddress.size }, 'snapshot taken over');
    } catch (thrown) {
      const { reason } = toAppError(thrown);
      if (this.#outage === reason) return;
      this.#outage = reason;
      this.#log.warn({ reason, revision: this.#current?.revision }, 'snapshot unusable, going on with the last one');
    }
  }
}

/** Another one after every rename; absent when a file is missing. */
async function versionOf(files: SnapshotFiles): Promise<string | undefined> {
  try {
    const [key, snapshot] = await Promise.all([stat(files.key), stat(files.snapshot)]);
    return [key, snapshot].map(({ ino, mtimeMs, size }) => `${ino}/${mtimeMs}/${size}`).join(' ');
  } catch {
    return undefined; // reading it will say why
  }
}
