import { AppError, type HandoverClaims, handoverSeconds, reservedPrefix } from '@agentpod/core';
import type { Clock } from '../ports/clock.ts';
import type { GatewayFeed } from '../ports/gateway-feed.ts';
import type { Store } from '../ports/store.ts';

export interface HandoverDeps {
  readonly store: Pick<Store, 'listManaged'>;
  readonly feed: Pick<GatewayFeed, 'signHandover'>;
  readonly clock: Pick<Clock, 'now'>;
  /** Scheme, host and port under which a host is reached. */
  readonly originOf: (host: string) => string;
  /** Base64url, 32 bytes; the gateway has the same from its snapshot. */
  readonly key: string;
  readonly newId: () => string;
}

export interface HandoverRequest {
  /** An agent's host as browsers write it: with the port where it is not the default. */
  readonly host: string;
  readonly nonce: string;
  readonly next: string;
}

/** Carries a person who is logged in at the console over to one agent's host. */
export class Handover {
  readonly #deps: HandoverDeps;

  constructor(deps: HandoverDeps) {
    this.#deps = deps;
  }

  /** Throws `not-found`/`UnknownHost` unless a living agent answers there: this must never redirect anywhere else. */
  async check(request: HandoverRequest): Promise<void> {
    await this.#originOf(request.host);
  }

  /** Where to send the browser: the agent's host, with a code that is good once, there, for 30 s. */
  async redirect(request: HandoverRequest, personId: string): Promise<string> {
    const { feed, clock, key, newId } = this.#deps;
    const origin = await this.#originOf(request.host);
    const iat = Math.floor(clock.now() / 1000);
    const claims: HandoverClaims = {
      sub: personId,
      aud: request.host,
      nonce: request.nonce,
      jti: newId(),
      iat,
      exp: iat + handoverSeconds,
    };
    const query = new URLSearchParams({ code: await feed.signHandover(claims, key), next: localPath(request.next) });
    return `${origin}${reservedPrefix}callback?${query.toString()}`;
  }

  async #originOf(authority: string): Promise<string> {
    const agents = await this.#deps.store.listManaged();
    const origins = agents.filter(({ deletion }) => !deletion).map(({ host }) => this.#deps.originOf(host));
    const origin = origins.find((candidate) => new URL(candidate).host === authority);
    if (origin !== undefined) return origin;
    throw new AppError('not-found', 'UnknownHost', 'no agent answers on this host');
  }
}

/** A path on the same host, or `/`: `//evil.example` and `/\evil.example` are other hosts to a browser. */
function localPath(next: string): string {
  return /^\/(?![/\\])[\x21-\x7e]*$/.test(next) && next.length <= 2048 ? next : '/';
}
