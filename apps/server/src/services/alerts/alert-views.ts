import {
  type Alert,
  type AlertDetail,
  type AlertView,
  AppError,
  inMaintenance,
  isSilenced,
  type ListAlertsQuery,
  type MaintenanceView,
  type MaintenanceWindow,
  type Silence,
  type SilenceView,
  type AlertTransportView,
  type AlertDeliveryView,
} from '@agentpod/core';
import type { AlertStore, Delivery } from '../../ports/alert-store.ts';
import type { Clock } from '../../ports/clock.ts';
import type { TransportState } from './transports.ts';

/** Alerts, and everything around them, as the API shows them. */
export class AlertViews {
  readonly #alerts: Pick<
    AlertStore,
    'listAlerts' | 'getAlert' | 'listNotices' | 'listSilences' | 'listMaintenance' | 'listDeliveries'
  >;
  readonly #clock: Clock;

  constructor(alerts: AlertStore, clock: Clock) {
    this.#alerts = alerts;
    this.#clock = clock;
  }

  async list(query: ListAlertsQuery): Promise<AlertView[]> {
    const [alerts, quiet] = [await this.#alerts.listAlerts(query), await this.#quiet()];
    return alerts.map((alert) => viewOf(alert, quiet));
  }

  /** Throws `not-found`. */
  async get(id: string): Promise<AlertDetail> {
    const alert = await this.#alerts.getAlert(id);
    if (!alert) {
      throw new AppError('not-found', 'AlertNotFound', `there is no alert ${id}`, {
        remedy: 'See what there is with "agentpod alert list --all".',
      });
    }
    const notices = await this.#alerts.listNotices(id);
    return {
      ...viewOf(alert, await this.#quiet()),
      notices: notices.map(({ id: noticeId, kind, severity, at }) => ({ id: noticeId, kind, severity, at })),
    };
  }

  async deliveries(query: { transport?: string | undefined; limit: number }): Promise<AlertDeliveryView[]> {
    return (await this.#alerts.listDeliveries(query)).map(deliveryView);
  }

  async #quiet(): Promise<Quiet> {
    const now = this.#clock.now();
    return {
      silences: await this.#alerts.listSilences(now),
      maintenance: await this.#alerts.listMaintenance(now),
      now,
    };
  }
}

interface Quiet {
  readonly silences: readonly Silence[];
  readonly maintenance: readonly MaintenanceWindow[];
  readonly now: number;
}

function viewOf(alert: Alert, { silences, maintenance, now }: Quiet): AlertView {
  const { id, rule, severity, reason, message, lastError, flapping, heldBy } = alert;
  const { kind, ref, tenant } = alert.subject;
  const isOpen = alert.phase !== 'resolved';
  const quiet = !isOpen
    ? undefined
    : isSilenced(silences, alert, now)
      ? 'silence'
      : inMaintenance(maintenance, alert.subject, now)
        ? 'maintenance'
        : undefined;
  const over = alert.goodSince ?? alert.resolvedAt;
  return {
    id,
    rule,
    state: alert.phase,
    severity,
    subject: { kind, ref, ...(tenant === undefined ? {} : { tenant }) },
    reason,
    message,
    ...(lastError === undefined ? {} : { lastError }),
    since: iso(alert.since),
    ...(isOpen || over === undefined ? {} : { until: iso(over) }),
    told: alert.told !== undefined,
    flapping,
    ...(quiet === undefined ? {} : { mutedBy: quiet }),
    ...(heldBy === undefined ? {} : { heldBy }),
  };
}

export function silenceView({ until, createdAt, ...silence }: Silence): SilenceView {
  return { ...silence, until: iso(until), createdAt: iso(createdAt) };
}

export function maintenanceView({ from, until, createdAt, ...window }: MaintenanceWindow): MaintenanceView {
  return { ...window, from: iso(from), until: iso(until), createdAt: iso(createdAt) };
}

/** Which secrets it has, never what they are. */
export function transportView({ transport, waiting, lastError }: TransportState): AlertTransportView {
  const { name, kind, settings, secretNames, minimumSeverity, language, tenants, enabled, createdAt } = transport;
  return {
    name,
    kind,
    settings: { ...settings },
    secrets: [...secretNames],
    minimumSeverity,
    language,
    ...(tenants === undefined ? {} : { tenants: [...tenants] }),
    enabled,
    createdAt: iso(createdAt),
    waiting,
    ...(lastError === undefined ? {} : { lastError }),
  };
}

function deliveryView({ number, at, noticeId, ...delivery }: Delivery): AlertDeliveryView {
  return { id: number, at: iso(at), notice: noticeId, ...delivery };
}

function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
