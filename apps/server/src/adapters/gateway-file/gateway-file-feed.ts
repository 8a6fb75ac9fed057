import { open, readFile, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AppError, canonicalJson, type GatewaySnapshot, type HandoverClaims } from '@agentpod/core';
import { compactDecrypt, CompactEncrypt, SignJWT } from 'jose';
import type { GatewayFeed } from '../../ports/gateway-feed.ts';
import { ensureGatewayKey } from './gateway-key.ts';

export interface GatewayFiles {
  readonly keyFile: string;
  readonly snapshotFile: string;
}

/** The snapshot as a JWE in a file, which the gateway watches: it needs no connection to us, and outlives us. */
export class GatewayFileFeed implements GatewayFeed {
  readonly #files: GatewayFiles;
  #publishing: Promise<void> = Promise.resolve();

  constructor(files: GatewayFiles) {
    this.#files = files;
  }

  /** Throws `unavailable`/`SnapshotNotWritten` when the file cannot be replaced, or what `ensureGatewayKey` throws. */
  async publish(snapshot: GatewaySnapshot): Promise<void> {
    // One after the other: the file that stays is the one that was published last.
    const mine = this.#publishing.then(() => this.#replace(snapshot));
    this.#publishing = mine.catch(() => undefined); // its caller has the failure
    await mine;
  }

  async signHandover(claims: HandoverClaims, key: string): Promise<string> {
    return await new SignJWT({ ...claims }).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(key, 'base64url'));
  }

  async #replace(snapshot: GatewaySnapshot): Promise<void> {
    const { keyFile, snapshotFile } = this.#files;
    const key = await ensureGatewayKey(keyFile);
    const published = await openSealed(snapshotFile, key);
    // Every write makes the gateway read all of it again; another number alone is nothing new.
    if (published !== undefined && sameContent(published, snapshot)) return;
    const sealed = await new CompactEncrypt(Buffer.from(canonicalJson(snapshot)))
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
      .encrypt(key);
    try {
      await replaceFile(snapshotFile, sealed);
    } catch (cause) {
      throw new AppError('unavailable', 'SnapshotNotWritten', `the gateway's snapshot: ${(cause as Error).message}`, {
        cause,
        remedy: 'Make sure that the data directory is writable and its disk not full.',
      });
    }
  }
}

/** What the gateway reads now; nothing when there is no file or it could not read it either. */
async function openSealed(file: string, key: Uint8Array): Promise<string | undefined> {
  try {
    const { plaintext } = await compactDecrypt(await readFile(file, 'utf8'), key);
    return new TextDecoder().decode(plaintext);
  } catch {
    // Absent, damaged or sealed with a key that was replaced: in each case it has to be written.
    return undefined;
  }
}

function sameContent(published: string, snapshot: GatewaySnapshot): boolean {
  const { revision: _before, ...before } = JSON.parse(published) as GatewaySnapshot;
  const { revision: _after, ...after } = snapshot;
  return canonicalJson(before) === canonicalJson(after);
}

/** A reader sees the old one or the new one, and a power cut leaves one of them. */
async function replaceFile(file: string, text: string): Promise<void> {
  const draft = join(dirname(file), `.${basename(file)}-${process.pid}`);
  const handle = await open(draft, 'w', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file);
  const folder = await open(dirname(file), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
