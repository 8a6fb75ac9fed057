import { alertMessage, AppError, type AlertNotice, plainText, toAppError } from '@agentpod/core';
import type { StoredTransport } from '../../ports/alert-store.ts';
import type { TransportKind } from '../../ports/alert-transport.ts';
import type { Clock } from '../../ports/clock.ts';
import type { TransportSecrets } from './transport-secrets.ts';

export interface DeliverDeps {
  readonly kinds: ReadonlyMap<string, TransportKind>;
  readonly secrets: TransportSecrets;
  readonly clock: Clock;
}

const timeoutMs = 30_000;
const longestDetail = 300;

/**
 * One attempt. Answers what the other side said; throws `unavailable` when trying again may help, and `terminal` when it
 * will not. No secret of the transport stands in either.
 */
export async function deliver(
  transport: StoredTransport,
  notice: AlertNotice,
  { kinds, secrets, clock }: DeliverDeps,
  signal: AbortSignal,
): Promise<string> {
  const kind = kinds.get(transport.kind);
  if (!kind) throw new AppError('terminal', 'UnknownTransport', `there is no kind of transport "${transport.kind}"`);
  const opened = secrets.open(transport);
  const hide = (text: string): string =>
    plainText(
      Object.values(opened).reduce(
        (hidden, secret) => (secret === '' ? hidden : hidden.replaceAll(secret, '***')),
        text,
      ),
      longestDetail,
    );
  const late = new AbortController();
  const overdue = Promise.withResolvers<never>();
  const cancel = clock.after(timeoutMs, () => {
    late.abort();
    overdue.reject(new Error('overdue'));
  });
  try {
    const text = alertMessage(notice, transport.language);
    const target = { settings: transport.settings, secrets: opened };
    const attempt = kind.deliver(notice, text, target, AbortSignal.any([signal, late.signal]));
    const { detail } = await Promise.race([attempt, overdue.promise]);
    return hide(detail);
  } catch (thrown) {
    if (late.signal.aborted) {
      throw new AppError('unavailable', 'DeliveryTimeout', `no answer within ${timeoutMs / 1000} s`, { cause: thrown });
    }
    const error = toAppError(thrown);
    const retries = error.kind === 'unavailable' || signal.aborted;
    throw new AppError(retries ? 'unavailable' : 'terminal', error.reason, hide(error.message), {
      cause: thrown,
      ...(error.remedy === undefined ? {} : { remedy: hide(error.remedy) }),
    });
  } finally {
    cancel();
  }
}
