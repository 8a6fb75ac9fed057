import { randomBytes } from 'node:crypto';
import type { Agent } from '@agentpod/core';
import { z } from 'zod';
import type { AgentCredentials } from '../ports/agent-driver.ts';
import type { Store } from '../ports/store.ts';
import type { Vault } from '../ports/vault.ts';

const Sealed = z.object({
  virtualKey: z.string(),
  controlUser: z.string(),
  ingressUser: z.string(),
  probeUser: z.string(),
  probeToken: z.string(),
});

/** What each agent is known by, to us and to the gateway. Random, made once, sealed for this agent alone. */
export class Credentials {
  readonly #store: Pick<Store, 'getCredentials'>;
  readonly #vault: Vault;
  /** By agent id. They are made once and never change, and each probe and each look asks for them. */
  readonly #opened = new Map<string, AgentCredentials>();

  constructor(store: Pick<Store, 'getCredentials'>, vault: Vault) {
    this.#store = store;
    this.#vault = vault;
  }

  /** New ones, sealed; they open for this agent only. */
  create(agentId: string, tenant: string): string {
    const credentials: AgentCredentials = {
      virtualKey: `apk_${random(32)}`,
      controlUser: `agentpod-${random(24)}`,
      ingressUser: ingressUserOf(tenant),
      probeUser: `probe-${random(24)}`,
      probeToken: random(32),
    };
    return this.#vault.seal(JSON.stringify(credentials), contextOf(agentId));
  }

  async of({ id }: Pick<Agent, 'id'>): Promise<AgentCredentials> {
    const known = this.#opened.get(id);
    if (known) return known;
    const sealed = await this.#store.getCredentials(id);
    const credentials = Sealed.parse(JSON.parse(this.#vault.open(sealed, contextOf(id))));
    this.#opened.set(id, credentials);
    return credentials;
  }

  /** Its agent is gone. */
  forget(agentId: string): void {
    this.#opened.delete(agentId);
  }
}

/** Who people are to their agent. */
export function ingressUserOf(tenant: string): string {
  return `owner@${tenant}`;
}

/** The ones worth hiding; `ingressUser` is a name that everybody may know. */
export function secretsIn(credentials: AgentCredentials): readonly string[] {
  return [credentials.virtualKey, credentials.controlUser, credentials.probeUser, credentials.probeToken];
}

/** Text from an agent, without what only the control plane may know. */
export function redact(text: string, secrets: readonly string[]): string {
  return secrets.reduce((clean, secret) => clean.replaceAll(secret, '[redacted]'), text);
}

function contextOf(agentId: string): string {
  return `${agentId}|credentials`;
}

function random(bytes: number): string {
  return randomBytes(bytes).toString('base64url');
}
