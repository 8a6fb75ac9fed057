import type { WatchMessage } from '@agentpod/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { api } from './api.ts';
import { applyMessage, type Fleet, sortByRef } from './fleet.ts';

const key = ['agents'];
const resyncMs = 60_000;
const firstPauseMs = 1000;
const longestPauseMs = 15_000;

/**
 * All agents, kept up to date by the server's watch stream. Messages can be lost with a stream, so the whole list is
 * asked for again after each break and once a minute. While the server does not answer, the last list stays, with an
 * error beside it.
 */
export function useFleet() {
  const client = useQueryClient();
  // A list that was under way when something changed may be older than the change: those messages are applied again.
  const underWay = useRef<WatchMessage[]>([]);

  useEffect(() => {
    const stop = new AbortController();
    const take = (message: WatchMessage): void => {
      underWay.current.push(message);
      client.setQueryData<Fleet>(key, (fleet) => fleet && applyMessage(fleet, message));
    };
    void follow(take, () => client.refetchQueries({ queryKey: key }), stop.signal);
    return () => stop.abort();
  }, [client]);

  return useQuery({
    queryKey: key,
    refetchInterval: resyncMs,
    queryFn: async () => {
      const messages: WatchMessage[] = [];
      underWay.current = messages;
      const fleet = await listAll();
      return messages.reduce(applyMessage, fleet);
    },
  });
}

/** Reads the stream for ever. Why it broke does not matter: the list that is asked for then finds that out and shows it. */
async function follow(
  take: (message: WatchMessage) => void,
  resync: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  let pauseMs = firstPauseMs;
  while (!signal.aborted) {
    try {
      for await (const message of api.watch({ signal })) {
        pauseMs = firstPauseMs;
        take(message);
      }
    } catch {
      // Seen by the resync below.
    }
    await pause(pauseMs, signal);
    pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    if (!signal.aborted) await resync();
  }
}

/** All pages of the list. */
async function listAll(): Promise<Fleet> {
  const agents = [];
  let cursor: string | undefined;
  do {
    const page = await api.listAgents({ limit: 500, ...(cursor === undefined ? {} : { cursor }) });
    agents.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return sortByRef(agents);
}

/** Ends early when the browser says that the network is back, or when nobody waits any more. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      removeEventListener('online', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    addEventListener('online', done, { once: true });
    signal.addEventListener('abort', done, { once: true });
  });
}
