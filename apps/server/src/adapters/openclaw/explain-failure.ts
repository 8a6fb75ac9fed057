import { type LogLine, plainText } from '@agentpod/core';
import { z } from 'zod';
import type { Evidence, Failure } from '../../ports/agent-driver.ts';
import { knownFailures, noise } from './failures.ts';
import { hideTokens } from './hide-tokens.ts';

const mostLines = 300;
/** Before any pattern sees it. */
const longestMessage = 2000;
const longestSentence = 300;

interface Entry {
  readonly isError: boolean;
  readonly message: string;
}

const words = z.string().optional().catch(undefined);
const JsonLine = z.object({ level: words, message: z.string(), failoverReason: words });
/** `2026-11-25T04:11:24.910+00:00 [gateway] message` */
const consolePrefix = /^\d{4}-\d\d-\d\dT[\d:.]{8,15}(?:Z|[+-]\d\d:\d\d)\s(?:\[[\w/.-]{1,60}\]\s)?/;

/** The newest failure that the evidence tells of; for an ended agent, only what can be why it ended. */
export function explainFailure({ lines, exitCode, outOfMemory }: Evidence): Failure | undefined {
  if (outOfMemory) {
    return { kind: 'OutOfMemory', message: 'It needed more memory than its limit allows', transient: false };
  }
  // Zero is a clean end, whatever was wrong before.
  if (exitCode === 0) return undefined;
  const hasEnded = exitCode !== undefined;
  for (const { isError, message } of entriesOf(lines).toReversed()) {
    const known = classify(message);
    if (known?.ends || (known && !hasEnded)) return failureOf(known);
    const isNews = isError && !noise.some((pattern) => pattern.test(message));
    if (!known && isNews && !(hasEnded && isBySignal(exitCode))) return unclassified(message);
  }
  return undefined;
}

/** Ended from outside: its own last words were about something else. 134 is its own `abort`. */
function isBySignal(exitCode: number): boolean {
  return exitCode > 128 && exitCode !== 134;
}

function classify(message: string) {
  for (const { says, message: sentence, kind, ends, transient } of knownFailures) {
    const match = says.exec(message);
    if (match) return { kind, ends, transient: transient ?? false, message: filled(sentence, match[1]) };
  }
  return undefined;
}

function filled(sentence: string, found: string | undefined): string {
  if (found === undefined) return sentence.replace(/ \(\$1\)|:\$1/, '');
  return sentence.replace('$1', () => found.trimEnd().replace(/\n\s{0,20}× /g, '; '));
}

function failureOf({ kind, message, transient }: Failure): Failure {
  return { kind, message: plainText(hideTokens(message), longestSentence), transient };
}

function unclassified(message: string): Failure {
  return failureOf({ kind: 'Unclassified', message: withoutAdvice(message).replace(/\s+/g, ' '), transient: false });
}

/** Sentences for somebody with a shell on a machine of their own. */
function withoutAdvice(message: string): string {
  const start = message.search(
    /\s(?:\| gateway\.maintenance_required|Run ["`]?openclaw|Stop the service with|To view logs)/,
  );
  return start > 0 ? message.slice(0, start) : message;
}

function entriesOf(lines: readonly LogLine[]): Entry[] {
  const entries: Entry[] = [];
  for (const { stream, line } of lines.slice(-mostLines)) {
    const entry = jsonEntry(line) ?? plainEntry(line, stream);
    const before = entries.at(-1);
    if (before && belongTogether(before, entry)) {
      entries[entries.length - 1] = { isError: true, message: `${before.message}\n${entry.message}` };
    } else if (entry.message !== '') {
      entries.push(entry);
    }
  }
  return entries;
}

/**
 * "Invalid config at …:" and what is wrong come as one message or as two lines; what `config validate` finds comes as one
 * line each.
 */
function belongTogether(before: Entry, next: Entry): boolean {
  if (!before.isError || before.message.length > longestMessage) return false;
  if (/Invalid config at [^\n]{1,300}:$/.test(before.message)) return true;
  return finding.test(before.message) && finding.test(next.message);
}

const finding = /^\s{0,20}× /;

function jsonEntry(line: string): Entry | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const { level, message, failoverReason } = JsonLine.parse(JSON.parse(line));
    const reason = failoverReason === undefined ? '' : ` failoverReason=${failoverReason.slice(0, 40)}`;
    return {
      isError: level === 'error' || level === 'fatal',
      // What an agent's people wrote may stand in lines of lower levels.
      message: level === 'info' || level === 'debug' || level === 'trace' ? '' : cut(message) + reason,
    };
  } catch {
    // Cut off, or not its log: nothing that could be read.
    return { isError: false, message: '' };
  }
}

function plainEntry(line: string, stream: LogLine['stream']): Entry {
  const isError = stream === 'stderr';
  return { isError, message: isError ? cut(line).replace(consolePrefix, '') : '' };
}

function cut(text: string): string {
  return text.length > longestMessage ? text.slice(0, longestMessage) : text;
}
