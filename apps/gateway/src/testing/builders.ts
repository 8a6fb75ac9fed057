import { randomBytes } from 'node:crypto';
import type { GatewaySnapshot } from '@agentpod/core';
import { sha256 } from '../digest.ts';
import type { Agent } from '../snapshot/snapshot.ts';

/** Values for tests: valid, complete and dull. A test names only what it is about. */

export function aKey(): string {
  return randomBytes(32).toString('base64url');
}

/** `acme` at `acme.localhost`, calling from 127.0.0.2 with the key `apk_acme`. */
export function anAgent(differences: Partial<Agent> = {}): Agent {
  const ref = differences.ref ?? 'acme';
  return {
    id: `id-of-${ref}`,
    ref,
    hosts: [`${ref}.localhost`],
    address: '127.0.0.2',
    state: 'running',
    user: `owner@${ref}`,
    probeTokenHash: sha256(`probe-token-of-${ref}`),
    probeUser: `probe-of-${ref}`,
    virtualKeyHash: sha256(`apk_${ref}`),
    model: { provider: 'demo', dialect: 'openai', name: 'canned-reply' },
    ...differences,
  };
}

export function aSnapshot(differences: Partial<GatewaySnapshot> = {}): GatewaySnapshot {
  return {
    formatVersion: 1,
    revision: 1,
    consoleUrl: 'http://console.localhost',
    secure: false,
    sessionKey: aKey(),
    handoverKey: aKey(),
    agents: [anAgent()],
    users: [{ id: 'zhao', name: 'zhao.ming', sessionsNotBefore: 0 }],
    ...differences,
  };
}
