import type { Agent, AgentType, EngineView, Health, ObservedInstance, RouteView, Target } from '@agentpod/core';
import type { AgentCredentials, AgentDriver } from '../ports/agent-driver.ts';
import type { AgentProbe } from '../ports/agent-probe.ts';
import type { Clock } from '../ports/clock.ts';
import type { CertificateView } from '../ports/ingress.ts';

export interface ProberDeps {
  readonly probe: AgentProbe;
  readonly clock: Clock;
  /** From 0 to below 1; spreads the looks at quiet agents. */
  readonly random: () => number;
  readonly describe: (agent: Agent) => Promise<{ type: AgentType; driver: AgentDriver; credentials: AgentCredentials }>;
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
  readonly concurrency: number;
}

interface Subject {
  agent: Agent;
  instance: ObservedInstance | undefined;
  health: Health | undefined;
  route: RouteView | undefined;
  cancel: () => void;
  busy: boolean;
}

const impatientMs = 1000;
const quietMs = 30_000;
const probeTimeoutMs = 8000;

/**
 * Looks at running agents beside the controller, which is never kept waiting: every second while something is not yet
 * as it should be, every 30 s after that. Holds only what was seen; nothing here decides.
 */
export class Prober {
  readonly #deps: ProberDeps;
  readonly #subjects = new Map<string, Subject>();
  readonly #stop = new AbortController();
  #running = 0;

  constructor(deps: ProberDeps) {
    this.#deps = deps;
  }

  lastSeen(agentId: string): { health: Health | undefined; route: RouteView | undefined } {
    const subject = this.#subjects.get(agentId);
    return { health: subject?.health, route: subject?.route };
  }

  /** Called by the controller whenever it looked: a new instance is probed at once. */
  look(agent: Agent, engine: EngineView, target: Target | undefined): void {
    if (this.#stop.signal.aborted) return;
    if (agent.deletion) return this.forget(agent.id);
    const instance = engine.instances.find(
      ({ revision, state }) => state === 'running' && revision === target?.instanceRevision,
    );
    const known = this.#subjects.get(agent.id);
    const same = known?.instance?.id === instance?.id && known?.instance?.startedAt === instance?.startedAt;
    if (known && same && known.agent.generation === agent.generation) {
      known.agent = agent;
      return;
    }
    known?.cancel();
    const subject: Subject = {
      agent,
      instance,
      health: same ? known?.health : undefined,
      // What the ingress does is not changed by another container, only whether the agent answers through it.
      route: known?.route && { ...known.route, answers: same ? known.route.answers : 'unknown' },
      cancel: () => undefined,
      busy: false,
    };
    this.#subjects.set(agent.id, subject);
    this.#schedule(subject, 0);
  }

  forget(agentId: string): void {
    this.#subjects.get(agentId)?.cancel();
    this.#subjects.delete(agentId);
  }

  stop(): void {
    this.#stop.abort();
    for (const subject of this.#subjects.values()) subject.cancel();
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
    const before = JSON.stringify([subject.health, subject.route]);
    try {
      const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(probeTimeoutMs)]);
      const health = await this.#health(subject, signal);
      const route = await this.#route(subject, health, signal);
      // A newer subject took over while we looked: what we saw is about an instance that is no more.
      if (this.#subjects.get(subject.agent.id) !== subject) return;
      subject.health = health;
      subject.route = route;
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      const detail = error instanceof Error ? error.message : String(error);
      subject.route = { live: false, answers: 'unknown', certificate: 'waiting', detail };
    }
    if (this.#stop.signal.aborted || this.#subjects.get(subject.agent.id) !== subject) return;
    if (JSON.stringify([subject.health, subject.route]) !== before) this.#deps.changed(subject.agent.id);
    this.#schedule(subject, settled(subject) ? quietMs * (0.9 + 0.2 * this.#deps.random()) : impatientMs);
  }

  async #health({ agent, instance }: Subject, signal: AbortSignal): Promise<Health | undefined> {
    if (!instance || !agent.block) return undefined;
    const seen = { instanceId: instance.id, startedAt: instance.startedAt };
    const { type, driver, credentials } = await this.#deps.describe(agent);
    const { address } = agent.block;
    const { port } = type;
    const started = await this.#deps.probe.started({ address, port, probe: type.probes.started }, signal);
    if (!started.ok) return { ...seen, started: 'no', rpc: 'unknown', detail: started.detail };
    const rpc = await driver.checkRpc({ address, port, credentials, type }, signal);
    return { ...seen, started: 'yes', rpc: rpc.ok ? 'yes' : 'no', detail: rpc.detail };
  }

  async #route({ agent }: Subject, health: Health | undefined, signal: AbortSignal): Promise<RouteView> {
    const { live, detail } = await this.#deps.ingressLive(agent.id, signal);
    if (!live) return { live, answers: 'unknown', certificate: 'waiting', detail };
    const { state: certificate, detail: why } = await this.#deps.certificate(agent.host, signal);
    const usable = certificate === 'not-needed' || certificate === 'issued';
    if (!usable || health?.rpc !== 'yes') return { live, answers: 'unknown', certificate, detail: why };
    const { driver, credentials } = await this.#deps.describe(agent);
    const { origin, address, port } = await this.#deps.entrance();
    const hello = await driver.checkRoute(
      {
        url: origin(agent.host),
        connectTo: { address, port },
        headers: { authorization: `Bearer ${credentials.probeToken}` },
      },
      signal,
    );
    return { live, answers: hello.ok ? 'yes' : 'no', certificate, detail: hello.ok ? why : hello.detail };
  }
}

/** Nothing to wait for: it answers, or it is not running and its route is in place. */
function settled({ instance, health, route }: Subject): boolean {
  if (!route?.live) return false;
  return instance === undefined || (health?.rpc === 'yes' && route.answers === 'yes');
}
