import type { GatewaySnapshot } from '@agentpod/core';
import { sha256 } from '../digest.ts';

export type Agent = GatewaySnapshot['agents'][number];
export type User = GatewaySnapshot['users'][number];

/** An agent as browsers reach it. */
export interface Site {
  readonly agent: Agent;
  /** Host as browsers write it: with the port where it is not the default. */
  readonly authority: string;
  readonly origin: string;
}

/** The published snapshot, made ready to be asked. */
export interface Snapshot {
  readonly revision: number;
  readonly consoleUrl: string;
  /** Customers come over HTTPS. */
  readonly secure: boolean;
  readonly sessionKey: Uint8Array;
  readonly handoverKey: Uint8Array;
  /** SHA-256 in hex; absent when nobody may read the report. */
  readonly reportKeyHash: string | undefined;
  /** By host name, lower case, without port. */
  readonly sites: ReadonlyMap<string, Site>;
  readonly agentsByAddress: ReadonlyMap<string, Agent>;
  readonly users: ReadonlyMap<string, User>;
}

/** Throws when a key is not one: a snapshot that is wrong anywhere is not taken over at all. */
export function toSnapshot(published: GatewaySnapshot): Snapshot {
  const { revision, consoleUrl, secure, agents } = published;
  const sites = agents.flatMap((agent) =>
    agent.hosts.map((host): [string, Site] => {
      const authority = host.toLowerCase();
      const name = hostnameOf(authority);
      if (name === undefined) throw new Error(`agent ${agent.ref} has a host that is none`);
      return [name, { agent, authority, origin: `${secure ? 'https' : 'http'}://${authority}` }];
    }),
  );
  return {
    revision,
    consoleUrl,
    secure,
    sessionKey: toKey(published.sessionKey),
    handoverKey: toKey(published.handoverKey),
    reportKeyHash: published.reportKey === undefined ? undefined : hashOfKey(published.reportKey),
    sites: new Map(sites),
    agentsByAddress: new Map(agents.map((agent) => [agent.address, agent])),
    users: new Map(published.users.map((user) => [user.id, user])),
  };
}

/** `ACME.localhost.:8080` → `acme.localhost`; nothing for what cannot be a host of ours. */
export function hostnameOf(authority: string): string | undefined {
  if (authority.length > 300) return undefined;
  return /^([\w.-]+?)\.?(?::\d{1,5})?$/.exec(authority)?.[1]?.toLowerCase();
}

function hashOfKey(text: string): string {
  toKey(text);
  return sha256(text);
}

/** Throws when it is not one. */
function toKey(text: string): Uint8Array {
  const key = Buffer.from(text, 'base64url');
  if (key.length !== 32) throw new Error('a key in the snapshot is not 32 bytes long');
  return key;
}
