import { randomUUIDv7 } from 'node:crypto';
import type { Alert, AlertNotice, MaintenanceWindow, Silence } from '@agentpod/core';
import type { StoredTransport } from '../ports/alert-store.ts';

const t0 = Date.parse('2026-11-01T00:00:00.000Z');

/** An alert about `acme` that fires since a minute and was told. */
export function anAlert(differences: Partial<Alert> = {}): Alert {
  const ref = differences.subject?.ref ?? 'acme';
  const rule = differences.rule ?? 'AgentDown';
  return {
    id: `${rule}-${ref}-1`,
    key: `${rule}/${ref}`,
    rule,
    subject: { kind: 'agent', id: ref, ref, tenant: ref },
    severity: 'warning',
    reason: 'Exited',
    message: 'The agent exited with code 1',
    phase: 'firing',
    since: t0,
    firedAt: t0,
    told: { severity: 'warning', at: t0 },
    notices: 1,
    flapping: false,
    firings: [t0],
    counted: true,
    ...differences,
  };
}

/** The next notice of an alert. */
export function aNotice(alert: Alert, differences: Partial<AlertNotice> = {}): AlertNotice {
  const { kind, ref, tenant } = alert.subject;
  return {
    id: `${alert.id}-${alert.notices}`,
    kind: 'firing',
    rule: alert.rule,
    severity: alert.severity,
    subject: { kind, ref, ...(tenant === undefined ? {} : { tenant }) },
    reason: alert.reason,
    since: new Date(alert.since).toISOString(),
    at: new Date(alert.since).toISOString(),
    message: alert.message,
    ...differences,
  };
}

/** Takes everything, in English. */
export function aTransport(differences: Partial<StoredTransport> = {}): StoredTransport {
  return {
    id: randomUUIDv7(),
    name: 'ops',
    kind: 'webhook',
    settings: { url: 'https://hooks.example/ops' },
    secretNames: ['secret'],
    sealedSecrets: 'sealed',
    minimumSeverity: 'warning',
    language: 'en',
    tenants: undefined,
    enabled: true,
    createdAt: t0,
    ...differences,
  };
}

export function aSilence(differences: Partial<Silence> = {}): Silence {
  return {
    id: randomUUIDv7(),
    until: t0 + 3_600_000,
    comment: 'known',
    createdBy: 'zhao',
    createdAt: t0,
    ...differences,
  };
}

export function aMaintenanceWindow(differences: Partial<MaintenanceWindow> = {}): MaintenanceWindow {
  return {
    id: randomUUIDv7(),
    from: t0,
    until: t0 + 3_600_000,
    comment: 'move',
    createdBy: 'zhao',
    createdAt: t0,
    ...differences,
  };
}
