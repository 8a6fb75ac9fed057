import { away } from '../testing/fake-transport.ts';
import type { Dice } from './dice.ts';
import { People } from './people.ts';
import type { AgentRecord } from './records.ts';
import { goodManners } from './troubles.ts';
import type { World } from './world.ts';

const second = 1000;
const minute = 60 * second;

/** What may befall the world, and how often beside the others. */
const weights = {
  crash: 10,
  outOfMemory: 3,
  crashLoop: 4,
  staleLease: 3,
  hang: 6,
  busyForAWhile: 5,
  busyForEver: 2,
  deafToRpc: 4,
  channelRejected: 5,
  dockerKill: 4,
  dockerRemove: 4,
  networkTaken: 3,
  configVolumeTaken: 1,
  stateVolumeTaken: 1,
  pause: 2,
  limitsByHand: 2,
  engineRestart: 4,
  eventsBreak: 3,
  eventsUnreliable: 4,
  engineFails: 5,
  engineSlow: 4,
  serverKilled: 6,
  serverKilledAtCall: 12,
  serverStopped: 3,
  clockForward: 2,
  clockBack: 2,
  operatorsAway: 3,
} as const satisfies Record<string, number>;
type Mishap = keyof typeof weights;
/** How much of everything is people's doing. */
const shareOfPeople = 0.28;

/** Lets the world do its worst, at moments that the dice choose. */
export class Disturbances {
  readonly #world: World;
  readonly #dice: Dice;
  readonly #people: People;

  constructor(world: World) {
    this.#world = world;
    this.#dice = world.dice.for('disturbances');
    this.#people = new People(world, this.#dice.for('people'));
  }

  /** From now on and for so long. */
  schedule(count: number, withinMs: number): void {
    for (let number = 0; number < count; number++) {
      const atMs = this.#dice.between(0, withinMs);
      const act = this.#dice.chance(shareOfPeople) ? this.#people.something() : this.#something();
      this.#world.clock.after(atMs, () => this.#toSomebody(act));
    }
  }

  /**
   * What strangers, engines and agents did to each other is over; what it led to is not. Channels may still be refused:
   * no agent is worse for that.
   */
  end(): void {
    const { machine, manners, operators, records } = this.#world;
    Object.assign(manners, goodManners());
    operators.behave = () => undefined;
    this.#world.pardon();
    for (const { id } of records.all()) {
      Object.assign(machine.temperOf(id), {
        crashes: undefined,
        staleLeases: 0,
        rpcSilent: false,
      });
      for (const [name, { state }] of machine.containersOf(id))
        if (state === 'paused') machine.hands.pause(name, 'running');
    }
  }

  #toSomebody(act: (agent: AgentRecord) => void): void {
    const [first, ...others] = this.#world.records.all().filter(({ isGone, deletion }) => !isGone || !deletion?.purge);
    if (first) act(this.#dice.pick([first, ...others]));
  }

  #something(): (agent: AgentRecord) => void {
    const mishap = this.#dice.pickWeighted(weights);
    return (agent) => {
      const about = this.#befall(mishap, agent);
      if (about !== undefined) this.#world.say(`WORLD    ${mishap} ${about}`);
    };
  }

  /** Answers what it hit, if anything. */
  #befall(mishap: Mishap, { id, ref }: AgentRecord): string | undefined {
    const world = this.#world;
    const dice = this.#dice;
    const { machine, clock } = world;
    const temper = machine.temperOf(id);
    const run = machine.runOf(id);
    const forAWhile = (begin: () => void, end: () => void, least: number, most: number): string => {
      const milliseconds = dice.between(least, most);
      machine.change(id, begin);
      clock.after(milliseconds, end);
      return `${ref} for ${milliseconds} ms`;
    };
    switch (mishap) {
      case 'crash':
        if (!run) return undefined;
        machine.crash(run, dice.pick([1, 0, 134, 139, 1]));
        return ref;
      case 'outOfMemory':
        if (!run) return undefined;
        machine.crash(run, 137, { outOfMemory: true });
        return ref;
      case 'crashLoop':
        temper.crashes = { exitCode: dice.pick([1, 0, 134, 137]) };
        if (run) machine.crash(run, temper.crashes.exitCode);
        return forAWhile(
          () => undefined,
          () => {
            temper.crashes = undefined;
          },
          10 * second,
          15 * minute,
        );
      case 'staleLease':
        temper.staleLeases = dice.between(1, 8);
        if (run) machine.crash(run, 137);
        return ref;
      case 'hang':
        if (!run) return undefined;
        machine.setLoop(run, 'hung');
        return ref;
      case 'busyForEver':
        if (!run) return undefined;
        machine.setLoop(run, 'busy');
        return ref;
      case 'busyForAWhile':
        if (!run || run.loop !== 'turning') return undefined;
        return forAWhile(
          () => machine.setLoop(run, 'busy'),
          () => {
            if (run.loop === 'busy') machine.setLoop(run, 'turning');
          },
          10 * second,
          40 * second,
        );
      case 'deafToRpc':
        return forAWhile(
          () => {
            temper.rpcSilent = true;
          },
          () => {
            temper.rpcSilent = false;
          },
          5 * second,
          3 * minute,
        );
      case 'channelRejected':
        return forAWhile(
          () => {
            temper.channelRejected = true;
          },
          () => {
            temper.channelRejected = false;
          },
          150 * second,
          5 * minute,
        );
      case 'dockerKill':
        if (!run) return undefined;
        machine.end(run, 'stranger', 'exit', 137);
        return ref;
      case 'dockerRemove': {
        const [container] = machine.containersOf(id);
        if (!container) return undefined;
        this.#removeContainer(container[0]);
        return container[0];
      }
      case 'networkTaken':
        world.takeGround(id, 'network');
        return ref;
      case 'configVolumeTaken':
      case 'stateVolumeTaken':
        for (const [name] of machine.containersOf(id)) this.#removeContainer(name);
        world.takeGround(id, mishap === 'stateVolumeTaken' ? 'state' : 'config');
        return ref;
      case 'pause':
        if (!run) return undefined;
        machine.change(id, () => machine.hands.pause(run.name));
        clock.after(dice.between(second, 2 * minute), () => {
          if (machine.engine.containers.get(run.name)?.state === 'paused') machine.hands.pause(run.name, 'running');
        });
        return ref;
      case 'limitsByHand': {
        const [container] = machine.containersOf(id);
        if (container) container[1].limits = { memoryBytes: 2 ** 30, cpus: 4, pids: 99 };
        return ref;
      }
      case 'engineRestart': {
        const milliseconds = dice.between(second, 45 * second);
        world.restartEngine(milliseconds);
        return `for ${milliseconds} ms`;
      }
      case 'eventsBreak':
        world.breakEvents(0);
        return '';
      case 'eventsUnreliable':
        return this.#manners({ lostEvents: 0.4, doubledEvents: 0.3, lateEvents: 0.3 });
      case 'engineFails':
        return this.#manners({ refused: dice.next() * 0.6, lost: dice.next() * 0.5 });
      case 'engineSlow':
        return this.#manners({ slow: dice.next() });
      case 'serverKilled':
        if (!world.plane) return undefined;
        world.killPlane();
        return this.#startLater();
      case 'serverKilledAtCall': {
        world.killPlane();
        world.startPlane({ atCall: dice.between(1, 200), when: dice.pick(['before', 'after']) });
        const lookEvery = (): void => {
          if (world.plane) clock.after(second, lookEvery);
          else this.#startLater();
        };
        lookEvery();
        return '';
      }
      case 'serverStopped':
        void world.stopPlane().then(() => this.#startLater());
        return '';
      case 'clockForward':
      case 'clockBack': {
        const milliseconds = dice.pick([2 * second, 40 * second, 5 * minute, 60 * minute]);
        world.jump(mishap === 'clockBack' ? -milliseconds : milliseconds);
        return `${milliseconds} ms`;
      }
      case 'operatorsAway':
        world.operators.behave = away;
        clock.after(dice.between(second, 10 * minute), () => {
          world.operators.behave = () => undefined;
        });
        return '';
    }
  }

  #removeContainer(name: string): void {
    const { machine } = this.#world;
    const agentId = machine.engine.containers.get(name)?.agentId;
    machine.removed(name, 'stranger', () => {
      machine.engine.containers.delete(name);
      machine.engine.tell('change memory', agentId);
    });
  }

  #manners(change: Partial<World['manners']>): string {
    const { manners, clock } = this.#world;
    Object.assign(manners, change);
    const milliseconds = this.#dice.between(5 * second, 2 * minute);
    this.#world.weather.engineMisbehaves(milliseconds);
    const back = Object.fromEntries(Object.keys(change).map((name) => [name, 0]));
    clock.after(milliseconds, () => Object.assign(manners, back));
    return `${JSON.stringify(change)} for ${milliseconds} ms`;
  }

  #startLater(): string {
    const milliseconds = this.#dice.pick([0, this.#dice.between(0, 5 * second), this.#dice.between(0, 2 * minute)]);
    this.#world.clock.after(milliseconds, () => this.#world.startPlane(undefined));
    return `down for ${milliseconds} ms`;
  }
}
