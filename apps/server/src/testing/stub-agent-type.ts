import { AgentType, AppError } from '@agentpod/core';
import type { AgentDriver } from '../ports/agent-driver.ts';

/** A small type of agent with everything that people can ask about. */
export const aType = AgentType.parse({
  apiVersion: 'agentpod/v1',
  kind: 'AgentType',
  metadata: { name: 'openclaw', title: 'OpenClaw' },
  versions: { default: '2026.9.6', tested: ['2026.9.6'], pattern: String.raw`^\d{4}\.\d{1,2}\.\d{1,2}$` },
  image: { local: 'agentpod/openclaw:${version}' },
  container: { user: '1000:1000', stop: {} },
  mounts: { state: '/state', config: '/config' },
  port: 18_789,
  pids: 512,
  plans: { small: { memory: '1g', cpus: 1 }, standard: { memory: '2g', cpus: 1 } },
  defaultPlan: 'standard',
  memoryProfiles: [
    { name: 'compact', minMemory: '1g', workingSet: '600m' },
    { name: 'standard', minMemory: '2g', workingSet: '900m' },
  ],
  probes: { started: { path: '/startupz', body: { status: 'started' }, deadlineSeconds: 300 } },
  identity: { soul: 'SOUL.md', memory: 'MEMORY.md', instructions: 'AGENTS.md' },
});

/** A driver without an agent behind it. */
export class StubDriver implements AgentDriver {
  readonly name = 'stub';
  /** What `chat` does; tests replace it. */
  reply: AgentDriver['chat'] = async (_endpoint, { message }) => `you said ${message}`;

  /** Refuses one soul, as a real driver refuses what it cannot write down. */
  render({ agent }: Parameters<AgentDriver['render']>[0]) {
    if (agent.spec.identity.soul === 'unspeakable') {
      throw new AppError('invalid', 'InvalidSoul', 'this cannot be rendered', { field: 'spec.identity.soul' });
    }
    return { env: {}, configFiles: [], stateFiles: [], bootInputs: {} };
  }

  chat(...call: Parameters<AgentDriver['chat']>): Promise<string> {
    return this.reply(...call);
  }

  async openSession() {
    return {
      check: async () => ({ healthy: { ok: true, detail: undefined }, lastActivityAt: undefined, channels: [] }),
      lastFrameAt: () => Number.POSITIVE_INFINITY,
      ended: new Promise<string>(() => undefined),
      close: () => undefined,
    };
  }

  explain(): undefined {
    return undefined;
  }

  async checkRoute() {
    return { ok: true, detail: undefined };
  }
}
