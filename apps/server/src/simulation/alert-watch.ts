import { alertIdOf, type AlertNotice, findCondition, isTrue } from '@agentpod/core';
import type { FakeTransport } from '../testing/fake-transport.ts';
import type { Judge } from './judge.ts';
import type { AgentRecord, Records } from './records.ts';
import type { CountedStart } from './restart-watch.ts';

interface Arrival {
  readonly notice: AlertNotice;
  readonly atMs: number;
}

const second = 1000;
const minute = 60 * second;

/** Judges what the people who are to be told were told. */
export class AlertWatch {
  readonly #records: Records;
  readonly #judge: Judge;
  readonly #operators: FakeTransport;
  readonly #arrivals: Arrival[] = [];
  readonly #nowMs: () => number;
  readonly #deathsMs: readonly number[];

  constructor(deps: {
    records: Records;
    judge: Judge;
    operators: FakeTransport;
    nowMs: () => number;
    deathsMs: readonly number[];
  }) {
    this.#records = deps.records;
    this.#judge = deps.judge;
    this.#operators = deps.operators;
    this.#nowMs = deps.nowMs;
    this.#deathsMs = deps.deathsMs;
  }

  /** Looks at what arrived since the last look. */
  look(): void {
    const atMs = this.#nowMs();
    for (const { notice } of this.#operators.received.slice(this.#arrivals.length)) {
      this.#judgeOrder(notice, atMs);
      this.#arrivals.push({ notice, atMs });
    }
  }

  /** What people believe and is not so; undefined when they know how things are. */
  misbelief(): string | undefined {
    for (const record of this.#records.all()) {
      const wrong = this.#wrongAbout(record);
      if (wrong !== undefined) return wrong;
    }
    const engine = this.#newest('EngineUnreachable', 'host');
    return engine && engine.kind !== 'resolved' ? 'the engine is back, and nobody was told' : undefined;
  }

  /** A failure that nobody ever heard of. */
  unheard(failures: readonly CountedStart[]): string | undefined {
    const lost = failures.find((failure) => !this.#isCovered(failure));
    if (!lost) return undefined;
    const { agentId, at, untilMs } = lost;
    const ref = this.#records.of(agentId)?.ref;
    return `${ref} was started again at ${untilMs} (${new Date(at).toISOString()}), and no alert tells of that`;
  }

  #wrongAbout({ ref, spec, deletion, status }: AgentRecord): string | undefined {
    const conditions = status?.conditions ?? [];
    const isMeant = !spec.suspended && !deletion;
    const isDown = isMeant && isTrue(conditions, 'Stalled') && !isTrue(conditions, 'Ready');
    const isUp = !isMeant || isTrue(conditions, 'Ready');
    const isRejected = isMeant && findCondition(conditions, 'Configured')?.reason === 'ConfigRejected';
    const down = this.#newest('AgentDown', ref);
    const rejected = this.#newest('ConfigRejected', ref);
    if (isDown && (!down || down.kind === 'resolved')) return `${ref} is stalled, and nobody knows`;
    if (isUp && down && down.kind !== 'resolved' && !this.#flaps(down))
      return `people still believe that ${ref} is down`;
    if (isRejected && (!rejected || rejected.kind === 'resolved'))
      return `the configuration of ${ref} was taken back, and nobody knows`;
    return isUp && !isRejected && rejected && rejected.kind !== 'resolved' && !this.#flaps(rejected)
      ? `people still believe that the configuration of ${ref} was taken back`
      : undefined;
  }

  /** It goes up and down so often that people hear of its end only after a long quiet. */
  #flaps(newest: AlertNotice): boolean {
    const hourMs = 60 * minute;
    const since = Date.parse(newest.at) - hourMs;
    const cycles = this.#arrivals.filter(
      ({ notice }) =>
        notice.rule === newest.rule &&
        notice.subject.ref === newest.subject.ref &&
        notice.kind === 'firing' &&
        Date.parse(notice.at) >= since,
    );
    return newest.flapping === true || cycles.length > 4;
  }

  #judgeOrder(notice: AlertNotice, atMs: number): void {
    const { id, kind, rule, subject } = notice;
    const again = this.#arrivals.findLast((arrival) => arrival.notice.id === id);
    if (again) {
      // Delivered and not noted: at least once is what is promised for a process that dies in between.
      if (this.#deathsMs.some((diedMs) => diedMs >= again.atMs - 5 * second && diedMs <= atMs)) return;
      return this.#judge.accuse('no alert is doubled', `${id} came twice`);
    }
    const before = this.#newest(rule, subject.ref);
    const isOpen = before !== undefined && before.kind !== 'resolved';
    const what = `${kind} ${rule} of ${subject.ref} (${id})`;
    if (kind === 'firing' && isOpen) this.#judge.accuse('no alert is doubled', `${what} after ${before.id}`);
    if (kind !== 'firing' && !isOpen) this.#judge.accuse('alerts come in order', `${what}, and nothing was open`);
  }

  #newest(rule: string, ref: string): AlertNotice | undefined {
    return this.#arrivals.findLast(({ notice }) => notice.rule === rule && notice.subject.ref === ref)?.notice;
  }

  #isCovered({ agentId, at }: CountedStart): boolean {
    const ref = this.#records.of(agentId)?.ref;
    const about = this.#arrivals.map(({ notice }) => notice).filter(({ subject }) => subject.ref === ref);
    return about.some((firing) => {
      if (firing.kind === 'resolved' || Date.parse(firing.since) > at + 5 * second) return false;
      const end = about.find((other) => other.kind === 'resolved' && alertIdOf(other) === alertIdOf(firing));
      return end === undefined || Date.parse(end.at) >= at;
    });
  }
}
