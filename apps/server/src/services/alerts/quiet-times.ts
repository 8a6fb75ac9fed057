import {
  AppError,
  type CreateMaintenance,
  type CreateSilence,
  formatAgentRef,
  type MaintenanceWindow,
  parseAgentRef,
  type Silence,
} from '@agentpod/core';
import type { AlertStore } from '../../ports/alert-store.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Store } from '../../ports/store.ts';

export interface QuietTimesDeps {
  readonly alerts: Pick<
    AlertStore,
    'addSilence' | 'listSilences' | 'removeSilence' | 'addMaintenance' | 'listMaintenance' | 'endMaintenance'
  >;
  readonly store: Pick<Store, 'findAgent' | 'listTenants'>;
  readonly clock: Clock;
  readonly newId: () => string;
  /** What is to be told may be something else now. */
  readonly changed: () => void;
}

const yearMs = 366 * 24 * 3_600_000;
const shownPastMs = 90 * 24 * 3_600_000;

/** When people do not want to be told: silences and maintenance windows. */
export class QuietTimes {
  readonly #deps: QuietTimesDeps;

  constructor(deps: QuietTimesDeps) {
    this.#deps = deps;
  }

  async silence(request: CreateSilence, who: string): Promise<Silence> {
    const { alerts, clock, newId, changed } = this.#deps;
    const now = clock.now();
    const silence: Silence = {
      id: newId(),
      ...(await this.#scopeOf(request)),
      ...(request.rule === undefined ? {} : { rule: request.rule }),
      until: endOf(request.until, now, now),
      comment: request.comment ?? '',
      createdBy: who,
      createdAt: now,
    };
    if (silence.agent === undefined && silence.tenant === undefined && silence.rule === undefined) {
      throw new AppError('invalid', 'NothingToSilence', 'a silence needs an agent, a tenant or a rule', {
        field: 'agent',
        remedy: 'To hear nothing at all for a while, announce maintenance of everything.',
      });
    }
    await alerts.addSilence(silence);
    changed();
    return silence;
  }

  async silences(): Promise<readonly Silence[]> {
    return this.#deps.alerts.listSilences(this.#deps.clock.now());
  }

  async unsilence(id: string): Promise<void> {
    const { alerts, clock, changed } = this.#deps;
    const known = await alerts.listSilences(clock.now());
    if (!known.some((silence) => silence.id === id)) {
      throw new AppError('not-found', 'SilenceNotFound', `there is no silence ${id}, or it is over`, {
        remedy: 'See what there is with "agentpod alert silences".',
      });
    }
    await alerts.removeSilence(id);
    changed();
  }

  async announce(request: CreateMaintenance, who: string): Promise<MaintenanceWindow> {
    const { alerts, clock, newId, changed } = this.#deps;
    const now = clock.now();
    const scope = await this.#scopeOf(request);
    const isForAll = request.everything === true;
    if (isForAll === (scope.agent !== undefined || scope.tenant !== undefined)) {
      throw new AppError('invalid', 'UnclearScope', 'name an agent, a tenant, or everything', {
        field: isForAll ? 'everything' : 'agent',
      });
    }
    const from = request.from === undefined ? now : Date.parse(request.from);
    const window: MaintenanceWindow = {
      id: newId(),
      ...scope,
      from,
      until: endOf(request.until, from, now),
      comment: request.comment ?? '',
      createdBy: who,
      createdAt: now,
    };
    await alerts.addMaintenance(window);
    changed();
    return window;
  }

  /** Also those that are over, for a while: they explain the availability of that time. */
  async maintenance(): Promise<readonly MaintenanceWindow[]> {
    return this.#deps.alerts.listMaintenance(this.#deps.clock.now() - shownPastMs);
  }

  async endMaintenance(id: string): Promise<void> {
    const { alerts, clock, changed } = this.#deps;
    const known = await alerts.listMaintenance(clock.now());
    if (!known.some((window) => window.id === id)) {
      throw new AppError('not-found', 'MaintenanceNotFound', `there is no maintenance ${id}, or it is over`, {
        remedy: 'See what there is with "agentpod alert maintenance list".',
      });
    }
    await alerts.endMaintenance(id, clock.now());
    changed();
  }

  /** Of what is there: a misspelt name would silence nobody, and nobody would notice. */
  async #scopeOf(request: { agent?: string | undefined; tenant?: string | undefined }) {
    const { store } = this.#deps;
    if (request.agent !== undefined) {
      const ref = parseAgentRef(request.agent);
      if (!(await store.findAgent(ref))) {
        throw new AppError('not-found', 'AgentNotFound', `there is no agent ${formatAgentRef(ref)}`, {
          field: 'agent',
        });
      }
    }
    const { tenant } = request;
    if (tenant !== undefined && !(await store.listTenants()).some(({ name }) => name === tenant)) {
      throw new AppError('not-found', 'TenantNotFound', `there is no tenant ${tenant}`, { field: 'tenant' });
    }
    return {
      ...(request.agent === undefined ? {} : { agent: formatAgentRef(parseAgentRef(request.agent)) }),
      ...(tenant === undefined ? {} : { tenant }),
    };
  }
}

function endOf(text: string, from: number, now: number): number {
  const until = Date.parse(text);
  const wrong =
    until <= now
      ? 'is in the past'
      : until <= from
        ? 'is before its beginning'
        : until - now > yearMs
          ? 'is more than a year away'
          : undefined;
  if (wrong === undefined) return until;
  throw new AppError('invalid', 'InvalidTime', `the end ${wrong}`, { field: 'until' });
}
