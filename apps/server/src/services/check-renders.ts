import { type Agent, gatewayBlock } from '@agentpod/core';
import type { AgentCredentials } from '../ports/agent-driver.ts';
import type { AgentTypes } from './agent-types.ts';
import { ingressUserOf } from './credentials.ts';
import { targetOf } from './target.ts';

export interface CheckRendersDeps {
  readonly types: AgentTypes;
  readonly originOf: (host: string) => string;
  readonly supernet: string;
  readonly modelPort: number;
}

/** Words that nobody writes: a driver refuses settings that name one of these users. */
const stand: Omit<AgentCredentials, 'ingressUser'> = {
  virtualKey: '<none>',
  controlUser: '<none>',
  probeUser: '<none>',
  probeToken: '<none>',
};

/**
 * Renders an agent for nobody, to hear the driver's objections while the person who asks is still there. Throws
 * `invalid` naming the field.
 */
export function checkRenders(
  agent: Pick<Agent, 'id' | 'tenant' | 'name' | 'host' | 'spec'>,
  deps: CheckRendersDeps,
): void {
  const { type, driver } = deps.types.get(agent.spec.type);
  targetOf({
    agent: {
      ...agent,
      tenantId: '',
      generation: 0,
      createdAt: '',
      // Any block will do: it has none before the controller's first pass.
      block: gatewayBlock(deps.supernet),
      deletion: undefined,
      recorded: { delivered: {}, restarts: [] },
      status: { observedGeneration: 0, conditions: [] },
    },
    type,
    driver,
    credentials: { ...stand, ingressUser: ingressUserOf(agent.tenant) },
    modelKeyVersion: 0,
    origin: deps.originOf(agent.host),
    supernet: deps.supernet,
    modelPort: deps.modelPort,
  });
}
