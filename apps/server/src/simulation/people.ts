import { AppError, parseAgentRef } from '@agentpod/core';
import type { Agents } from '../services/agents.ts';
import type { Dice } from './dice.ts';
import type { AgentRecord } from './records.ts';
import { spoilt } from './run.ts';
import type { World } from './world.ts';

/** What people ask for, and how often beside the others. */
const weights = {
  stop: 4,
  start: 5,
  restart: 5,
  anotherModel: 5,
  anotherPlan: 4,
  spoiltFile: 4,
  spoiltBoot: 4,
  repair: 5,
  delete: 2,
  purge: 1,
  undelete: 3,
} as const satisfies Record<string, number>;
type Wish = keyof typeof weights;

/** They ask as they do over HTTP: of the process that lives, if one does. */
export class People {
  readonly #world: World;
  readonly #dice: Dice;

  constructor(world: World, dice: Dice) {
    this.#world = world;
    this.#dice = dice;
  }

  something(): (agent: AgentRecord) => void {
    const wish = this.#dice.pickWeighted(weights);
    return (agent) => this.#ask(wish, agent);
  }

  #ask(wish: Wish, { ref }: AgentRecord): void {
    const { plane, judge } = this.#world;
    if (!plane) return;
    this.#world.say(`PERSON   ${wish} ${ref}`);
    this.#asked(wish, plane.agents, ref).catch((error: unknown) => {
      const isRefusal = error instanceof AppError && error.kind !== 'bug';
      if (!isRefusal) judge.accuse('no mistakes of ours', `${wish}: ${String(error)}`);
      this.#world.say(`refused  ${wish} ${ref}: ${String(error)}`);
    });
  }

  async #asked(wish: Wish, agents: Agents, text: string): Promise<unknown> {
    const ref = parseAgentRef(text);
    const dice = this.#dice;
    const marker = dice.pick(['exit-78', 'exit-1', 'never-starts']);
    const model = (name: string) => agents.setModel(ref, { provider: 'demo', name });
    switch (wish) {
      case 'stop':
        return agents.stop(ref);
      case 'start':
        return agents.start(ref);
      case 'restart':
        return agents.restart(ref);
      case 'anotherModel':
        return model(`model-${dice.between(1, 1000)}`);
      case 'anotherPlan':
        return agents.update(ref, { plan: dice.pick(['small', 'standard']) });
      case 'spoiltFile':
        return model(spoilt(marker));
      case 'spoiltBoot':
        return agents.update(ref, { identity: { soul: spoilt(marker) } });
      case 'repair':
        await model('repaired');
        return agents.update(ref, { identity: { soul: 'repaired' } });
      case 'delete':
        return agents.delete(ref, false);
      case 'purge':
        return agents.delete(ref, true);
      case 'undelete':
        return agents.undelete(ref);
    }
  }
}
