import {
  type Agent,
  type AgentType,
  channelFinding,
  channelTroubles,
  type EngineView,
  type Finding,
  type Health,
  type LoopView,
  type ObservedInstance,
  plainText,
  type RouteView,
  type Target,
} from '@agentpod/core';
import type { AgentCredentials, AgentDriver } from '../../ports/agent-driver.ts';
import type { AgentProbe } from '../../ports/agent-probe.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CertificateView } from '../../ports/ingress.ts';
import type { InstanceUsage } from '../../ports/runtime.ts';
import { redact, secretsIn } from '../credentials.ts';
import { untilBeat } from './beat.ts';
import { Conversation } from './conversation.ts';
import { LoopWatch } from './loop-watch.ts';

interface Described {
  readonly type: AgentType;
  readonly driver: AgentDriver;
  readonly credentials: AgentCredentials;
}

export interface ProberDeps {
  readonly probe: AgentProbe;
  readonly clock: Clock;
  /** From 0 to below 1; spreads the looks at quiet agents. */
  readonly random: () => number;
  readonly describe: (agent: Agent) => Promise<Described>;
  readonly usage: (instance: string, signal: AbortSignal) => Promise<InstanceUsage>;
  /** Whether the ingress runs what we last wrote, and why not. */
  readonly ingressLive: (
    agentId: string,
    signal: AbortSignal,
  ) => Promise<{ live: boolean; detail: string | undefined }>;
  readonly certificate: (host: string, signal: AbortSignal) => Promise<CertificateView>;
  /** Where a customer's request enters this machine, never over loopback. */
  readonly entrance: () => Promise<{ origin: (host: string) => string; address: string; port: number }>;
  /** Something was seen that was not so before. */
  readonly changed: (agentId: string) => void;
  /** How many agents are asked at the same time, by rounds; looks at event loops are not counted. */
  readonly concurrency: number;
}

/** When an agent last showed that it lives; milliseconds since 1970, undefined when that was not seen yet. */
export interface LifeSigns {
  /** Its last answer over its authenticated interface. */
  readonly heartbeatAt: number | undefined;
  /** The newest message that it took or sent, as far as its type can tell. */
  readonly lastActivityAt: number | undefined;
}

interface Subject {
  agent: Agent;
  instance: ObservedInstance | undefined;
  health: Health | undefined;
  route: RouteView | undefined;
  aside: readonly Finding[];
  /** Since when each channel has not been connected. */
  channelTroubles: ReadonlyMap<string, number>;
  heartbeatAt: number | undefined;
  lastActivityAt: number | undefined;
  conversation: Conversation | undefined;
  loop: LoopWatch | undefined;
  lookedSince: number;
  /** When its host was last asked through the ingress, whatever came of it. */
  routeAskedAt: number;
  /** In a row: one slow answer is no news. */
  misses: { rpc: number; route: number };
  cancel: () => void;
}

const impatientMs = 1000;
const quietMs = 15_000;
/** Every request through the ingress is a connection of its own, over TLS. */
const quietRouteMs = 60_000;
const probeTimeoutMs = 10_000;
/** So many failed rounds in a row, and what was well is not any more. */
const missesThatCount = 2;

/**
 * Looks at running agents beside the controller, which is never kept waiting: every second while something is not yet
 * as it should be, every 15 s after that, through the ingress every minute, and at their event loops every few seconds.
 * Holds only what was seen; nothing here decides.
 */
export class Prober {
  readonly #deps: ProberDeps;
  readonly #subjects = new Map<string, Subject>();
  readonly #stop = new AbortController();
  #running = 0;

  constructor(deps: ProberDeps) {
    this.#deps = deps;
  }

  lastSeen(agentId: string): {
    health: Health | undefined;
    route: RouteView | undefined;
    aside: readonly Finding[];
  } {
    const subject = this.#subjects.get(agentId);
    return { health: subject?.health, route: subject?.route, aside: subject?.aside ?? [] };
  }

  lifeSigns(agentId: string): LifeSigns {
    const { heartbeatAt, lastActivityAt } = this.#subjects.get(agentId) ?? {};
    return { heartbeatAt, lastActivityAt };
  }

  /** Called by the controller whenever it looked: a new instance is probed at once. */
  look(agent: Agent, engine: EngineView, target: Target | undefined): void {
    if (this.#stop.signal.aborted) return;
    if (agent.deletion) return this.forget(agent.id);
    const up = engine.instances.filter(({ state }) => state === 'running');
    // One that is about to be replaced goes on serving until then.
    const instance = up.find(({ revision }) => revision === target?.instanceRevision) ?? up[0];
    const known = this.#subjects.get(agent.id);
    const same = known?.instance?.id === instance?.id && known?.instance?.startedAt === instance?.startedAt;
    if (known && same && known.agent.generation === agent.generation) {
      known.agent = agent;
      return;
    }
    if (known) end(known);
    const subject: Subject = {
      agent,
      instance,
      health: same ? known?.health : undefined,
      // What the ingress does is not changed by another container, only whether the agent answers through it.
      route: known?.route && { ...known.route, answers: same ? known.route.answers : 'unknown' },
      aside: same && known ? known.aside : [],
      channelTroubles: same && known ? known.channelTroubles : new Map(),
      heartbeatAt: known?.heartbeatAt,
      lastActivityAt: known?.lastActivityAt,
      conversation: undefined,
      loop: undefined,
      lookedSince: this.#deps.clock.now(),
      routeAskedAt: Number.NEGATIVE_INFINITY,
      misses: { rpc: 0, route: 0 },
      cancel: () => undefined,
    };
    this.#subjects.set(agent.id, subject);
    this.#schedule(subject, 0);
  }

  forget(agentId: string): void {
    const subject = this.#subjects.get(agentId);
    if (subject) end(subject);
    this.#subjects.delete(agentId);
  }

  stop(): void {
    this.#stop.abort();
    for (const subject of this.#subjects.values()) end(subject);
    this.#subjects.clear();
  }

  #schedule(subject: Subject, afterMs: number): void {
    subject.cancel = this.#deps.clock.after(afterMs, () => {
      if (this.#running >= this.#deps.concurrency) return this.#schedule(subject, 200);
      this.#running += 1;
      void this.#round(subject).finally(() => {
        this.#running -= 1;
      });
    });
  }

  async #round(subject: Subject): Promise<void> {
    const before = shown(subject);
    const described = await this.#deps.describe(subject.agent);
    const secrets = secretsIn(described.credentials);
    try {
      const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(probeTimeoutMs)]);
      const health = await this.#health(subject, described, signal);
      const route = await this.#route(subject, { health, described }, signal);
      // A newer subject took over while we looked: what we saw is about an instance that is no more.
      if (!this.#isCurrent(subject)) return;
      const { loop } = subject.health ?? {};
      subject.health = health && { ...health, detail: harmless(health.detail, secrets), ...(loop ? { loop } : {}) };
      subject.route = { ...route, detail: harmless(route.detail, secrets) };
      subject.aside = subject.aside.map((one) => ({ ...one, message: redact(one.message, secrets) }));
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      const detail = error instanceof Error ? error.message : String(error);
      subject.route = { live: false, answers: 'unknown', certificate: 'waiting', detail };
    }
    if (!this.#isCurrent(subject)) return;
    if (shown(subject) !== before) this.#deps.changed(subject.agent.id);
    this.#schedule(subject, this.#pauseMs(subject));
  }

  #pauseMs(subject: Subject): number {
    if (!settled(subject)) return impatientMs;
    return untilBeat(this.#deps.clock.now(), quietMs * (0.9 + 0.2 * this.#deps.random()));
  }

  async #health(
    subject: Subject,
    { type, driver, credentials }: Described,
    signal: AbortSignal,
  ): Promise<Health | undefined> {
    const { agent, instance } = subject;
    if (!instance || !agent.block) return undefined;
    // A clock that was set back must not put it into the future: deadlines would move with it.
    const lookedSince = (subject.lookedSince = Math.min(subject.lookedSince, this.#deps.clock.now()));
    const seen = { instanceId: instance.id, startedAt: instance.startedAt, lookedSince };
    const { address } = agent.block;
    const { port } = type;
    // An agent starts once: from then on its event loop and its own words tell how it is.
    if (subject.health?.started !== 'yes' && !hadStarted(subject)) {
      const started = await this.#deps.probe.started({ address, port, probe: type.probes.started }, signal);
      if (!started.ok) return { ...seen, started: 'no', rpc: 'unknown', detail: started.detail };
    }
    if (!this.#isCurrent(subject)) return undefined;
    this.#watchLoop(subject, type, instance, address);
    subject.conversation ??= new Conversation(driver, { address, port, credentials, type }, this.#deps.clock);
    const reply = await subject.conversation.ask(signal);
    const now = this.#deps.clock.now();
    if ('report' in reply) {
      const { healthy, channels, lastActivityAt } = reply.report;
      subject.heartbeatAt = now;
      subject.lastActivityAt = lastActivityAt ?? subject.lastActivityAt;
      subject.channelTroubles = channelTroubles(channels, subject.channelTroubles, now);
      const channel = channelFinding(channels, subject.channelTroubles, now);
      if (channel) subject.aside = [channel];
      if (healthy.ok) {
        subject.misses.rpc = 0;
        return { ...seen, started: 'yes', rpc: 'yes', detail: undefined };
      }
    }
    subject.misses.rpc += 1;
    const detail = 'silent' in reply ? reply.silent : reply.report.healthy.detail;
    const wasWell = subject.health?.rpc === 'yes';
    if (wasWell && subject.misses.rpc < missesThatCount) return subject.health;
    return { ...seen, started: 'yes', rpc: 'no', detail };
  }

  #watchLoop(subject: Subject, type: AgentType, instance: ObservedInstance, address: string): void {
    const { loop: probe } = type.probes;
    if (!probe || subject.loop) return;
    const { clock, random } = this.#deps;
    subject.loop = new LoopWatch({
      probe,
      clock,
      random,
      ask: async () => (await this.#deps.probe.started({ address, port: type.port, probe }, this.#stop.signal)).ok,
      cpuMs: async () => {
        try {
          return (await this.#deps.usage(instance.name, this.#stop.signal)).cpuMs;
        } catch {
          // Unknown is not idle: who judges is patient then.
          return undefined;
        }
      },
      seen: (view) => this.#sawLoop(subject, probe.misses, view),
    });
  }

  #sawLoop(subject: Subject, misses: number, loop: LoopView): void {
    if (!subject.health || !this.#isCurrent(subject)) return;
    const wasSilent = (subject.health.loop?.misses ?? 0) >= misses;
    subject.health = { ...subject.health, loop };
    if (wasSilent || loop.misses >= misses) this.#deps.changed(subject.agent.id);
  }

  async #route(
    subject: Subject,
    seen: { readonly health: Health | undefined; readonly described: Described },
    signal: AbortSignal,
  ): Promise<RouteView> {
    const { agent } = subject;
    const { live, detail } = await this.#deps.ingressLive(agent.id, signal);
    if (!live) return { live, answers: 'unknown', certificate: 'waiting', detail };
    const { state: certificate, detail: why } = await this.#deps.certificate(agent.host, signal);
    const usable = certificate === 'not-needed' || certificate === 'issued';
    if (!usable || seen.health?.rpc !== 'yes') return { live, answers: 'unknown', certificate, detail: why };
    if (this.#routeStands(subject)) return { live, answers: 'yes', certificate, detail: why };
    subject.routeAskedAt = this.#deps.clock.now();
    const { driver, credentials } = seen.described;
    const { origin, address, port } = await this.#deps.entrance();
    const hello = await driver.checkRoute(
      {
        url: origin(agent.host),
        connectTo: { address, port },
        headers: { authorization: `Bearer ${credentials.probeToken}` },
      },
      signal,
    );
    subject.misses.route = hello.ok ? 0 : subject.misses.route + 1;
    if (subject.route?.answers === 'yes' && subject.misses.route > 0 && subject.misses.route < missesThatCount) {
      return subject.route;
    }
    return { live, answers: hello.ok ? 'yes' : 'no', certificate, detail: hello.ok ? why : hello.detail };
  }

  /** It answered through the ingress not long ago, and nothing was seen since that speaks against it. */
  #routeStands({ route, misses, routeAskedAt }: Subject): boolean {
    if (route?.answers !== 'yes' || misses.route > 0) return false;
    const age = this.#deps.clock.now() - routeAskedAt;
    return age >= 0 && age < quietRouteMs;
  }

  #isCurrent(subject: Subject): boolean {
    return !this.#stop.signal.aborted && this.#subjects.get(subject.agent.id) === subject;
  }
}

function end(subject: Subject): void {
  subject.cancel();
  subject.conversation?.close();
  subject.loop?.stop();
}

/** Seen before we were restarted ourselves: it is not asked for its start again, which it may be too busy to tell. */
function hadStarted({ agent, instance }: Subject): boolean {
  const { run } = agent.recorded;
  return run?.started === true && run.instanceId === instance?.id && run.startedAt === instance.startedAt;
}

/** The agent chooses many of these words, and it knows its own credentials. */
function harmless(detail: string | undefined, secrets: readonly string[]): string | undefined {
  return detail === undefined ? undefined : redact(plainText(detail, longestDetail), secrets);
}

const longestDetail = 500;

function shown({ health, route, aside }: Subject): string {
  return JSON.stringify([health && { ...health, loop: undefined }, route, aside]);
}

/** Nothing to wait for: it answers, or it is not running and its route is in place. */
function settled({ instance, health, route, misses }: Subject): boolean {
  if (!route?.live || misses.rpc > 0 || misses.route > 0) return false;
  return instance === undefined || (health?.rpc === 'yes' && route.answers === 'yes');
}
