import type { Generated } from 'kysely';

/** The database as Kysely sees it. Times are milliseconds since 1970; `spec`, `recorded` and `status` are JSON. */
export interface Tables {
  tenants: {
    id: string;
    name: string;
    created_at: number;
    /** Set when its last agent was deleted; its name is free from then on. */
    deleted_at: number | null;
  };
  agents: {
    id: string;
    tenant_id: string;
    name: string;
    host: string;
    spec: string;
    generation: number;
    created_at: number;
    deletion_requested_at: number | null;
    /** 1 when its data is to go as well. */
    purge: number;
    /** Set when the engine held nothing more of it; name and host are free from then on. */
    deleted_at: number | null;
    recorded: string;
    status: string;
  };
  /** A table of its own, so that no listing of agents ever reads it. */
  credentials: { agent_id: string; sealed: string };
  blocks: { agent_id: string; subnet: string; gateway: string; address: string };
  secrets: { tenant_id: string; name: string; version: number; sealed: string; updated_at: number };
  events: {
    id: Generated<number>;
    agent_id: string;
    time: number;
    type: 'normal' | 'warning';
    reason: string;
    message: string;
    count: number;
  };
  idempotency: { key: string; request_hash: string; agent_id: string; created_at: number };
  settings: { name: string; value: string };
  people: { id: string; username: string; password: string; created_at: number; sessions_not_before: number };
  /** Found by the SHA-256 of what the browser holds. */
  sessions: { hash: string; person_id: string; created_at: number; used_at: number };
  tokens: { id: string; person_id: string; name: string; hash: string; created_at: number };
}
