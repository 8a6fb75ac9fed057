import { z } from 'zod';
import type { AlertSubject } from './alert.ts';
import { alertRules } from './rules.ts';

/** What a silence or a maintenance window is about. What is left out matches everything. */
const Scope = {
  /** `acme` or `acme/hr`. */
  agent: z.string().exactOptional(),
  tenant: z.string().exactOptional(),
};

/** Nobody is told of what matches all that is given, until then. */
export const Silence = z.object({
  id: z.string(),
  ...Scope,
  rule: z.enum(alertRules).exactOptional(),
  /** Milliseconds since 1970, as every time here. */
  until: z.number(),
  comment: z.string(),
  createdBy: z.string(),
  createdAt: z.number(),
});
export type Silence = Readonly<z.infer<typeof Silence>>;

/** Work that was announced: nobody is told, and it does not count against availability. Without scope it is everybody's. */
export const MaintenanceWindow = z.object({
  id: z.string(),
  ...Scope,
  from: z.number(),
  until: z.number(),
  comment: z.string(),
  createdBy: z.string(),
  createdAt: z.number(),
});
export type MaintenanceWindow = Readonly<z.infer<typeof MaintenanceWindow>>;

/** The window that this subject is in at that moment, if any. `until` itself is after the window. */
export function inMaintenance(
  windows: readonly MaintenanceWindow[],
  subject: { readonly ref?: string; readonly tenant?: string },
  at: number,
): MaintenanceWindow | undefined {
  return windows.find((window) => window.from <= at && at < window.until && isAbout(window, subject));
}

export function isSilenced(
  silences: readonly Silence[],
  alert: { readonly rule: string; readonly subject: AlertSubject },
  at: number,
): Silence | undefined {
  return silences.find(
    (silence) =>
      at < silence.until &&
      isAbout(silence, alert.subject) &&
      (silence.rule === undefined || silence.rule === alert.rule),
  );
}

function isAbout(
  scope: { readonly agent?: string; readonly tenant?: string },
  subject: { readonly ref?: string; readonly tenant?: string },
): boolean {
  return (
    (scope.agent === undefined || scope.agent === subject.ref) &&
    (scope.tenant === undefined || scope.tenant === subject.tenant)
  );
}
