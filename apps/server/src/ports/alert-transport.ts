import type { AlertNotice } from '@agentpod/core';

export type { AlertNotice } from '@agentpod/core';

/** How to reach one person or room: what a transport was set up with. */
export interface TransportTarget {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, string>>;
}

/** One way to reach a person. Says what it needs, checks it, and delivers; it never retries and never waits. */
export interface TransportKind {
  readonly kind: string;
  readonly secretFields: readonly string[];
  /** Throws AppError `invalid` naming the field. */
  check(settings: Readonly<Record<string, unknown>>, secrets: Readonly<Record<string, string>>): void;
  /** Throws AppError: `unavailable` is tried again, anything else is final. */
  deliver(
    notice: AlertNotice,
    text: { title: string; body: string },
    target: TransportTarget,
    signal: AbortSignal,
  ): Promise<{ detail: string }>;
}
