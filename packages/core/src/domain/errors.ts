/**
 * What went wrong decides what happens next: the HTTP status, the exit code of the CLI and whether the
 * controller tries again all follow from the kind, and from nothing else.
 */
export const errorKinds = {
  invalid: { http: 400, exit: 2, reconcile: 'stalled' },
  unauthorized: { http: 401, exit: 7, reconcile: 'stalled' },
  forbidden: { http: 403, exit: 7, reconcile: 'stalled' },
  'not-found': { http: 404, exit: 3, reconcile: 'retry' },
  conflict: { http: 409, exit: 4, reconcile: 'retry' },
  terminal: { http: 422, exit: 6, reconcile: 'stalled' },
  unavailable: { http: 503, exit: 5, reconcile: 'retry' },
  bug: { http: 500, exit: 70, reconcile: 'retry' },
} as const;

export type ErrorKind = keyof typeof errorKinds;

export interface AppErrorOptions {
  readonly cause?: unknown;
  /** Which field of the request is wrong, as a dotted path (`spec.resources.memory`). */
  readonly field?: string;
  /** What the reader can do about it, one sentence. */
  readonly remedy?: string;
}

/** The only error that is thrown on purpose. `reason` is one PascalCase word that code may match on. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly kind: ErrorKind;
  readonly reason: string;
  readonly field: string | undefined;
  readonly remedy: string | undefined;

  constructor(kind: ErrorKind, reason: string, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.reason = reason;
    this.field = options.field;
    this.remedy = options.remedy;
  }
}

/** An untyped failure is a bug of ours; a typed one is passed on as it is. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new AppError('bug', 'Bug', message, { cause: error });
}
