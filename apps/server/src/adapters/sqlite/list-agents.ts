import { type Agent, AppError } from '@agentpod/core';
import type { Kysely } from 'kysely';
import { z } from 'zod';
import type { AgentQuery } from '../../ports/store.ts';
import { selectAgents, toAgent } from './agent-rows.ts';
import type { Tables } from './tables.ts';

/** Where the last page ended: tenant, name, id. Agents made or deleted meanwhile shift nothing. */
const Cursor = z.tuple([z.string(), z.string(), z.string()]);
type Cursor = z.infer<typeof Cursor>;

export async function listAgents(
  db: Kysely<Tables>,
  query: AgentQuery,
): Promise<{ items: readonly Agent[]; nextCursor: string | undefined }> {
  let rows = selectAgents(db)
    .orderBy('tenants.name')
    .orderBy('agents.name')
    .orderBy('agents.id')
    .limit(query.limit + 1);
  const { tenant, cursor } = query;
  if (!query.deleted) rows = rows.where('agents.deleted_at', 'is', null);
  if (tenant !== undefined) rows = rows.where('tenants.name', '=', tenant);
  if (cursor !== undefined) {
    const end = parseCursor(cursor);
    rows = rows.where((eb) => eb(eb.refTuple('tenants.name', 'agents.name', 'agents.id'), '>', eb.tuple(...end)));
  }
  const found = await rows.execute();
  const items = found.slice(0, query.limit).map(toAgent);
  const last = items.at(-1);
  const more = found.length > query.limit && last !== undefined;
  return { items, nextCursor: more ? formatCursor([last.tenant, last.name, last.id]) : undefined };
}

function formatCursor(cursor: Cursor): string {
  return Buffer.from(JSON.stringify(cursor)).toString('base64url');
}

function parseCursor(text: string): Cursor {
  try {
    return Cursor.parse(JSON.parse(Buffer.from(text, 'base64url').toString()));
  } catch (cause) {
    throw new AppError('invalid', 'InvalidCursor', 'this cursor did not come from a list', { field: 'cursor', cause });
  }
}
