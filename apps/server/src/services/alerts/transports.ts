import { type AlertNotice, AppError, type PutAlertTransport } from '@agentpod/core';
import type { AlertStore, StoredTransport } from '../../ports/alert-store.ts';
import type { TransportKind } from '../../ports/alert-transport.ts';
import { deliver, type DeliverDeps } from './deliver.ts';

export interface TransportsDeps extends DeliverDeps {
  readonly alerts: Pick<
    AlertStore,
    'putTransport' | 'getTransport' | 'listTransports' | 'removeTransport' | 'backlog' | 'listDeliveries'
  >;
  readonly newId: () => string;
  readonly consoleUrl: string;
  /** What waits for a transport may be deliverable now. */
  readonly changed: () => void;
}

/** A transport and what still waits for it. */
export interface TransportState {
  readonly transport: StoredTransport;
  readonly waiting: number;
  readonly lastError: string | undefined;
}

/** The ways to reach people that this installation has. Their secrets go in and never come out. */
export class Transports {
  readonly #deps: TransportsDeps;

  constructor(deps: TransportsDeps) {
    this.#deps = deps;
  }

  /**
   * Makes it, or changes what is said; settings are replaced as a whole. Secrets that are not named stay, `null` removes
   * one. Throws `invalid` naming the field.
   */
  async put(name: string, request: PutAlertTransport): Promise<TransportState> {
    const { alerts, secrets, clock, newId } = this.#deps;
    const kind = this.#kindOf(request.kind);
    const before = await alerts.getTransport(name);
    if (before && before.kind !== request.kind) {
      throw new AppError('conflict', 'OtherKind', `"${name}" is a transport of the kind "${before.kind}"`, {
        field: 'kind',
        remedy: 'Remove it first, or choose another name.',
      });
    }
    const settings = request.settings ?? before?.settings ?? {};
    const values = merged(kind, before ? secrets.open(before) : {}, request.secrets ?? {});
    kind.check(settings, values);
    const id = before?.id ?? newId();
    const transport: StoredTransport = {
      id,
      name,
      kind: kind.kind,
      settings,
      secretNames: Object.keys(values).toSorted(),
      sealedSecrets: secrets.seal(id, values),
      minimumSeverity: request.minimumSeverity ?? before?.minimumSeverity ?? 'warning',
      language: request.language ?? before?.language ?? 'en',
      tenants: request.tenants === undefined ? before?.tenants : (request.tenants ?? undefined),
      enabled: request.enabled ?? before?.enabled ?? true,
      createdAt: before?.createdAt ?? clock.now(),
    };
    await alerts.putTransport(transport, clock.now());
    this.#deps.changed();
    return this.get(name);
  }

  async get(name: string): Promise<TransportState> {
    const transport = await this.#find(name);
    return this.#stateOf(transport, await this.#deps.alerts.backlog());
  }

  async list(): Promise<TransportState[]> {
    const { alerts } = this.#deps;
    const backlog = await alerts.backlog();
    return (await alerts.listTransports()).map((transport) => this.#stateOf(transport, backlog));
  }

  async remove(name: string): Promise<void> {
    await this.#find(name);
    await this.#deps.alerts.removeTransport(name);
  }

  /** Says something to whoever is at the other end, now, and answers what came of it. Throws what went wrong. */
  async test(name: string, signal: AbortSignal): Promise<{ detail: string; milliseconds: number }> {
    const { clock, newId, consoleUrl } = this.#deps;
    const transport = await this.#find(name);
    const at = new Date(clock.now()).toISOString();
    const notice: AlertNotice = {
      id: `test-${newId()}`,
      kind: 'test',
      rule: 'Test',
      severity: 'warning',
      subject: { kind: 'host', ref: 'host' },
      reason: 'Test',
      since: at,
      at,
      message: `A test of the transport "${name}"`,
      url: consoleUrl,
    };
    const started = clock.now();
    const detail = await deliver(transport, notice, this.#deps, signal);
    return { detail, milliseconds: clock.now() - started };
  }

  async #find(name: string): Promise<StoredTransport> {
    const transport = await this.#deps.alerts.getTransport(name);
    if (transport) return transport;
    throw new AppError('not-found', 'TransportNotFound', `there is no transport "${name}"`, {
      field: 'name',
      remedy: 'See what there is with "agentpod alert transport list".',
    });
  }

  #kindOf(name: string): TransportKind {
    const { kinds } = this.#deps;
    const kind = kinds.get(name);
    if (kind) return kind;
    throw new AppError('invalid', 'UnknownTransport', `"${name}" is not a kind of transport`, {
      field: 'kind',
      remedy: `Use one of: ${[...kinds.keys()].join(', ')}.`,
    });
  }

  #stateOf(transport: StoredTransport, backlog: Awaited<ReturnType<AlertStore['backlog']>>): TransportState {
    return { transport, ...(backlog.get(transport.id) ?? { waiting: 0, lastError: undefined }) };
  }
}

/** The secrets it has after this; throws `invalid` when the kind knows no such secret. */
function merged(
  kind: TransportKind,
  before: Readonly<Record<string, string>>,
  given: Readonly<Record<string, string | null>>,
): Record<string, string> {
  const after = new Map(Object.entries(before));
  for (const [field, value] of Object.entries(given)) {
    if (!kind.secretFields.includes(field)) {
      throw new AppError('invalid', 'InvalidTransport', `${kind.kind} has no secret "${field}"`, {
        field: `secrets.${field}`,
        remedy: kind.secretFields.length === 0 ? 'Leave it out.' : `It has: ${kind.secretFields.join(', ')}.`,
      });
    }
    if (value === null) after.delete(field);
    else after.set(field, value);
  }
  return Object.fromEntries(after);
}
