import type { Observation } from '@agentpod/core';
import type { AlertStore } from '../ports/alert-store.ts';
import type { RuntimeEngine } from '../ports/runtime.ts';
import type { Store } from '../ports/store.ts';
import { overridden } from './overridden.ts';
import type { Mistake } from './world.ts';

/** Mistakes that a control plane could make. A simulation that does not notice them would be worth nothing. */
export const mistakes = {
  /** A rejected token is taken for a hang. */
  restartsForItsChannels: {
    lastSeen: (seen) => {
      const isRejected = seen.aside.some(({ type, status }) => type === 'ChannelsConnected' && status === 'False');
      if (!isRejected || !seen.health) return seen;
      return { ...seen, health: hanging(seen.health) };
    },
  },
  /** How often it tried lives in no memory at all. */
  forgetsWhatItCounted: {
    store: (store) =>
      overridden<Store>(store, {
        saveRecorded: (id, facts) => {
          const { restarts: _, ...kept } = facts;
          return store.saveRecorded(id, kept);
        },
      }),
  },
  /** A container counts as gone as soon as its end was asked for. */
  doesNotWaitForTheEnd: {
    runtime: (runtime) => {
      const leaving = new Set<string>();
      return overridden<RuntimeEngine>(runtime, {
        stopInstance: async () => undefined,
        removeInstance: async (name, signal) => {
          leaving.add(name);
          void runtime
            .stopInstance(name, 10, signal)
            .then(() => runtime.removeInstance(name, signal))
            .catch(() => undefined)
            .finally(() => leaving.delete(name));
        },
        observe: async (agentId, signal) => {
          const view = await runtime.observe(agentId, signal);
          return { ...view, instances: view.instances.filter(({ name }) => !leaving.has(name)) };
        },
      });
    },
  },
  /** A data volume that vanished is made anew, as if the agent were a new one. */
  forgetsThatThereWasData: {
    store: (store) =>
      overridden<Store>(store, {
        saveRecorded: (id, facts) => {
          const { stateVolumeCreatedAt: _, ...kept } = facts;
          return store.saveRecorded(id, kept);
        },
      }),
  },
  /** It decides that people are to be told, and that is all. */
  tellsNobody: {
    alerts: (alerts) =>
      overridden<AlertStore>(alerts, {
        saveDecision: (decision) => alerts.saveDecision({ ...decision, notices: [] }),
      }),
  },
} as const satisfies Record<string, Mistake>;

function hanging(health: NonNullable<Observation['health']>): NonNullable<Observation['health']> {
  return { ...health, loop: { misses: 9, silentSince: health.startedAt, cpu: { usedMs: 0, overMs: 10_000 } } };
}
