import type { Generated } from 'kysely';

/** The part of the database that alerts live in. */
export interface AlertTables {
  /** `body` is the whole alert as JSON; the other columns are what is looked for. */
  alerts: {
    number: Generated<number>;
    id: string;
    key: string;
    phase: 'pending' | 'firing' | 'resolved';
    tenant: string | null;
    fired_at: number | null;
    resolved_at: number | null;
    body: string;
  };
  alert_notices: { id: string; alert_id: string; at: number; body: string };
  alert_transports: {
    id: string;
    name: string;
    kind: string;
    settings: string;
    secret_names: string;
    sealed_secrets: string | null;
    minimum_severity: 'warning' | 'critical';
    language: 'zh' | 'en';
    tenants: string | null;
    enabled: number;
    created_at: number;
  };
  alert_recipients: { alert_id: string; transport_id: string };
  alert_outbox: {
    number: Generated<number>;
    notice_id: string;
    transport_id: string;
    created_at: number;
    attempts: number;
    next_attempt_at: number;
    last_error: string | null;
  };
  alert_deliveries: {
    number: Generated<number>;
    at: number;
    transport: string;
    notice_id: string;
    kind: string;
    rule: string;
    subject: string;
    outcome: 'delivered' | 'retrying' | 'failed' | 'given-up';
    attempts: number;
    detail: string;
  };
  alert_silences: {
    id: string;
    agent: string | null;
    tenant: string | null;
    rule: string | null;
    until: number;
    comment: string;
    created_by: string;
    created_at: number;
  };
  maintenance_windows: {
    id: string;
    agent: string | null;
    tenant: string | null;
    starts_at: number;
    until: number;
    comment: string;
    created_by: string;
    created_at: number;
  };
}
