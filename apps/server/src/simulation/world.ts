import { AppError, engineNames } from '@agentpod/core';
import { SqliteAlerts } from '../adapters/sqlite/sqlite-alerts.ts';
import type { AlertStore } from '../ports/alert-store.ts';
import type { RuntimeEngine } from '../ports/runtime.ts';
import type { Store } from '../ports/store.ts';
import type { Vault } from '../ports/vault.ts';
import { FakeTransport } from '../testing/fake-transport.ts';
import { AlertWatch } from './alert-watch.ts';
import { ControlPlane, type ControlPlaneDeps } from './control-plane.ts';
import { DataWatch } from './data-watch.ts';
import { Dice } from './dice.ts';
import { EventStreams } from './event-streams.ts';
import { Judge } from './judge.ts';
import { Machine } from './machine.ts';
import { ModelledAgents } from './modelled-agent.ts';
import { ModelledRuntime } from './modelled-runtime.ts';
import { type Fate, Mortal } from './mortal.ts';
import { Records } from './records.ts';
import { RestartWatch } from './restart-watch.ts';
import type { Run } from './run.ts';
import { SimClock } from './sim-clock.ts';
import { StatusWatch } from './status-watch.ts';
import type { Stage } from './stage.ts';
import { goodManners } from './troubles.ts';
import { Weather } from './weather.ts';

/** A mistake put between the control plane and its world, to see whether the simulation notices. */
export interface Mistake {
  readonly store?: (store: Store) => Store;
  readonly alerts?: (alerts: AlertStore) => AlertStore;
  readonly runtime?: (runtime: RuntimeEngine) => RuntimeEngine;
  readonly lastSeen?: ControlPlaneDeps['lastSeen'];
}

export interface WorldOptions {
  readonly seed: number;
  readonly stage: Stage;
  readonly mistake?: Mistake | undefined;
  /** Hears everything that happens, for a person who reads along. */
  readonly trace?: ((line: string) => void) | undefined;
}

export const image = 'agentpod/openclaw:2026.9.6';
const operators = 'ops';

/** Everything there is in one simulation: the machine, what is stored, and whoever is the control plane just now. */
export class World {
  readonly clock = new SimClock();
  readonly dice: Dice;
  readonly manners = goodManners();
  readonly weather = new Weather(this.clock);
  readonly records = new Records(this.clock);
  readonly judge: Judge;
  readonly machine: Machine;
  readonly restarts: RestartWatch;
  readonly status: StatusWatch;
  readonly alerts: AlertWatch;
  readonly operators = new FakeTransport(operators);
  /** When a control plane died. */
  readonly deathsMs: number[] = [];
  readonly #events: EventStreams;
  readonly #agents: ModelledAgents;
  readonly #data: DataWatch;
  readonly #store: Store;
  readonly #alertStore: AlertStore;
  readonly #vault: Vault;
  readonly #options: WorldOptions;
  #plane: { mortal: Mortal; runtime: ModelledRuntime; services: ControlPlane } | undefined;
  #watchedUntil: number | undefined;
  #ids = 0;

  constructor(options: WorldOptions) {
    const { seed, stage, mistake } = options;
    this.#options = options;
    this.dice = new Dice(seed);
    this.judge = new Judge(({ invariant, message }) => this.say(`VIOLATION of "${invariant}": ${message}`));
    this.restarts = new RestartWatch(this.records, this.weather, this.judge);
    this.machine = new Machine(this.clock, this.dice.for('machine'), {
      started: (run, before) => {
        this.say(`engine   ${run.name} runs (started by ${run.startedBy}${markOf(run)})`);
        this.restarts.started(run, before);
      },
      stopping: (run, by) => {
        this.restarts.stopping(run, by);
        if (by === 'agentpod') this.status.stopped(run.agentId);
      },
      ended: ({ name, end }) => this.say(`engine   ${name} ended: ${end?.how} by ${end?.by}, code ${end?.exitCode}`),
    });
    this.restarts.watch(this.machine);
    const { records, judge, machine, weather } = this;
    this.status = new StatusWatch({ records, judge, machine, weather });
    this.alerts = new AlertWatch({
      records,
      judge,
      operators: this.operators,
      nowMs: () => this.clock.elapsedMs,
      deathsMs: this.deathsMs,
    });
    this.#data = new DataWatch(records, judge, machine);
    this.records.onStatus = (record, status) => this.status.saving(record, status);
    this.records.onAsked = ({ id }) => this.restarts.forgive(id);
    this.machine.engine.images.set(image, 'sha256:1');
    this.#events = new EventStreams(this.clock, this.dice.for('events'), this.manners);
    this.machine.engine.onChange = (agentId) => this.#events.tell(agentId);
    this.#agents = new ModelledAgents(this.machine, (host) => this.records.byHost(host)?.id);
    const store = this.records.readingAlong(stage.store);
    this.#store = mistake?.store?.(store) ?? store;
    const alerts = new SqliteAlerts(stage.database);
    this.#alertStore = mistake?.alerts?.(alerts) ?? alerts;
    this.#vault = stage.vault;
  }

  say(what: string): void {
    const { trace } = this.#options;
    if (trace) trace(`${(this.clock.elapsedMs / 1000).toFixed(3).padStart(9)}  ${what}`);
  }

  refOf(agentId: string): string {
    return this.records.of(agentId)?.ref ?? agentId;
  }

  /** The services of the process that lives, for people who ask something of it. */
  get plane(): ControlPlane | undefined {
    return this.#plane?.mortal.isDead === false ? this.#plane.services : undefined;
  }

  newId(): string {
    this.#ids += 1;
    const hex = this.#ids.toString(16).padStart(12, '0');
    return `019b0000-0000-7000-8000-${hex}`;
  }

  async begin(): Promise<void> {
    this.startPlane(undefined);
    await this.plane?.alerting.transports.put(operators, {
      kind: operators,
      settings: { to: operators },
      secrets: { password: 'none' },
    });
  }

  startPlane(fate: Fate | undefined): void {
    if (this.plane) return;
    const mortal = new Mortal(fate, () => {
      this.say('server   killed');
      this.weather.controlPlaneDied();
      this.deathsMs.push(this.clock.elapsedMs);
      runtime.isAbandoned = true;
    });
    const life = this.dice.for(`plane ${this.deathsMs.length}`);
    const runtime = new ModelledRuntime({
      machine: this.machine,
      dice: life.for('runtime'),
      manners: this.manners,
      events: this.#events,
      acted: (method, about) => {
        if (!isReading.has(method)) this.say(`call     ${method} ${about}`);
      },
      observed: (agentId, view) => {
        this.status.observed(agentId, view);
        this.restarts.observed(view);
      },
      volumes: this.#data,
    });
    const { mistake } = this.#options;
    const services = new ControlPlane({
      mortal,
      runtime: mistake?.runtime?.(runtime) ?? runtime,
      store: this.#store,
      alerts: this.#alertStore,
      transports: [this.operators],
      vault: this.#vault,
      clock: this.clock,
      dice: life.for('services'),
      agents: this.#agents,
      unwatched: this.#watchedUntil === undefined ? undefined : { from: this.#watchedUntil, until: this.clock.now() },
      newId: () => this.newId(),
      beat: () => {
        this.#watchedUntil = this.clock.now();
      },
      onError: (what, error) => this.#complained(what, error),
      onStatus: (agentId, ready) => this.say(`status   ${this.refOf(agentId)} ${ready}`),
      lastSeen: mistake?.lastSeen ?? ((seen) => seen),
    });
    this.#plane = { mortal, runtime, services };
    this.say('server   starts');
    this.weather.controlPlaneStarted();
    services.start();
  }

  killPlane(): void {
    this.#plane?.mortal.die();
  }

  pardon(): void {
    this.#plane?.mortal.pardon();
  }

  /** It is told to end, takes its time, and is gone. */
  async stopPlane(): Promise<void> {
    const { mortal, services } = this.#plane ?? {};
    if (!mortal || mortal.isDead) return;
    this.say('server   told to stop');
    await services?.stop();
    mortal.die();
  }

  restartEngine(awayMs: number): void {
    if (this.machine.isAway) return;
    this.weather.engineTroubled(awayMs);
    this.machine.restartEngine(awayMs, () => this.breakEvents(awayMs));
  }

  breakEvents(forMs: number): void {
    this.weather.engineTroubled(forMs);
    this.#events.break(new AppError('unavailable', 'EngineUnreachable', 'the connection to the engine broke'));
  }

  jump(milliseconds: number): void {
    this.clock.jump(milliseconds);
    this.weather.jumped();
    this.restarts.forgive();
  }

  /** A stranger with the rights of root. */
  takeGround(agentId: string, what: 'network' | 'state' | 'config'): void {
    const names = engineNames(agentId);
    this.weather.groundTaken(agentId);
    this.machine.change(agentId, () => {
      const { networks, volumes } = this.machine.engine;
      if (what === 'network') networks.delete(names.network);
      else volumes.delete(names[what]);
      this.machine.engine.tell('change memory', agentId);
    });
  }

  #complained(what: string, error: AppError): void {
    this.say(`error    ${what}: ${error.reason}: ${error.message}`);
    if (error.kind !== 'bug') return;
    this.judge.accuse('no mistakes of ours', `${what}: ${error.stack ?? error.message}`);
  }
}

const isReading: ReadonlySet<string> = new Set([
  'info',
  'observe',
  'owners',
  'foreignSubnets',
  'imageId',
  'usage',
  'volumeSizes',
  'logs',
  'ensureGatewayNetwork',
]);

function markOf({ marker }: Run): string {
  return marker === 'ok' ? '' : `, its configuration makes it ${marker}`;
}
