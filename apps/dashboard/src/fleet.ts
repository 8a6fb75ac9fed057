import type { AgentView, WatchMessage } from '@agentpod/core';

export type Fleet = readonly AgentView[];

/** The fleet after one message of the watch stream, in the order a person looks for names. Pure. */
export function applyMessage(fleet: Fleet, message: WatchMessage): Fleet {
  const id = message.type === 'agent' ? message.agent.id : message.id;
  const others = fleet.filter((agent) => agent.id !== id);
  // What was deleted can be brought back with the CLI, but it is not part of the fleet.
  if (message.type === 'gone' || message.agent.state === 'deleted') return others;
  return sortByRef([...others, message.agent]);
}

export function sortByRef(fleet: Fleet): Fleet {
  return fleet.toSorted((a, b) => a.ref.localeCompare(b.ref, 'en', { numeric: true }));
}

/** What of the fleet a person has to know at one glance. */
export interface Summary {
  readonly total: number;
  readonly ready: number;
  /** Will not become ready by itself, or answers only in part. */
  readonly troubled: number;
}

export function summarise(fleet: Fleet): Summary {
  const count = (...states: AgentView['state'][]) => fleet.filter(({ state }) => states.includes(state)).length;
  return { total: fleet.length, ready: count('ready'), troubled: count('stalled', 'degraded', 'unknown') };
}
