import { type Agent, AppError, isTrue, type LogLine, refOf, stateOf } from '@agentpod/core';
import type { Clock } from '../ports/clock.ts';
import type { RuntimeEngine } from '../ports/runtime.ts';
import type { AgentTypes } from './agent-types.ts';
import { type Credentials, redact, secretsIn } from './credentials.ts';

export interface TalkDeps {
  readonly types: AgentTypes;
  readonly credentials: Credentials;
  readonly runtime: Pick<RuntimeEngine, 'logs'>;
  readonly clock: Clock;
}

export interface Turn {
  readonly session: string;
  readonly message: string;
  readonly timeoutSeconds: number;
}

/** Longer lines are cut: whatever runs in an agent decides what it prints. */
const maxLineLength = 16_384;

/** What passes between a person and a running agent through the control plane. No credential of the agent passes. */
export class TalkToAgent {
  readonly #deps: TalkDeps;

  constructor(deps: TalkDeps) {
    this.#deps = deps;
  }

  /** Throws `conflict`/`NotRunning`, `unavailable`/`ChatTimedOut`, or `unavailable` with the agent's own reason. */
  async chat(agent: Agent, turn: Turn, signal: AbortSignal): Promise<{ reply: string; milliseconds: number }> {
    const { types, credentials, clock } = this.#deps;
    const address = addressOf(agent);
    const { type, driver } = types.get(agent.spec.type);
    const own = await credentials.of(agent);
    const deadline = new AbortController();
    const cancel = clock.after(turn.timeoutSeconds * 1000, () => deadline.abort());
    const began = clock.now();
    try {
      const endpoint = { address, port: type.port, credentials: own, type };
      const reply = await driver.chat(endpoint, turn, AbortSignal.any([signal, deadline.signal]));
      return { reply: redact(reply, secretsIn(own)), milliseconds: Math.round(clock.now() - began) };
    } catch (error) {
      if (signal.aborted)
        throw new AppError('unavailable', 'Interrupted', 'the conversation was interrupted', { cause: error });
      if (!deadline.signal.aborted) throw cleanedError(error, secretsIn(own));
      throw new AppError(
        'unavailable',
        'ChatTimedOut',
        `${refOf(agent)} did not reply within ${turn.timeoutSeconds} s`,
        {
          remedy: `See "agentpod logs ${refOf(agent)}", or allow more time.`,
          cause: error,
        },
      );
    } finally {
      cancel();
    }
  }

  /** Of the present instance. Throws `conflict`/`NoInstance` at once; the lines end with `signal`. */
  async logs(
    agent: Agent,
    options: { tail: number; follow: boolean },
    signal: AbortSignal,
  ): Promise<AsyncIterable<LogLine>> {
    const name = agent.status.instance?.name;
    if (name === undefined) {
      throw new AppError('conflict', 'NoInstance', `${refOf(agent)} has no container now: it is ${stateOf(agent)}`, {
        remedy: `See "agentpod status ${refOf(agent)}".`,
      });
    }
    const secrets = secretsIn(await this.#deps.credentials.of(agent));
    return cleaned(this.#deps.runtime.logs(name, options, signal), secrets);
  }
}

function addressOf(agent: Agent): string {
  const { conditions } = agent.status;
  if (agent.block && !agent.deletion && isTrue(conditions, 'Running') && isTrue(conditions, 'Healthy')) {
    return agent.block.address;
  }
  throw new AppError('conflict', 'NotRunning', `${refOf(agent)} cannot answer now: it is ${stateOf(agent)}`, {
    remedy: `See "agentpod status ${refOf(agent)}".`,
  });
}

async function* cleaned(lines: AsyncIterable<LogLine>, secrets: readonly string[]): AsyncGenerator<LogLine> {
  for await (const line of lines) yield { ...line, line: redact(line.line, secrets).slice(0, maxLineLength) };
}

/** The agent chooses the words of its failure, too. */
function cleanedError(error: unknown, secrets: readonly string[]): unknown {
  if (!(error instanceof AppError)) return error;
  const { kind, reason, message, remedy } = error;
  return new AppError(kind, reason, redact(message, secrets), remedy === undefined ? {} : { remedy });
}
