import type { Generated } from 'kysely';
import type { AlertTables } from './alert-tables.ts';

/** The database as Kysely sees it. Times are milliseconds since 1970; `spec`, `recorded` and `status` are JSON. */
export interface Tables extends AlertTables {
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
  history_agents: { number: Generated<number>; agent_id: string };
  /** From `at` on, until the next one. */
  state_marks: { agent: number; at: number; state: string; presence: string; reason: string };
  samples_30s: {
    at_seconds: number;
    agent: number;
    cpu_thousandths: number;
    memory_kib: number;
    disk_kib: number | null;
  };
  samples_5m: SampleRow;
  samples_1h: SampleRow;
  /** `watched`: until when somebody looked. `samples_5m`, `samples_1h`: until when these are made. */
  history_progress: { name: string; at: number };
}

/** `at_seconds` is its beginning. */
interface SampleRow {
  agent: number;
  at_seconds: number;
  samples: number;
  cpu_average_thousandths: number;
  cpu_maximum_thousandths: number;
  memory_average_kib: number;
  memory_maximum_kib: number;
  disk_kib: number | null;
}
