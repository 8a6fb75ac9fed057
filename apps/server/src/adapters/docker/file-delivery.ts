import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { AppError, type AgentFile } from '@agentpod/core';
import { pack } from 'tar-stream';
import type { FileDelivery } from '../../ports/runtime.ts';
import { deliveryActs, deliveryScript, stagingPrefix } from './delivery-script.ts';
import type { HelperContainers } from './helper-containers.ts';
import { foreignObject, type Ownership } from './ownership.ts';
import type { Volumes } from './volumes.ts';

/**
 * Files go into a staging folder of the volume itself (created container, archive PUT), then the helper renames each
 * into place: a reader sees the old file or the new one, and a running agent notices the rename at once. The engine
 * refuses to write into the agent's own read-only mount.
 */
export async function deliverFiles(
  delivery: FileDelivery,
  { helpers, volumes, ownership }: { helpers: HelperContainers; volumes: Volumes; ownership: Ownership },
  signal: AbortSignal,
): Promise<void> {
  const { agentId, role, volume, files, imageId } = delivery;
  const user = parseUser(delivery.user);
  const acts = deliveryActs(files);

  // A helper's mount would make a missing volume anew, without labels and without data.
  const seen = await volumes.find(volume, signal);
  if (!seen) throw new AppError('not-found', 'VolumeGone', `there is no volume ${volume} to deliver files into`);
  if (!ownership.isOurs(seen.Labels, { agentId, role })) throw foreignObject('volume', volume);

  const staging = `${stagingPrefix}${randomBytes(8).toString('hex')}`;
  const others = role === 'config' ? 'complete' : 'keep';
  const command = ['-c', deliveryScript, 'deliver', `${user.uid}:${user.gid}`, others, staging, ...acts];
  const archive = await stage(files, { staging, user, mode: role === 'config' ? 0o400 : 0o600 });
  await helpers.run({ agentId, name: `${volume}-helper`, imageId, volume, command, archive }, signal);
}

export interface User {
  readonly uid: number;
  readonly gid: number;
}

export function parseUser(text: string): User {
  const match = /^(\d{1,9}):(\d{1,9})$/.exec(text);
  if (!match)
    throw new AppError('invalid', 'InvalidUser', `"${text}" is not a user such as 1000:1000`, { field: 'user' });
  return { uid: Number(match[1]), gid: Number(match[2]) };
}

/** The staging folder belongs to root and is closed, so that an agent at work cannot look into it. */
async function stage(
  files: readonly AgentFile[],
  { staging, user, mode }: { staging: string; user: User; mode: number },
): Promise<Buffer> {
  const tar = pack();
  const mtime = new Date();
  tar.entry({ name: `${staging}/`, type: 'directory', mode: 0o700, uid: 0, gid: 0, mtime });
  for (const [number, { content }] of files.entries()) {
    tar.entry({ name: `${staging}/${number}`, mode, mtime, ...user }, content);
  }
  tar.finalize();
  return buffer(tar);
}
