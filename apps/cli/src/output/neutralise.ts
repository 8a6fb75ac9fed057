import { stripVTControlCharacters } from 'node:util';

// C0 without tab and line feed, DEL, C1 (terminals obey U+009B like ESC [), line separators and the marks that turn
// the direction of writing. Agents write logs and replies, and whoever steers an agent must not steer a terminal.
const dangerous = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Text from somewhere else, safe to write to a terminal: sequences are removed, stray control characters shown. */
export function neutralise(text: string): string {
  return stripVTControlCharacters(text.replaceAll('\r\n', '\n')).replaceAll(dangerous, picture);
}

/** The same, on one line. */
export function neutraliseLine(text: string): string {
  return neutralise(text)
    .replaceAll(/\s*[\n\t]\s*/g, ' ')
    .trim();
}

/** For JSON and for double-quoted YAML: nothing is lost, and nothing reaches the terminal as it is. */
export function escapeForMachines(text: string): string {
  return text.replaceAll(dangerous, (character) => `\\u${character.codePointAt(0)?.toString(16).padStart(4, '0')}`);
}

/** For what programs read line by line and cell by cell: line ends stay as they are. */
export function withoutControls(text: string): string {
  return text.replaceAll(dangerous, (character) => (character === '\r' ? character : ''));
}

export function hasDangerous(text: string): boolean {
  return text.search(dangerous) !== -1;
}

function picture(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  return code === 0x7f ? '\u2421' : '\ufffd';
}
