import { type Agent, type AgentType, handleOf } from '@agentpod/core';
import type { Clock } from '../ports/clock.ts';
import type { Host } from '../ports/host.ts';
import type { AgentRoute, Ingress } from '../ports/ingress.ts';
import type { Store } from '../ports/store.ts';

export interface IngressSyncDeps {
  readonly store: Store;
  readonly ingress: Ingress;
  readonly host: Host;
  readonly clock: Clock;
  readonly typeOf: (name: string) => AgentType;
  readonly consoleHost: string;
  /** Whether hosts get a certificate of their own, which first needs their name to point here. */
  readonly certifies: boolean;
  /** Addresses under which the world knows this machine, beside its own interfaces (NAT). */
  readonly publicAddresses: readonly string[];
}

/** All agents ask, and the proxy answers for all of them at once. */
const seenLiveStandsMs = 5000;

/**
 * Keeps the proxy's routes equal to what the store wants. The whole state is applied each time: a route that nobody
 * wants any more cannot be forgotten.
 */
export class IngressSync {
  readonly #deps: IngressSyncDeps;
  #applied: { revision: string; agents: ReadonlySet<string> } | undefined;
  #seenLive: { revision: string; at: number } | undefined;
  readonly #obstacles = new Map<string, string>();

  constructor(deps: IngressSyncDeps) {
    this.#deps = deps;
  }

  async sync(): Promise<void> {
    const { store, ingress, consoleHost } = this.#deps;
    const agents = (await store.listManaged()).filter(({ deletion, block }) => !deletion && block !== undefined);
    const routes = await Promise.all(agents.map((agent) => this.#routeOf(agent)));
    const revision = await ingress.apply({
      consoleHost,
      consoleMayCertify: await this.#mayCertify(consoleHost),
      routes: routes.filter((route) => route !== undefined),
    });
    this.#applied = { revision, agents: new Set(agents.map(({ id }) => id)) };
  }

  /** What was written last; `undefined` before the first time. */
  get appliedRevision(): string | undefined {
    return this.#applied?.revision;
  }

  async live(agentId: string, signal: AbortSignal): Promise<{ live: boolean; detail: string | undefined }> {
    if (!this.#applied?.agents.has(agentId)) return { live: false, detail: 'The route is not written yet' };
    if (this.#stillLive(this.#applied.revision)) return { live: true, detail: undefined };
    const running = await this.#deps.ingress.liveRevision(signal);
    if (running === undefined) return { live: false, detail: 'Traefik does not answer' };
    if (running !== this.#applied.revision) return { live: false, detail: 'Traefik has not taken over the route yet' };
    this.#seenLive = { revision: running, at: this.#deps.clock.now() };
    return { live: true, detail: undefined };
  }

  /** Only the good news stands for a while: who waits for a route is told as soon as it is there. */
  #stillLive(revision: string): boolean {
    if (this.#seenLive?.revision !== revision) return false;
    const age = this.#deps.clock.now() - this.#seenLive.at;
    return age >= 0 && age < seenLiveStandsMs;
  }

  /** Why no certificate may be asked for, one sentence. */
  obstacle(host: string): string | undefined {
    return this.#obstacles.get(host);
  }

  async #routeOf(agent: Agent): Promise<AgentRoute | undefined> {
    if (!agent.block) return undefined;
    const type = this.#deps.typeOf(agent.spec.type);
    return {
      agentId: agent.id,
      name: handleOf(agent.id),
      host: agent.host,
      upstream: { address: agent.block.address, port: type.port },
      requestHeaders: type.requestHeaders,
      closedPaths: type.closedPaths,
      mayCertify: await this.#mayCertify(agent.host),
    };
  }

  /** A certificate authority locks out hosts after five failed orders an hour: look first whether it can succeed. */
  async #mayCertify(host: string): Promise<boolean> {
    if (!this.#deps.certifies) return false;
    const resolved = await this.#deps.host.resolve(host);
    const ours = new Set([...(await this.#deps.host.localAddresses()), ...this.#deps.publicAddresses]);
    const strangers = resolved.filter((address) => !ours.has(address));
    if (resolved.length > 0 && strangers.length === 0) {
      this.#obstacles.delete(host);
      return true;
    }
    this.#obstacles.set(
      host,
      resolved.length === 0
        ? `${host} does not resolve: create a DNS record that points to this machine`
        : `${host} resolves to ${strangers.join(', ')}, which is not this machine: correct the DNS record, ` +
            'or set AGENTPOD_PUBLIC_ADDRESSES if this machine is behind NAT',
    );
    return false;
  }
}
