import { buffer } from 'node:stream/consumers';
import { AppError, engineNames, plainText } from '@agentpod/core';
import { pack } from 'tar-stream';
import type { FileCheck, FileVerdict } from '../../ports/runtime.ts';
import { deliveryActs } from './delivery-script.ts';
import type { EngineConnection } from './engine-connection.ts';
import { parseUser, type User } from './file-delivery.ts';
import type { HelperContainers, HelperOptions } from './helper-containers.ts';
import { readLog } from './read-log.ts';

/** A judge that takes longer hangs. */
const longestCheckMs = 60_000;
/** Beside a running agent, and possibly on a small machine. */
const mostMemoryBytes = 512 * 1024 ** 2;
const longestOutput = 4000;
/** From here on, exit codes are words of the shell and of the kernel: the software itself said nothing. */
const firstCodeOfOthers = 125;

/**
 * Runs the agent's own check on files that nobody has seen yet. It is the agent's image, so it gets no more than an agent
 * would, and less: no network, none of the agent's volumes. The files lie in a volume without a name that goes with the
 * container.
 */
export async function validateFiles(
  check: FileCheck,
  { connection, helpers }: { connection: EngineConnection; helpers: HelperContainers },
  signal: AbortSignal,
): Promise<FileVerdict> {
  const archive = await pile(check, parseUser(check.user));
  const work = async (id: string): Promise<FileVerdict> => {
    await connection.call(
      'hand over the files to check',
      (docker, abortSignal) => docker.getContainer(id).putArchive(archive, { path: check.mount, abortSignal }),
      signal,
    );
    await connection.call(
      'start a check',
      (docker, abortSignal) => docker.getContainer(id).start({ abortSignal }),
      signal,
    );
    const code = await exitCode(connection, id, signal);
    const output = await outputOf(connection, id, signal);
    if (code >= firstCodeOfOthers) throw noVerdict(`ended with code ${code}${output && `: ${output}`}`);
    return { ok: code === 0, output };
  };
  return helpers.hold(check.agentId, options(check), work, signal);
}

function options(check: FileCheck): HelperOptions {
  const memory = Math.min(check.memoryBytes, mostMemoryBytes);
  return {
    name: `${engineNames(check.agentId).network}-check`,
    Image: check.imageId,
    // As the whole command: whatever start-up script an image has is for agents, not for a check.
    Entrypoint: [...check.command],
    Cmd: [],
    User: check.user,
    Env: Object.entries(check.env).map(([name, value]) => `${name}=${value}`),
    NetworkDisabled: true,
    Healthcheck: { Test: ['NONE'] },
    HostConfig: {
      NetworkMode: 'none',
      Mounts: [
        {
          Type: 'volume',
          // Without a name: the engine makes one and removes it with the container.
          Source: '',
          Target: check.mount,
          ReadOnly: false,
          VolumeOptions: { NoCopy: true, Labels: {}, DriverConfig: { Name: 'local', Options: {} } },
        },
      ],
      Tmpfs: { '/tmp': 'rw,nosuid,nodev,size=64m,mode=1777' },
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      Init: true,
      PidsLimit: 256,
      Memory: memory,
      MemorySwap: memory,
      NanoCpus: 1e9,
      LogConfig: { Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '1' } },
    },
  };
}

async function pile({ files }: FileCheck, user: User): Promise<Buffer> {
  const tar = pack();
  const mtime = new Date();
  const contents = new Map(files.map(({ path, content }) => [path, content]));
  const acts = deliveryActs(files);
  for (let at = 0; at < acts.length; at += 2) {
    const [act, name = ''] = acts.slice(at, at + 2);
    if (act === 'dir') tar.entry({ name: `${name}/`, type: 'directory', mode: 0o700, mtime, ...user });
    else tar.entry({ name, mode: 0o400, mtime, ...user }, contents.get(name) ?? '');
  }
  tar.finalize();
  return buffer(tar);
}

async function exitCode(connection: EngineConnection, id: string, signal: AbortSignal): Promise<number> {
  const patience = AbortSignal.timeout(longestCheckMs);
  try {
    const { StatusCode } = await connection.call(
      'wait for a check',
      (docker, abortSignal): Promise<{ StatusCode: number }> =>
        docker.getContainer(id).wait({ condition: 'not-running', abortSignal }),
      AbortSignal.any([signal, patience]),
      // Ours ends first, and says what took so long.
      2 * longestCheckMs,
    );
    return StatusCode;
  } catch (error) {
    if (!patience.aborted || signal.aborted) throw error;
    throw noVerdict(`did not end within ${longestCheckMs / 1000} s`);
  }
}

async function outputOf(connection: EngineConnection, id: string, signal: AbortSignal): Promise<string> {
  let text = '';
  for await (const { line } of readLog(connection, id, { tail: 500, follow: false }, signal)) {
    text += `${line}\n`;
    if (text.length > longestOutput) break;
  }
  return plainText(text, longestOutput);
}

function noVerdict(why: string): AppError {
  return new AppError('unavailable', 'CheckFailed', `the agent's own check of its configuration ${why}`);
}
