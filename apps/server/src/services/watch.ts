import type { WatchMessage } from '@agentpod/core';
import type { Changes } from './changes.ts';
import type { Views } from './views.ts';

const pageSize = 500;

/** Every agent once, then each again whenever it looks different. Ends with `signal`. */
export async function* watch(views: Views, changes: Changes, signal: AbortSignal): AsyncGenerator<WatchMessage> {
  // Subscribed before the list is read: what changes in between is sent twice rather than never.
  const changed = changes.subscribe(signal);
  let cursor: string | undefined;
  do {
    const page = await views.list({ cursor, limit: pageSize, deleted: false });
    for (const agent of page.items) yield { type: 'agent', agent };
    cursor = page.nextCursor;
  } while (cursor !== undefined && !signal.aborted);

  for await (const id of changed) {
    const agent = await views.byId(id);
    yield agent ? { type: 'agent', agent } : { type: 'gone', id };
  }
}
