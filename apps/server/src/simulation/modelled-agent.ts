import { AppError, AgentType, LoopProbe } from '@agentpod/core';
import type { AgentDriver, AgentEndpoint, AgentReport, AgentSession, Answer } from '../ports/agent-driver.ts';
import type { AgentProbe } from '../ports/agent-probe.ts';
import { aType } from '../testing/stub-agent-type.ts';
import type { Machine } from './machine.ts';
import type { Run } from './run.ts';

const loop = LoopProbe.parse({ path: '/healthz', body: { ok: true } });

export const startDeadlineSeconds = 60;

/** The kind of agent that lives in the simulation. */
export const simulatedType: AgentType = {
  ...aType,
  container: { ...aType.container, unhealableExitCodes: [78], stop: { signal: 'SIGTERM', graceSeconds: 10 } },
  probes: { started: { ...aType.probes.started, deadlineSeconds: startDeadlineSeconds }, loop },
  validate: { command: ['check', '/config'] },
};

const longestAnswerMs = 10_000;
const yes: Answer = { ok: true, detail: undefined };

/** Agents as probes and conversations find them: they answer, refuse, or say nothing at all. */
export class ModelledAgents implements AgentProbe, AgentDriver {
  readonly name = 'manifest';
  readonly #machine: Machine;
  readonly #agentOf: (host: string) => string | undefined;

  constructor(machine: Machine, agentOf: (host: string) => string | undefined) {
    this.#machine = machine;
    this.#agentOf = agentOf;
  }

  /** The model is a file that a running agent may take over; soul and plan make another container. */
  render({ agent: { spec } }: Parameters<AgentDriver['render']>[0]) {
    return {
      env: { BOOT: spec.identity.soul ?? '' },
      configFiles: [{ path: 'config', content: spec.model.name, policy: 'replace' as const }],
      stateFiles: [{ path: 'MEMORY.md', content: 'nothing yet', policy: 'seed' as const }],
      bootInputs: [spec.plan, spec.identity.soul ?? ''],
    };
  }

  async started({ address, probe }: Parameters<AgentProbe['started']>[0]): Promise<Answer> {
    const run = this.#machine.at(address);
    if (!run) return no('connection refused');
    if (run.loop !== 'turning') {
      await this.#pause(probe.timeoutSeconds * 1000);
      return no('no answer');
    }
    return probe.path === loop.path || run.phase === 'up' ? yes : no('it boots');
  }

  async openSession(endpoint: AgentEndpoint, _signal: AbortSignal, now: () => number): Promise<AgentSession> {
    const { address } = endpoint;
    await this.#hello(address);
    return {
      check: async (): Promise<AgentReport> => {
        const run = await this.#hello(address);
        const state = this.#machine.temperOf(run.agentId).channelRejected ? 'rejected' : 'connected';
        const channels = [{ name: 'telegram', state, detail: undefined } as const];
        return { healthy: yes, lastActivityAt: undefined, channels };
      },
      lastFrameAt: now,
      ended: new Promise<string>(() => undefined),
      close: () => undefined,
    };
  }

  explain({ lines }: Parameters<AgentDriver['explain']>[0]) {
    const last = lines.at(-1)?.line;
    if (last === undefined) return undefined;
    return { kind: 'LeaseHeld', message: last, transient: last.includes('lease') };
  }

  async chat(): Promise<string> {
    throw new AppError('unavailable', 'NoChat', 'nobody talks in a simulation');
  }

  async checkRoute({ url }: Parameters<AgentDriver['checkRoute']>[0]): Promise<Answer> {
    const agentId = this.#agentOf(new URL(url).hostname);
    if (agentId !== undefined && this.#machine.answers(agentId)) return yes;
    if (agentId !== undefined && this.#machine.runOf(agentId)) await this.#pause(longestAnswerMs);
    return no('no hello through the ingress');
  }

  async #hello(address: string): Promise<Run> {
    const run = this.#machine.at(address);
    if (run?.phase !== 'up') throw new AppError('unavailable', 'AgentUnreachable', 'nothing listens there');
    if (!this.#machine.answers(run.agentId)) {
      await this.#pause(longestAnswerMs);
      throw new AppError('unavailable', 'AgentTimeout', 'no answer');
    }
    return run;
  }

  #pause(milliseconds: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#machine.clock.after(milliseconds, resolve);
    return promise;
  }
}

function no(detail: string): Answer {
  return { ok: false, detail };
}
