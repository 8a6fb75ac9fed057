import { Disturbances } from './disturbances.ts';
import { unfinished } from './expectation.ts';
import type { Violation } from './judge.ts';
import type { Stage } from './stage.ts';
import { type Mistake, World } from './world.ts';

export interface SimulationOptions {
  readonly seed: number;
  readonly stage: Stage;
  /** How many agents there are; the dice decide when nobody says. */
  readonly agents?: number | undefined;
  readonly mistake?: Mistake | undefined;
  readonly trace?: ((line: string) => void) | undefined;
}

export interface SimulationResult {
  readonly seed: number;
  readonly violation: Violation | undefined;
  /** How much time went by in the simulation. */
  readonly simulatedMs: number;
}

const second = 1000;
const minute = 60 * second;
/** Slow attempts come every ten minutes; the rest is boots, deadlines and a configuration that is taken back. */
const longestRecoveryMs = 17 * minute;
const quietMs = 25 * second;
/** A channel has to be refused for a minute before anybody says so. */
const longQuietMs = 100 * second;
/** Hold-offs, and what a cause of the host's keeps back for a while. */
const longestNewsMs = 12 * minute;
const lookEveryMs = 5 * second;

/** One world, from its first agent to the moment when everything has come to rest. The seed decides everything. */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const { seed, stage } = options;
  await stage.clear();
  const world = new World(options);
  const { clock, judge, dice } = world;
  await world.begin();
  const refs = ['acme', 'acme/hr', 'lotus', 'northwind', 'zenith'];
  for (const ref of refs.slice(0, options.agents ?? dice.pick([1, 1, 2, 2, 3]))) {
    await world.plane?.creation.create({ ref, spec: {}, force: true });
  }
  const disturbances = new Disturbances(world);
  // Some are given time to prove that they are good before anything happens.
  await live(world, dice.pick([0, 20, 35, 35]) * second);
  const badTimesMs = dice.pick([30, 60, 60, 120, 300]) * second;
  disturbances.schedule(dice.between(1, 12), badTimesMs);
  await live(world, badTimesMs);
  world.say('WORLD    nobody disturbs any more');
  disturbances.end();
  world.startPlane(undefined);
  const deadlineMs = clock.elapsedMs + longestRecoveryMs;
  const isFinished = (): boolean => !world.machine.isAway && unfinished(world) === undefined;
  let trouble: string | undefined;
  do {
    await live(world, deadlineMs - clock.elapsedMs, isFinished);
    // What looks like rest may be the moment before the next act.
    await live(world, isAnyChannelRejected(world) ? longQuietMs : quietMs);
    trouble = unfinished(world);
  } while (trouble !== undefined && clock.elapsedMs < deadlineMs && !judge.verdict);
  if (trouble !== undefined) judge.accuse('it converges', trouble);
  await live(world, longestNewsMs, () => world.alerts.misbelief() === undefined);
  const misbelief = world.alerts.misbelief();
  if (misbelief !== undefined) judge.accuse('no alert is lost', misbelief);
  const relapse = unfinished(world);
  if (relapse !== undefined) judge.accuse('it stays as it should be', relapse);
  accountFor(world);
  const simulatedMs = clock.elapsedMs;
  world.killPlane();
  return { seed, violation: judge.verdict, simulatedMs };
}

function isAnyChannelRejected({ records, machine }: World): boolean {
  return records.all().some(({ id }) => machine.temperOf(id).channelRejected);
}

/** Whatever was started again can be read about: in the agent's events, and by whoever gets alerts. */
function accountFor({ restarts, records, weather, alerts, judge }: World): void {
  for (const { agentId, fromMs, untilMs } of restarts.starts) {
    const record = records.of(agentId);
    const explaining = record?.events.filter(({ reason }) => !tellsNothing.has(reason)) ?? [];
    // An outage is told once, however often it is tried to end it.
    const standing = record?.events.findLast(({ atMs }) => atMs <= fromMs);
    const isTold =
      explaining.some(({ atMs }) => atMs >= fromMs && atMs <= untilMs + minute) ||
      (standing !== undefined && explaining.includes(standing));
    if (isTold) continue;
    return judge.accuse(
      'every restart is explained',
      `what ran of ${record?.ref} since ${fromMs} was started again at ${untilMs}`,
    );
  }
  const unexcused = restarts.failures.filter(({ agentId, fromMs, untilMs }) => {
    const asked = records.of(agentId)?.askedAtMs ?? 0;
    return weather.isFair(fromMs - 3 * minute, untilMs + 3 * minute) && asked < fromMs - 3 * minute;
  });
  const unheard = alerts.unheard(unexcused);
  if (unheard !== undefined) judge.accuse('no alert is lost', unheard);
}

/** Reasons of events that say that something goes on, and not why. */
const tellsNothing: ReadonlySet<string> = new Set([
  'Booting',
  'Starting',
  'Creating',
  'Answering',
  'Busy',
  'NotAnswering',
]);

/** Time goes by, until it is over, something is broken, or all is `done`. */
async function live(world: World, milliseconds: number, done: () => boolean = () => false): Promise<void> {
  const { clock, judge, status, alerts } = world;
  const end = clock.elapsedMs + milliseconds;
  while (clock.elapsedMs < end && !judge.verdict && !done()) {
    await clock.run(Math.min(lookEveryMs, end - clock.elapsedMs), () => judge.verdict !== undefined);
    status.look();
    alerts.look();
  }
}
