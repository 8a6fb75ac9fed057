import type { Io } from './io.ts';
import type { Language } from './language.ts';
import type { Messages } from './messages/zh.ts';

export type Format = 'table' | 'json' | 'yaml' | 'csv';

/** Options that every command understands. */
export interface Flags {
  readonly output: Format;
  readonly url?: string | undefined;
  readonly token?: string | undefined;
  readonly quiet: boolean;
}

/** What a command gets besides its own arguments. */
export interface Context {
  readonly io: Io;
  readonly t: Messages;
  readonly language: Language;
  readonly flags: Flags;
}

/** A command answers with its exit code; failures are thrown. */
export type Action = (context: Context) => Promise<number>;
export type Run = (action: Action) => Promise<void>;
