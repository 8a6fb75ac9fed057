import { engineNames, isAlive } from '@agentpod/core';
import { MemoryEngine } from '../testing/memory-engine.ts';
import { MemoryRuntime } from '../testing/memory-runtime.ts';
import type { Dice } from './dice.ts';
import { anEvenTemper, cpuShare, markerOf, type Run, type RunEnd, type Starter, type Temper } from './run.ts';
import type { SimClock } from './sim-clock.ts';

/** Who is told what happens on the machine, at once and in order. */
export interface Bystander {
  started(run: Run, before: Run | undefined): void;
  /** Somebody is about to end a run that goes on. */
  stopping(run: Run, by: Starter): void;
  ended(run: Run): void;
}

/** The engine keeps to its own policy `on-failure:3`. */
const mostEngineRestarts = 3;
/** Event loops are looked at every few seconds. */
const unseenTurningMs = 6000;

type Container = MemoryEngine['containers'] extends ReadonlyMap<string, infer C> ? C : never;
type Ending = Omit<RunEnd, 'atMs' | 'transient'> & { readonly transient?: boolean };

class TellingEngine extends MemoryEngine {
  onChange: (agentId: string) => void = () => undefined;

  override tell(topic: string, detail: unknown): void {
    super.tell(topic, detail);
    if (topic.startsWith('change ')) this.onChange(String(detail));
  }
}

/**
 * The machine that everything runs on: the modelled engine, and processes that live in its containers. What happens to it
 * needs no control plane; everything about it can be seen by the simulation.
 */
export class Machine {
  readonly engine = new TellingEngine();
  readonly clock: SimClock;
  /** Acts on the engine without any of its faults. */
  readonly hands: MemoryRuntime;
  /** The engine does not answer, and runs nothing. */
  isAway = false;
  readonly #dice: Dice;
  readonly #bystander: Bystander;
  /** The newest of each agent; and the present one of each container. */
  readonly #newest = new Map<string, Run>();
  readonly #runs = new Map<string, Run>();
  readonly #tempers = new Map<string, Temper>();
  readonly #answeredAtMs = new Map<string, number>();

  constructor(clock: SimClock, dice: Dice, bystander: Bystander) {
    this.clock = clock;
    this.#dice = dice;
    this.#bystander = bystander;
    this.hands = new MemoryRuntime({ engine: this.engine, now: () => clock.now() });
  }

  temperOf(agentId: string): Temper {
    let temper = this.#tempers.get(agentId);
    if (!temper) {
      temper = anEvenTemper(this.#dice.between(500, 12_000));
      this.#tempers.set(agentId, temper);
    }
    return temper;
  }

  runOf(agentId: string): Run | undefined {
    const run = this.#newest.get(agentId);
    return run?.end ? undefined : run;
  }

  newestRunOf(agentId: string): Run | undefined {
    return this.#newest.get(agentId);
  }

  containersOf(agentId: string): [string, Container][] {
    return [...this.engine.containers].filter(([, container]) => container.agentId === agentId);
  }

  /** The process behind an address, if packets reach it. */
  at(address: string): Run | undefined {
    for (const container of this.engine.containers.values()) {
      if (container.instance.address !== address || container.state !== 'running') continue;
      if (this.engine.networks.get(container.instance.network)?.id !== container.networkId) continue;
      return this.#runs.get(container.id);
    }
    return undefined;
  }

  /** Whether a customer would get an answer now. */
  answers(agentId: string): boolean {
    const run = this.runOf(agentId);
    if (!run || run.phase !== 'up' || run.loop !== 'turning' || this.temperOf(agentId).rpcSilent) return false;
    const container = this.engine.containers.get(run.name);
    return (
      container?.state === 'running' && this.engine.networks.get(container.instance.network)?.id === container.networkId
    );
  }

  /** When a customer would last have got an answer. */
  lastAnswerMs(agentId: string): number {
    if (this.answers(agentId)) this.#answeredAtMs.set(agentId, this.clock.elapsedMs);
    return this.#answeredAtMs.get(agentId) ?? Number.NEGATIVE_INFINITY;
  }

  /** Anything that may end its answering goes through here. */
  change(agentId: string, act: () => void): void {
    this.lastAnswerMs(agentId);
    act();
  }

  cpuMs(name: string): number {
    const container = this.engine.containers.get(name);
    const run = container && this.#runs.get(container.id);
    if (!run) return 0;
    this.#accountCpu(run);
    return run.cpuMs;
  }

  /** A container that was just started begins a life. */
  began(name: string, by: Starter): void {
    const container = this.#container(name);
    const { agentId = '' } = container;
    const now = this.clock.elapsedMs;
    const before = this.#newest.get(agentId);
    const repeated = by === 'engine' && before?.containerId === container.id ? before.meantAtMs : now;
    const run: Run = {
      agentId,
      containerId: container.id,
      name,
      revision: container.instance.revision,
      startedBy: by,
      startedAtMs: now,
      meantAtMs: repeated,
      marker: markerOf(container.instance.shape.env['BOOT'], this.#configOf(agentId)),
      phase: 'booting',
      loop: 'turning',
      silentSinceMs: undefined,
      silence: undefined,
      upSinceMs: undefined,
      end: undefined,
      cpuMs: 0,
      cpuReadAtMs: now,
    };
    this.#runs.set(container.id, run);
    this.#newest.set(agentId, run);
    this.#bystander.started(run, before);
    this.#boot(run);
  }

  /** The process ends by itself; the engine may start it again. */
  crash(run: Run, exitCode: number, { outOfMemory = false, transient = false } = {}): void {
    if (run.end) return;
    if (transient) this.hands.say(run.name, 'another process holds the lease', 'stderr');
    this.#end(run, { by: 'itself', how: 'exit', exitCode, outOfMemory, transient });
    const container = this.#container(run.name);
    if (exitCode === 0 || container.engineRestarts >= mostEngineRestarts) return;
    container.state = 'restarting';
    this.clock.after(100 * 2 ** container.engineRestarts, () => this.#restartByPolicy(container, run.name));
  }

  /** The process is told to end and does, or is ended; the engine does not start it again. */
  end(run: Run, by: Starter, how: 'stop' | 'exit', exitCode: number): void {
    if (!run.end) this.#end(run, { by, how, exitCode, outOfMemory: false });
  }

  /** The container goes, whatever it does. */
  removed(name: string, by: Starter, remove: () => void): void {
    const container = this.engine.containers.get(name);
    const run = container && this.#runs.get(container.id);
    if (run && !run.end) {
      this.#bystander.stopping(run, by);
      this.change(run.agentId, () => this.#note(run, { by, how: 'removal', exitCode: 137, outOfMemory: false }));
    }
    remove();
  }

  /** Tells that the run is about to be stopped from outside. */
  stopping(run: Run, by: Starter): void {
    this.#bystander.stopping(run, by);
  }

  setLoop(run: Run, loop: Run['loop']): void {
    if (run.end) return;
    this.change(run.agentId, () => {
      this.#accountCpu(run);
      const was = run.loop;
      run.loop = loop;
      const now = this.clock.elapsedMs;
      if (loop === 'turning') {
        run.silence = { was, fromMs: run.silentSinceMs ?? now, untilMs: now };
        run.silentSinceMs = undefined;
        return;
      }
      // Nobody may have asked in between: to whoever looks, it is one silence.
      const isGoingOn = run.silence !== undefined && now - run.silence.untilMs < unseenTurningMs;
      run.silentSinceMs ??= isGoingOn ? run.silence?.fromMs : now;
    });
  }

  /** New files lie there; some software takes them at once. */
  reloaded(agentId: string): void {
    const run = this.runOf(agentId);
    if (!run || run.phase !== 'up' || this.#dice.chance(0.5)) return;
    const marker = markerOf(this.#configOf(agentId));
    if (marker === 'exit-78' || marker === 'exit-1') this.#later(run, 200, () => this.crash(run, codeOf(marker)));
  }

  /** Everything stops, and nothing answers for a while. */
  restartEngine(awayMs: number, broken: () => void): void {
    this.isAway = true;
    for (const [name, container] of this.engine.containers) {
      const run = this.#runs.get(container.id);
      const exitCode = this.#dice.pick([0, 137, 143, 255]);
      if (run && !run.end) this.#end(run, { by: 'engine', how: 'stop', exitCode, outOfMemory: false });
      else if (isAlive(container)) this.hands.crash(name, container.exitCode ?? exitCode);
    }
    broken();
    this.clock.after(awayMs, () => {
      this.isAway = false;
      for (const [name, container] of this.engine.containers) {
        if (container.state !== 'exited' || (container.exitCode ?? 0) === 0 || this.#dice.chance(0.7)) continue;
        // What ended with a failure it starts itself, now and then faster than anybody looks.
        this.#start(container, name, 0);
      }
    });
  }

  #boot(run: Run): void {
    const temper = this.temperOf(run.agentId);
    if (run.marker === 'never-starts') return;
    if (run.marker !== 'ok') return this.#later(run, 700, () => this.crash(run, codeOf(run.marker)));
    if (temper.staleLeases > 0) {
      temper.staleLeases -= 1;
      return this.#later(run, 800, () => this.crash(run, 1, { transient: true }));
    }
    this.#later(run, temper.bootMs, () => {
      this.#accountCpu(run);
      run.phase = 'up';
      run.upSinceMs = this.clock.elapsedMs;
      if (!temper.crashes) return;
      this.#later(run, this.#dice.between(50, 8000), () => {
        if (temper.crashes) this.crash(run, temper.crashes.exitCode);
      });
    });
  }

  #later(run: Run, milliseconds: number, act: () => void): void {
    this.clock.after(milliseconds, () => {
      if (run.end) return;
      // A stopped process boots no further.
      if (this.engine.containers.get(run.name)?.state === 'paused') return this.#later(run, 1000, act);
      act();
    });
  }

  #restartByPolicy(container: Container, name: string): void {
    const isThere = this.engine.containers.get(name) === container;
    if (!isThere || container.state !== 'restarting' || this.isAway) return;
    const isAttached = this.engine.networks.get(container.instance.network)?.id === container.networkId;
    if (isAttached) this.#start(container, name, container.engineRestarts + 1);
    else this.hands.crash(name, 127);
  }

  #start(container: Container, name: string, engineRestarts: number): void {
    const startedAt = this.clock.now();
    Object.assign(container, { state: 'running', startedAt, outOfMemory: false, engineRestarts });
    delete container.finishedAt;
    delete container.exitCode;
    this.engine.tell('change memory', container.agentId);
    this.began(name, 'engine');
  }

  #end(run: Run, ending: Ending): void {
    this.change(run.agentId, () => {
      const { exitCode, outOfMemory } = ending;
      this.hands.crash(run.name, exitCode, { outOfMemory });
      this.#note(run, ending);
    });
  }

  #note(run: Run, ending: Ending): void {
    this.#accountCpu(run);
    run.end = { transient: false, ...ending, atMs: this.clock.elapsedMs };
    this.#bystander.ended(run);
  }

  #accountCpu(run: Run): void {
    const now = this.clock.elapsedMs;
    if (!run.end) run.cpuMs += (now - run.cpuReadAtMs) * cpuShare(run);
    run.cpuReadAtMs = now;
  }

  #configOf(agentId: string): string | undefined {
    return this.hands.files(engineNames(agentId).config).get('config')?.content;
  }

  #container(name: string): Container {
    const container = this.engine.containers.get(name);
    if (container) return container;
    throw new Error(`there is no container ${name}`);
  }
}

function codeOf(marker: Run['marker']): number {
  return marker === 'exit-78' ? 78 : 1;
}
