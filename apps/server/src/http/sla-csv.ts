import type { AvailabilityView, SlaReport } from '@agentpod/core';
import { formatPercent } from '@agentpod/core';
import { stringify } from 'csv-stringify/sync';

const columns = [
  'month',
  'time_zone',
  'tenant',
  'agent',
  'availability_percent',
  'answering_seconds',
  'down_seconds',
  'degraded_seconds',
  'outages',
  'longest_outage_seconds',
  'maintenance_seconds',
  'unknown_seconds',
  'stopped_seconds',
] as const;

/** RFC 4180, one row per tenant (without an agent) and one per agent. No cell begins a formula in a spreadsheet. */
export function slaCsv({ month, tz, tenants }: SlaReport): string {
  const row = (tenant: string, agent: string, view: AvailabilityView): Record<(typeof columns)[number], unknown> => ({
    month,
    time_zone: tz,
    tenant,
    agent,
    availability_percent: view.fraction === undefined ? '' : formatPercent(view.fraction, 3),
    answering_seconds: view.answeringSeconds,
    down_seconds: view.downSeconds,
    degraded_seconds: view.degradedSeconds,
    outages: view.outages,
    longest_outage_seconds: view.longestOutageSeconds,
    maintenance_seconds: view.maintenanceSeconds,
    unknown_seconds: view.unknownSeconds,
    stopped_seconds: view.stoppedSeconds,
  });
  const rows = tenants.flatMap(({ tenant, agents, ...total }) => [
    row(tenant, '', total),
    ...agents.map((agent) => row(tenant, agent.agent, agent)),
  ]);
  return stringify(rows, { header: true, columns: [...columns], record_delimiter: 'windows', escape_formulas: true });
}
