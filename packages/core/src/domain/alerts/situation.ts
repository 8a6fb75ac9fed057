import type { Alert, AlertAgent, HostCheck } from './alert.ts';
import type { Cause } from './causes.ts';
import type { MaintenanceWindow, Silence } from './quiet.ts';

/** Everything that decides about alerts, at one moment. */
export interface AlertSituation {
  /** The newest alert of each key, resolved ones included. */
  readonly alerts: readonly Alert[];
  /** All there are: an alert about one that is not among them is over. */
  readonly agents: readonly AlertAgent[];
  /** What was checked; a rule without a check stays as it is. */
  readonly hostChecks: readonly HostCheck[];
  readonly silences: readonly Silence[];
  readonly maintenance: readonly MaintenanceWindow[];
  /** Critical alerts that still fire are told again after so many hours; absent means once is enough. */
  readonly remindEveryHours?: number;
  readonly now: number;
}

/** Told to whoever decides about one alert: the rest of the world, and where to note when to look again. */
export interface Surroundings {
  readonly situation: AlertSituation;
  readonly causes: readonly Cause[];
  readonly lookAt: (time: number) => void;
}
