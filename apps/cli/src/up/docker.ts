import { execFile } from 'node:child_process';
import { AppError } from '@agentpod/core';
import { z } from 'zod';
import type { Context } from '../context.ts';
import type { ContainerSpec } from './containers.ts';

const quickMs = 30_000;
const pullMs = 15 * 60_000;

export interface ContainerView {
  readonly running: boolean;
  /** `running`, `restarting`, `exited`, … */
  readonly state: string;
  readonly exitCode: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** The little that `up` and `down` need of the engine. */
export interface Docker {
  /** Throws `unavailable` when Docker is not there or does not answer. */
  serverVersion(): Promise<string>;
  imageId(reference: string): Promise<string | undefined>;
  /** Whether a registry had it. */
  pull(reference: string): Promise<boolean>;
  container(name: string): Promise<ContainerView | undefined>;
  /** Runs to its end. Throws `terminal` with its last words when that is not 0. */
  runOnce(spec: ContainerSpec): Promise<void>;
  runDetached(spec: ContainerSpec, labels: Readonly<Record<string, string>>): Promise<void>;
  start(name: string): Promise<void>;
  stop(name: string): Promise<void>;
  remove(name: string): Promise<void>;
  lastWords(name: string, lines: number): Promise<string>;
}

const Inspected = z.array(
  z.object({
    State: z.object({ Running: z.boolean(), Status: z.string(), ExitCode: z.number() }),
    Config: z.object({ Labels: z.record(z.string(), z.string()).nullable() }),
  }),
);

/** Through the `docker` command on the PATH: arguments as arrays, never a shell. */
export function dockerCli({ io, t }: Context): Docker {
  const docker = (args: readonly string[], timeoutMs = quickMs) =>
    new Promise<string>((resolve, reject) => {
      execFile(
        'docker',
        [...args],
        { env: { ...io.env }, timeout: timeoutMs, maxBuffer: 16 * 1024 * 1024, signal: io.interrupted },
        (error, stdout, stderr) => (error ? reject(new DockerFailed(args, stdout + stderr, error)) : resolve(stdout)),
      );
    });
  const failed = (what: string) => (cause: unknown) => {
    if (io.interrupted.aborted) throw cause;
    const said = cause instanceof DockerFailed ? cause.said : String(cause);
    throw new AppError('terminal', 'DockerFailed', t.docker.failed(what, said), { cause });
  };
  return {
    serverVersion: async () => {
      try {
        return (await docker(['version', '--format', '{{.Server.Version}}'])).trim();
      } catch (cause) {
        if (io.interrupted.aborted) throw cause;
        const missing = cause instanceof DockerFailed && cause.code === 'ENOENT';
        const said = cause instanceof DockerFailed ? cause.said : String(cause);
        const denied = /permission denied/i.test(said);
        throw missing
          ? new AppError('unavailable', 'DockerMissing', t.docker.missing, { remedy: t.docker.missingRemedy, cause })
          : new AppError('unavailable', 'DockerUnreachable', t.docker.unreachable(said), {
              remedy: denied ? t.docker.deniedRemedy : t.docker.unreachableRemedy,
              cause,
            });
      }
    },
    imageId: async (reference) => {
      const listed = await docker(['image', 'ls', '--quiet', '--no-trunc', reference]).catch(failed('image ls'));
      return listed.trim().split('\n')[0] || undefined;
    },
    pull: async (reference) => {
      try {
        await docker(['pull', '--quiet', reference], pullMs);
        return true;
      } catch (cause) {
        if (io.interrupted.aborted) throw cause;
        // Offline, blocked or not published: the caller builds it instead.
        return false;
      }
    },
    container: async (name) => {
      try {
        const [found] = Inspected.parse(JSON.parse(await docker(['container', 'inspect', name])));
        if (!found) return undefined;
        const { Running: running, Status: state, ExitCode: exitCode } = found.State;
        return { running, state, exitCode, labels: found.Config.Labels ?? {} };
      } catch (cause) {
        if (cause instanceof DockerFailed && /no such (container|object)/i.test(cause.said)) return undefined;
        return failed('container inspect')(cause);
      }
    },
    runOnce: async ({ name, image, options, command }) => {
      await docker(['run', '--rm', ...options, image, ...command], 120_000).catch(failed(`run ${name}`));
    },
    runDetached: async ({ name, image, options, command }, labels) => {
      const labelled = Object.entries(labels).flatMap(([key, value]) => ['--label', `${key}=${value}`]);
      await docker(['run', '--detach', '--name', name, ...labelled, ...options, image, ...command], 120_000).catch(
        failed(`run ${name}`),
      );
    },
    start: async (name) => void (await docker(['start', name]).catch(failed(`start ${name}`))),
    stop: async (name) => void (await docker(['stop', '-t', '30', name], 60_000).catch(failed(`stop ${name}`))),
    remove: async (name) => void (await docker(['rm', '--force', name], 60_000).catch(failed(`rm ${name}`))),
    lastWords: async (name, lines) => {
      try {
        return await new Promise((resolve, reject) => {
          execFile(
            'docker',
            ['logs', '--tail', String(lines), name],
            { env: { ...io.env }, timeout: quickMs },
            (error, stdout, stderr) => (error ? reject(error) : resolve((stdout + stderr).trim())),
          );
        });
      } catch {
        // Only decoration of another failure, which must not be hidden by this one.
        return '';
      }
    },
  };
}

class DockerFailed extends Error {
  override readonly name = 'DockerFailed';
  /** Docker's last line, or why it could not be run. */
  readonly said: string;
  readonly code: unknown;
  constructor(
    args: readonly string[],
    output: string,
    cause: Error & { readonly code?: unknown; readonly killed?: boolean },
  ) {
    const words = output.trim().split('\n').slice(-5).join('\n');
    super(`docker ${args[0]}: ${words}`, { cause });
    this.said = words || (cause.killed ? 'timed out' : cause.message);
    this.code = cause.code;
  }
}
