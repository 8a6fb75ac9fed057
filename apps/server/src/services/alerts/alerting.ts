import type { AlertStore } from '../../ports/alert-store.ts';
import type { TransportKind } from '../../ports/alert-transport.ts';
import type { Vault } from '../../ports/vault.ts';
import { AlertEvaluator, type AlertEvaluatorDeps } from './alert-evaluator.ts';
import { AlertViews } from './alert-views.ts';
import { HostChecks, type HostLook } from './host-checks.ts';
import { OutboxWorker, type OutboxWorkerDeps } from './outbox-worker.ts';
import { QuietTimes, type QuietTimesDeps } from './quiet-times.ts';
import { TransportSecrets } from './transport-secrets.ts';
import { Transports } from './transports.ts';

export interface AlertingDeps
  extends
    Pick<AlertEvaluatorDeps, 'clock' | 'startDeadlineSeconds' | 'consoleUrl' | 'remindEveryHours' | 'onError'>,
    Pick<OutboxWorkerDeps, 'random'>,
    Pick<QuietTimesDeps, 'newId'> {
  readonly alerts: AlertStore;
  readonly store: AlertEvaluatorDeps['store'] & QuietTimesDeps['store'];
  readonly vault: Vault;
  readonly kinds: readonly TransportKind[];
  readonly looks: readonly HostLook[];
}

/** Everything about alerts, put together: who decides, who delivers, and what people may ask and say. */
export function createAlerting({ vault, looks, kinds, ...deps }: AlertingDeps) {
  const delivering = {
    ...deps,
    kinds: new Map(kinds.map((kind) => [kind.kind, kind])),
    secrets: new TransportSecrets(vault),
  };
  const worker = new OutboxWorker(delivering);
  const evaluator = new AlertEvaluator({
    ...deps,
    hostChecks: new HostChecks(looks, deps.clock),
    decided: () => worker.wake(),
  });
  return {
    alerts: new AlertViews(deps.alerts, deps.clock),
    quietTimes: new QuietTimes({ ...deps, changed: () => evaluator.wake() }),
    transports: new Transports({ ...delivering, changed: () => worker.wake() }),
    statusSaved: evaluator.statusSaved.bind(evaluator),
    start(): void {
      worker.start();
      evaluator.start();
    },
    async stop(): Promise<void> {
      await evaluator.stop();
      await worker.stop();
    },
  };
}
