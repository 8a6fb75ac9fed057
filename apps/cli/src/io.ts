import type { Readable, Writable } from 'node:stream';

export type Input = Readable & { readonly isTTY?: boolean };
export type Output = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** Everything a command has of the world around it, so that tests can give it another one. */
export interface Io {
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Where Linux tells who listens on what: `/proc`. */
  readonly proc: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** IANA name of where the person is. */
  readonly timeZone: () => string;
  /** Rejects when `signal` or `interrupted` is aborted meanwhile. */
  readonly sleep: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
  /** Aborted when the person presses Ctrl-C. */
  readonly interrupted: AbortSignal;
}

/** Resolves when the text was taken, so that a slow reader slows the writer down. */
export function write(output: Output, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    output.write(text, (error) => (error ? reject(error) : resolve()));
  });
}
