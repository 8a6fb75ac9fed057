import type { AlertNotice, Severity } from './notice.ts';

/** Which notices somebody wants. */
export interface NoticeFilter {
  readonly enabled: boolean;
  readonly minimumSeverity: Severity;
  /** Only about these tenants, and then nothing about the host; absent means everything. */
  readonly tenants: readonly string[] | undefined;
}

/** Whether a transport gets this notice. That something is over goes to those who heard of it, and to nobody else. */
export function takes(filter: NoticeFilter, notice: AlertNotice, heardOfIt: boolean): boolean {
  if (!filter.enabled) return false;
  if (notice.kind === 'resolved') return heardOfIt;
  if (notice.severity === 'warning' && filter.minimumSeverity === 'critical') return false;
  const { tenant } = notice.subject;
  return filter.tenants === undefined || (tenant !== undefined && filter.tenants.includes(tenant));
}
