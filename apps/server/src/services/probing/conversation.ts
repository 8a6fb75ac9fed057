import { AppError } from '@agentpod/core';
import type { AgentDriver, AgentEndpoint, AgentReport, AgentSession } from '../../ports/agent-driver.ts';
import type { Clock } from '../../ports/clock.ts';

export type Reply = { readonly report: AgentReport } | { readonly silent: string };

/** Frames come every few seconds from an agent that lives; without one for so long, the connection is not believed. */
const longestSilenceMs = 45_000;

/** The control plane's lasting connection to one run of an agent, opened again when it breaks. */
export class Conversation {
  readonly #driver: Pick<AgentDriver, 'openSession'>;
  readonly #endpoint: AgentEndpoint;
  readonly #clock: Clock;
  #session: AgentSession | undefined;
  #closed = false;

  constructor(driver: Pick<AgentDriver, 'openSession'>, endpoint: AgentEndpoint, clock: Clock) {
    this.#driver = driver;
    this.#endpoint = endpoint;
    this.#clock = clock;
  }

  /** What the agent says of itself now, or why it says nothing. */
  async ask(signal: AbortSignal): Promise<Reply> {
    try {
      const session = await this.#open(signal);
      const report = await session.check(signal);
      if (this.#clock.now() - session.lastFrameAt() < longestSilenceMs) return { report };
      this.#drop();
      return { silent: `The agent sent nothing for ${longestSilenceMs / 1000} s` };
    } catch (error) {
      this.#drop();
      if (!(error instanceof AppError) || error.kind !== 'unavailable') throw error;
      return { silent: error.message.charAt(0).toUpperCase() + error.message.slice(1) };
    }
  }

  close(): void {
    this.#closed = true;
    this.#drop();
  }

  async #open(signal: AbortSignal): Promise<AgentSession> {
    if (this.#session) return this.#session;
    const session = await this.#driver.openSession(this.#endpoint, signal, () => this.#clock.now());
    if (this.#closed) {
      session.close();
      throw new AppError('unavailable', 'Interrupted', 'the conversation was ended');
    }
    this.#session = session;
    void session.ended.then(() => {
      if (this.#session === session) this.#session = undefined;
    });
    return session;
  }

  #drop(): void {
    this.#session?.close();
    this.#session = undefined;
  }
}
