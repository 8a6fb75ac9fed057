import type { Condition, ConditionType } from '../condition.ts';
import type { Alert, AlertAgent, HostCheck } from './alert.ts';
import { type AlertDecision, evaluateAlerts } from './evaluate.ts';
import type { AlertNotice } from './notice.ts';
import type { MaintenanceWindow, Silence } from './quiet.ts';

export const t0 = Date.parse('2026-11-01T00:00:00.000Z');
export const second = 1000;
export const minute = 60 * second;

/** A small world whose time moves only when told to. It keeps what was decided, as the store does. */
export class AlertWorld {
  now = t0;
  readonly agents = new Map<string, AlertAgent>();
  readonly checks = new Map<HostCheck['name'], HostCheck>();
  silences: Silence[] = [];
  maintenance: MaintenanceWindow[] = [];
  remindEveryHours = 0;
  readonly alerts = new Map<string, Alert>();
  readonly notices: AlertNotice[] = [];
  nextLookAt: number | undefined;
  #ids = 0;

  /** An agent that has been answering for an hour. */
  add(ref: string, differences: Partial<AlertAgent> = {}): void {
    const id = `019a0000-0000-7000-8000-${(++this.#ids).toString(16).padStart(12, '0')}`;
    const [tenant = ref] = ref.split('/');
    const agent: AlertAgent = {
      id,
      ref,
      tenant,
      suspended: false,
      deleting: false,
      conditions: [],
      lastError: undefined,
      restarts: [],
      wasReady: true,
      unprovenSpec: false,
      startDeadlineSeconds: 300,
      ...differences,
    };
    this.agents.set(ref, agent);
    if (differences.conditions === undefined)
      this.set(ref, 'Ready', 'True', 'Answering', { at: this.now - 60 * minute });
  }

  change(ref: string, differences: Partial<AlertAgent>): void {
    const agent = this.agents.get(ref);
    if (!agent) throw new Error(`there is no ${ref}`);
    this.agents.set(ref, { ...agent, ...differences });
  }

  set(
    ref: string,
    type: ConditionType,
    status: Condition['status'],
    reason: string,
    { at = this.now, message = `${reason} said` } = {},
  ): void {
    const conditions = this.agents.get(ref)?.conditions ?? [];
    const before = conditions.find((condition) => condition.type === type);
    const time = before?.status === status ? before.lastTransitionTime : new Date(at).toISOString();
    this.change(ref, {
      conditions: [
        ...conditions.filter((condition) => condition !== before),
        { type, status, reason, message, observedGeneration: 1, lastTransitionTime: time },
      ],
    });
  }

  up(ref: string): void {
    this.set(ref, 'Ready', 'True', 'Answering');
  }

  down(ref: string, reason: string): void {
    this.set(ref, 'Ready', 'False', reason);
  }

  restart(ref: string, reason: string): void {
    this.change(ref, { restarts: [...(this.agents.get(ref)?.restarts ?? []), { at: this.now, reason }] });
  }

  check(name: HostCheck['name'], ok: boolean, differences: Partial<HostCheck> = {}): void {
    const before = this.checks.get(name);
    const since = before?.ok === ok ? before.since : this.now;
    this.checks.set(name, { name, ok, message: ok ? 'fine' : `${name} said`, since, ...differences });
  }

  /** Looks once, and again on its own result, which must change nothing. Answers what was told. */
  look(): AlertNotice[] {
    const decision = this.#evaluate();
    for (const alert of decision.alerts) this.alerts.set(alert.key, alert);
    this.notices.push(...decision.notifications);
    this.nextLookAt = decision.nextLookAt;
    const again = this.#evaluate();
    if (again.alerts.length + again.notifications.length > 0) {
      throw new Error(`it decides again on its own result: ${JSON.stringify(again)}`);
    }
    return [...decision.notifications];
  }

  /** Lets time pass, looking exactly when it was asked for. */
  pass(milliseconds: number): AlertNotice[] {
    const end = this.now + milliseconds;
    const told: AlertNotice[] = this.look();
    while (this.nextLookAt !== undefined && this.nextLookAt <= end) {
      this.now = this.nextLookAt;
      told.push(...this.look());
    }
    this.now = end;
    return told;
  }

  #evaluate(): AlertDecision {
    return evaluateAlerts({
      alerts: [...this.alerts.values()],
      agents: [...this.agents.values()],
      hostChecks: [...this.checks.values()],
      silences: this.silences,
      maintenance: this.maintenance,
      remindEveryHours: this.remindEveryHours,
      now: this.now,
    });
  }
}

/** `firing AgentDown acme Exited`: enough to compare with. */
export function brief(notices: readonly AlertNotice[]): string[] {
  return notices.map(({ kind, rule, subject, reason }) => `${kind} ${rule} ${subject.ref} ${reason}`);
}
