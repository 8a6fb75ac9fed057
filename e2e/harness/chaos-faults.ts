import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { AgentView } from '@agentpod/core';
import { type ContainerRun, runOf, signalAgentProcess } from './containers.ts';
import type { ControlPlane } from './control-plane.ts';
import type { Dice } from './dice.ts';
import { askStub } from './stub-faults.ts';

interface Blow {
  readonly name: string;
  readonly strike: (plane: ControlPlane, run: ContainerRun) => unknown;
}

const ofAnyAgent: readonly Blow[] = [
  { name: 'docker kill', strike: (plane, { name }) => plane.docker('kill', name) },
  { name: 'docker rm -f', strike: (plane, { name }) => plane.docker('rm', '-f', name) },
  { name: 'docker stop', strike: (plane, { name }) => plane.docker('stop', '--time', '5', name) },
  {
    name: 'network disconnected',
    strike: async (plane, { name }) => {
      const network = await plane.docker(
        'inspect',
        '--format',
        '{{range $n, $_ := .NetworkSettings.Networks}}{{$n}}{{end}}',
        name,
      );
      await plane.docker('network', 'disconnect', '--force', network, name);
    },
  },
  { name: 'limit changed by hand', strike: (plane, { name }) => plane.docker('update', '--cpus', '0.3', name) },
];

const ofStubs: readonly Blow[] = [
  { name: 'exit 0', strike: (_, run) => askStub(run, '/exit?code=0') },
  { name: 'exit 3', strike: (_, run) => askStub(run, '/exit?code=3') },
  { name: 'out of memory', strike: (_, run) => askStub(run, '/leak?mb=4096') },
  { name: 'deadlock', strike: (_, run) => askStub(run, '/deadlock') },
  { name: 'busy for 5 s', strike: (_, run) => askStub(run, '/busy?seconds=5') },
];

const stop = (port: number): Blow => ({
  name: 'SIGSTOP',
  strike: (_, run) => signalAgentProcess(run, port, 'SIGSTOP'),
});

/** One random fault of one random agent; answers with what was done, in words. */
export async function strikeAgent(plane: ControlPlane, agents: readonly AgentView[], dice: Dice): Promise<string> {
  const agent = dice.pick(agents);
  const stub = agent.spec.type === 'stub';
  const blow = dice.pick(stub ? [...ofAnyAgent, ...ofStubs, stop(8080)] : [...ofAnyAgent, stop(18_789)]);
  try {
    await blow.strike(plane, await runOf(plane, agent));
    return `${agent.ref}: ${blow.name}`;
  } catch (error) {
    // It was down already, or went down meanwhile: no fault, and no reason to stop.
    return `${agent.ref}: ${blow.name} missed (${error instanceof Error ? error.message.split('\n')[0] : String(error)})`;
  }
}

/** One random fault of AgentPod itself, and its end: nothing else starts these processes again here. */
export async function strikePlane(plane: ControlPlane, dice: Dice): Promise<string> {
  const what = dice.pick(['server', 'server', 'server', 'gateway', 'traefik', 'routes'] as const);
  const awayMs = Math.round(dice.next() * 5000);
  switch (what) {
    case 'server':
      await plane.stop('server', 'SIGKILL');
      await pause(awayMs);
      await plane.startServer();
      return `server killed, away for ${awayMs} ms`;
    case 'gateway':
      await plane.stop('gateway', 'SIGKILL');
      plane.startGateway();
      return 'gateway killed';
    case 'traefik':
      await plane.stop('traefik', 'SIGKILL');
      plane.startTraefik();
      return 'proxy killed';
    case 'routes':
      writeFileSync(join(plane.dataDir, 'ingress/agentpod.yml'), '{"http":{}}\n');
      return 'routes file overwritten';
  }
}
