import { Agent, type IncomingMessage } from 'node:http';
import { inspect } from 'node:util';
import { AppError } from '@agentpod/core';
import Dockerode from 'dockerode';
import { isKind, translate } from './translate.ts';
import { within } from './within.ts';

/** The API this adapter speaks at most, and the oldest it was run against (Docker 20.10). */
const newest = [1, 47] as const;
const oldest = [1, 41] as const;

type DialOptions = Parameters<Dockerode['modem']['dial']>[0];

type Version = readonly [number, number];

interface EngineVersion {
  readonly Version?: string;
  /** Absent when something else answers at the socket. */
  readonly ApiVersion?: string;
  readonly MinAPIVersion?: string;
}

interface Agreed {
  readonly apiVersion: string;
  readonly docker: Dockerode;
}

export interface ConnectionOptions {
  readonly socketPath: string;
  /** For every call that does not name its own limit. */
  readonly timeoutMs: number;
}

/**
 * The way to one engine. The version of the API is agreed on at the first call, and again after the engine was away:
 * it may come back as another one.
 */
export class EngineConnection {
  readonly #options: ConnectionOptions;
  #negotiated: Promise<Agreed> | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** Throws what `translate` makes of a failure; the caller's own abort is passed on as it is. */
  async call<T>(
    doing: string,
    work: (docker: Dockerode, abortSignal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
    timeoutMs = this.#options.timeoutMs,
  ): Promise<T> {
    try {
      return await within({ doing, milliseconds: timeoutMs, signal }, async (limited) =>
        work((await this.#agreed()).docker, quiet(limited)),
      );
    } catch (thrown) {
      if (signal.aborted) throw signal.reason;
      const error = translate(doing, thrown);
      if (isKind(error, 'unavailable')) this.#negotiated = undefined;
      throw error;
    }
  }

  /** For questions that dockerode's types do not let us give up. */
  async get(doing: string, path: string, signal: AbortSignal, timeoutMs = this.#options.timeoutMs): Promise<unknown> {
    // docker-modem cuts the last character off an address with a query of its own.
    const given = path.includes('?') ? `${path}&` : path;
    const ask = async (docker: Dockerode, abortSignal: AbortSignal) =>
      dial(docker, { path: given, method: 'GET', abortSignal });
    return this.call(doing, ask, signal, timeoutMs);
  }

  /** The version agreed on with the engine, as `1.41`. */
  async apiVersion(signal: AbortSignal): Promise<string> {
    return this.call('ask the engine for its version', async () => (await this.#agreed()).apiVersion, signal);
  }

  /** The body as it comes in; only the wait for its beginning is limited. `signal` ends it. */
  async stream(
    doing: string,
    request: {
      readonly method: 'GET' | 'POST';
      readonly path: string;
      readonly query: Readonly<Record<string, unknown>>;
    },
    signal: AbortSignal,
    timeoutMs = this.#options.timeoutMs,
  ): Promise<IncomingMessage> {
    // dockerode has no streaming form of "logs without follow", and buffers up to 30 MB instead.
    return this.call(
      doing,
      (docker, abortSignal) =>
        // With `isStream` the answer is the response itself.
        dial(docker, {
          path: `${request.path}?`,
          method: request.method,
          options: { _query: request.query, _body: {} },
          isStream: true,
          abortSignal,
        }) as Promise<IncomingMessage>,
      signal,
      timeoutMs,
    );
  }

  async #agreed(): Promise<Agreed> {
    // Shared by concurrent calls, so it must not end with the signal of whoever came first.
    const negotiation = (this.#negotiated ??= this.#negotiate());
    try {
      return await negotiation;
    } catch (error) {
      if (this.#negotiated === negotiation) this.#negotiated = undefined;
      throw error;
    }
  }

  async #negotiate(): Promise<Agreed> {
    const { socketPath, timeoutMs } = this.#options;
    // Sockets are not pooled: a stream never waits for a free one, and none is stale after a restart of the engine.
    const options = { socketPath, agent: quiet(new Agent({ keepAlive: false })) };
    const unversioned = new Dockerode(options);
    const answer = await within(
      { doing: 'ask the engine for its version', milliseconds: timeoutMs, signal: new AbortController().signal },
      (abortSignal) => dial(unversioned, { path: '/version', method: 'GET', abortSignal }),
    );
    const apiVersion = agreedVersion(answer as EngineVersion).join('.');
    return { apiVersion, docker: new Dockerode({ ...options, version: `v${apiVersion}` }) };
  }
}

/** For what dockerode has no typed method. */
async function dial(docker: Dockerode, request: DialOptions): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  docker.modem.dial({ ...request, statusCodes: { 200: true } }, (error, answer) =>
    error ? reject(error) : resolve(answer),
  );
  return promise;
}

/** The newest version both sides speak. Throws `terminal` when there is none. */
function agreedVersion(engine: EngineVersion): Version {
  const theirs = parseVersion(engine.ApiVersion);
  const theirOldest = parseVersion(engine.MinAPIVersion ?? '0.0');
  const name = `the container engine (${engine.Version ?? 'unknown version'})`;
  if (compare(theirs, oldest) < 0) {
    throw new AppError(
      'terminal',
      'EngineTooOld',
      `${name} speaks API ${theirs.join('.')}, at least ${oldest.join('.')} is needed`,
      {
        remedy: 'Install Docker 20.10 or newer.',
      },
    );
  }
  if (compare(theirOldest, newest) > 0) {
    throw new AppError(
      'terminal',
      'EngineTooNew',
      `${name} speaks API ${theirOldest.join('.')} and newer, AgentPod ${newest.join('.')} and older`,
      { remedy: 'Update AgentPod, or set "min-api-version" in the engine\'s daemon.json.' },
    );
  }
  return compare(theirs, newest) < 0 ? theirs : newest;
}

function parseVersion(text = 'none'): Version {
  const [major = Number.NaN, minor = Number.NaN] = text.split('.').map(Number);
  if (Number.isInteger(major) && Number.isInteger(minor)) return [major, minor];
  throw new AppError(
    'unavailable',
    'EngineUnreachable',
    `what answers at the engine's socket is no Docker engine: its API version is "${text}"`,
  );
}

function compare(a: Version, b: Version): number {
  return a[0] - b[0] || a[1] - b[1];
}

/**
 * docker-modem describes the options of every request to the last nested property, for a debug log that is off. With a
 * living agent, its sockets and a signal among them that was two thirds of the server's idle CPU time.
 */
function quiet<T extends object>(option: T): T {
  return Object.assign(option, { [inspect.custom]: () => option.constructor.name });
}
