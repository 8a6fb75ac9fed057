import { Alert, AlertNotice, type MaintenanceWindow, Silence } from '@agentpod/core';
import type { Selectable } from 'kysely';
import { z } from 'zod';
import type { Delivery, StoredTransport } from '../../ports/alert-store.ts';
import type { Tables } from './tables.ts';

/** Rows to what the port speaks of, and back. */

export const toAlert = ({ body }: { body: string }): Alert => Alert.parse(JSON.parse(body));
export const toNotice = ({ body }: { body: string }): AlertNotice => AlertNotice.parse(JSON.parse(body));

export function alertRow(alert: Alert) {
  return {
    id: alert.id,
    key: alert.key,
    phase: alert.phase,
    tenant: alert.subject.tenant ?? null,
    fired_at: alert.firedAt ?? null,
    resolved_at: alert.resolvedAt ?? null,
    body: JSON.stringify(alert),
  };
}

const Names = z.array(z.string());

export function toTransport(row: Selectable<Tables['alert_transports']>): StoredTransport {
  return {
    id: row.id,
    name: row.name,
    kind: row.kind,
    settings: z.record(z.string(), z.unknown()).parse(JSON.parse(row.settings)),
    secretNames: Names.parse(JSON.parse(row.secret_names)),
    sealedSecrets: row.sealed_secrets ?? undefined,
    minimumSeverity: row.minimum_severity,
    language: row.language,
    tenants: row.tenants === null ? undefined : Names.parse(JSON.parse(row.tenants)),
    enabled: row.enabled === 1,
    createdAt: row.created_at,
  };
}

export function transportRow(transport: StoredTransport) {
  return {
    id: transport.id,
    name: transport.name,
    kind: transport.kind,
    settings: JSON.stringify(transport.settings),
    secret_names: JSON.stringify(transport.secretNames),
    sealed_secrets: transport.sealedSecrets ?? null,
    minimum_severity: transport.minimumSeverity,
    language: transport.language,
    tenants: transport.tenants === undefined ? null : JSON.stringify(transport.tenants),
    enabled: transport.enabled ? 1 : 0,
    created_at: transport.createdAt,
  };
}

export function toSilence(row: Selectable<Tables['alert_silences']>): Silence {
  return Silence.parse({ ...scopeOf(row), ...(row.rule === null ? {} : { rule: row.rule }), ...noteOf(row) });
}

export function toMaintenance(row: Selectable<Tables['maintenance_windows']>): MaintenanceWindow {
  return { ...scopeOf(row), from: row.starts_at, ...noteOf(row) };
}

export function toDelivery({ notice_id, kind, ...row }: Selectable<Tables['alert_deliveries']>): Delivery {
  return { ...row, kind: AlertNotice.shape.kind.parse(kind), noticeId: notice_id };
}

function scopeOf({ agent, tenant }: { agent: string | null; tenant: string | null }) {
  return { ...(agent === null ? {} : { agent }), ...(tenant === null ? {} : { tenant }) };
}

function noteOf(row: { id: string; until: number; comment: string; created_by: string; created_at: number }) {
  const { id, until, comment, created_by: createdBy, created_at: createdAt } = row;
  return { id, until, comment, createdBy, createdAt };
}
