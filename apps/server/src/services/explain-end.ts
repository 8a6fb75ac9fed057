import { type Agent, type LogLine, type ObservedInstance, type Observation, plainText } from '@agentpod/core';
import type { AgentDriver } from '../ports/agent-driver.ts';
import type { RuntimeEngine } from '../ports/runtime.ts';
import type { AgentTypes } from './agent-types.ts';
import { type Credentials, redact, secretsIn } from './credentials.ts';

export interface ExplainerDeps {
  readonly types: AgentTypes;
  readonly credentials: Credentials;
  readonly runtime: Pick<RuntimeEngine, 'logs'>;
}

/** An agent says why it ends in its last lines. */
const readLines = 80;
const longestLine = 4096;
const longestMessage = 300;

/** Reads why a run ended out of the agent's own log, once for each run. */
export class Explainer {
  readonly #deps: ExplainerDeps;
  readonly #known = new Map<string, { run: string; failure: Observation['failure'] }>();

  constructor(deps: ExplainerDeps) {
    this.#deps = deps;
  }

  async explain(agent: Agent, ended: ObservedInstance, signal: AbortSignal): Promise<Observation['failure']> {
    const run = `${ended.id} ${ended.startedAt}`;
    const known = this.#known.get(agent.id);
    if (known?.run === run) return known.failure;
    try {
      const failure = await this.#read(agent, ended, signal);
      this.#known.set(agent.id, { run, failure });
      return failure;
    } catch {
      // The log is not always to be had, and an end without a reason is still an end.
      return undefined;
    }
  }

  async #read(agent: Agent, ended: ObservedInstance, signal: AbortSignal): Promise<Observation['failure']> {
    const { types, credentials, runtime } = this.#deps;
    const lines: LogLine[] = [];
    for await (const line of runtime.logs(ended.name, { tail: readLines, follow: false }, signal)) {
      lines.push({ ...line, line: line.line.slice(0, longestLine) });
    }
    const { driver } = types.get(agent.spec.type);
    const { exitCode, outOfMemory, startedAt } = ended;
    // The log of a container goes on over its restarts: what an earlier run said is another story.
    const own = lines.filter(({ time }) => time === undefined || Date.parse(time) >= (startedAt ?? 0));
    const failure = driver.explain({ lines: own, exitCode, outOfMemory });
    if (!failure) return undefined;
    const message = plainText(redact(failure.message, secretsIn(await credentials.of(agent))), longestMessage);
    return { message, transient: failure.transient };
  }
}

/** The check of a configuration fails with the words of a start: the driver knows which of its lines tells why. */
export function refusalIn(output: string, driver: Pick<AgentDriver, 'explain'>): string {
  const lines = output.split('\n').map((line) => ({ time: undefined, stream: 'stderr' as const, line }));
  return driver.explain({ lines, exitCode: 1, outOfMemory: false })?.message ?? output;
}
