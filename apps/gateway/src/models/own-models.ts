import type { ServerResponse } from 'node:http';
import type { Agent } from '../snapshot/snapshot.ts';
import { sendJson } from './dialect.ts';

/** The one model that was configured, whatever else the provider may offer to the tenant's key. */
export function answerModels({ model }: Agent, response: ServerResponse): void {
  const { name: id, dialect, provider } = model;
  sendJson(response, {
    body:
      dialect === 'anthropic'
        ? {
            data: [{ type: 'model', id, display_name: id, created_at: '1970-01-01T00:00:00Z' }],
            has_more: false,
            first_id: id,
            last_id: id,
          }
        : { object: 'list', data: [{ id, object: 'model', created: 0, owned_by: provider }] },
  });
}
