import { AppError } from '@agentpod/core';
import { z } from 'zod';
import type { AgentReport, AgentSession, Answer } from '../../ports/agent-driver.ts';
import { ChannelsStatus, channelReports, messageTimes } from './channel-reports.ts';
import type { OpenClawRpc } from './openclaw-rpc.ts';

const checkTimeoutMs = 8000;
/** Clocks of agent and host are one; what is far ahead is no time. */
const clockSkewMs = 60_000;

const Health = z.object({ ok: z.boolean() });
const time = z.number().optional().catch(undefined);
/** Newest first, so that one is enough. */
const Sessions = z.object({ sessions: z.array(z.object({ updatedAt: time, lastInteractionAt: time })) });

/** A connection that stays open, for looking at the agent again and again. OpenClaw sends a tick every 30 s. */
export class OpenClawSession implements AgentSession {
  readonly #rpc: OpenClawRpc;
  readonly #now: () => number;
  readonly ended: Promise<string>;

  constructor(rpc: OpenClawRpc, now: () => number) {
    this.#rpc = rpc;
    this.#now = now;
    this.ended = rpc.ended;
  }

  readonly lastFrameAt = (): number => this.#rpc.lastFrameAt;

  async check(signal: AbortSignal): Promise<AgentReport> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(checkTimeoutMs)]);
    const [healthy, channels, spokenAt] = await Promise.all([
      this.#health(limit),
      this.#channels(limit),
      this.#spokenAt(limit),
    ]);
    const latest = this.#now() + clockSkewMs;
    const times = [...messageTimes(channels), spokenAt ?? 0].filter((at) => at > 0 && at <= latest);
    return {
      healthy,
      channels: channelReports(channels),
      lastActivityAt: times.length === 0 ? undefined : times.reduce((a, b) => Math.max(a, b)),
    };
  }

  close(): void {
    this.#rpc.close();
  }

  async #health(limit: AbortSignal): Promise<Answer> {
    try {
      const health = Health.safeParse(await this.#rpc.request('health', {}, limit));
      return health.data?.ok ? { ok: true, detail: undefined } : { ok: false, detail: notHealthy };
    } catch (error) {
      if (!isRefusal(error)) throw error;
      return { ok: false, detail: error.message };
    }
  }

  /** Throws when the answer says nothing: no news of channels is not the news that there are none. */
  async #channels(limit: AbortSignal): Promise<ChannelsStatus> {
    const status = ChannelsStatus.safeParse(await this.#rpc.request('channels.status', {}, limit));
    if (status.success) return status.data;
    throw new AppError('unavailable', 'AgentRefused', 'the agent does not say what its channels do');
  }

  async #spokenAt(limit: AbortSignal): Promise<number | undefined> {
    try {
      const answer = Sessions.safeParse(await this.#rpc.request('sessions.list', { limit: 1 }, limit));
      const [newest] = answer.data?.sessions ?? [];
      return newest && (newest.lastInteractionAt ?? newest.updatedAt);
    } catch (error) {
      // Nothing hangs on it.
      if (!isRefusal(error)) throw error;
      return undefined;
    }
  }
}

const notHealthy = 'The agent says that it is not healthy';

function isRefusal(error: unknown): error is AppError {
  return error instanceof AppError && error.reason === 'RpcRefused';
}
