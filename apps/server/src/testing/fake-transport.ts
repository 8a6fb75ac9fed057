import { type AlertNotice, AppError } from '@agentpod/core';
import type { TransportKind, TransportTarget } from '../ports/alert-transport.ts';

export interface Received {
  readonly notice: AlertNotice;
  readonly text: { readonly title: string; readonly body: string };
  readonly target: TransportTarget;
}

/** A transport whose other side is a list. */
export class FakeTransport implements TransportKind {
  readonly kind: string;
  readonly secretFields = ['password'];
  readonly received: Received[] = [];
  /** What the other side does before it takes a notice; may throw, and may take its time. */
  behave: (received: Received) => Promise<void> | void = () => undefined;

  constructor(kind = 'fake') {
    this.kind = kind;
  }

  check(settings: Readonly<Record<string, unknown>>, secrets: Readonly<Record<string, string>>): void {
    if (typeof settings['to'] !== 'string') throw invalid('settings.to');
    if (secrets['password'] === undefined) throw invalid('secrets.password');
  }

  async deliver(
    notice: AlertNotice,
    text: { title: string; body: string },
    target: TransportTarget,
    signal: AbortSignal,
  ): Promise<{ detail: string }> {
    signal.throwIfAborted();
    const received = { notice, text, target };
    await this.behave(received);
    this.received.push(received);
    return { detail: `${String(target.settings['to'])} has it` };
  }
}

/** The other side does not answer, but may later. */
export const away = (): never => {
  throw new AppError('unavailable', 'Away', 'connection refused');
};

function invalid(field: string): AppError {
  return new AppError('invalid', 'InvalidTransport', `fake: ${field}: is missing`, { field });
}
