import { Transform } from 'node:stream';

const mark = '[redacted]';

/** Below this it is a word (`ollama`, `none`) that servers without keys are given, and may well be said. */
const shortestKey = 8;

/** Takes a key out of what goes back to the agent: some providers repeat the key that they refuse. */
export interface Redaction {
  readonly text: (text: string) => string;
  /** For a body as it streams; holds back only what may be the beginning of the key. */
  readonly stream: () => Transform[];
}

export function redactionOf(key: string | undefined): Redaction {
  if (key === undefined || key.length < shortestKey) return { text: (text) => text, stream: () => [] };
  // Also as JSON may write it.
  const patterns = [...new Set([key, key.replaceAll('/', String.raw`\/`)])];
  const text = (given: string) => patterns.reduce((rest, pattern) => rest.replaceAll(pattern, mark), given);
  return { text, stream: () => [redactingStream(patterns, text)] };
}

/** Works on bytes, one character each, so that it never cuts a letter in two: keys are ASCII, as headers are. */
function redactingStream(patterns: readonly string[], redact: (text: string) => string): Transform {
  let held = '';
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const text = redact(held + chunk.toString('latin1'));
      const end = text.length - beginningAtEnd(text, patterns);
      held = text.slice(end);
      done(null, Buffer.from(text.slice(0, end), 'latin1'));
    },
    flush(done) {
      done(null, Buffer.from(held, 'latin1'));
    },
  });
}

/** How many characters at the end of the text may be the beginning of a pattern. */
function beginningAtEnd(text: string, patterns: readonly string[]): number {
  let longest = 0;
  for (const pattern of patterns) {
    for (let length = Math.min(pattern.length - 1, text.length); length > longest; length--) {
      if (text.endsWith(pattern.slice(0, length))) longest = length;
    }
  }
  return longest;
}
