import { expect, test } from 'vitest';
import { escapeForMachines, neutralise, neutraliseLine } from './neutralise.ts';

test.each([
  ['colours and cursor moves', '\u001b[31mred\u001b[0m \u001b[2Jgone', 'red gone'],
  ['a title change', '\u001b]0;owned\u0007text', 'text'],
  ['a hyperlink', '\u001b]8;;http://evil/\u001b\\click\u001b]8;;\u001b\\', 'click'],
  ['the 8-bit form of ESC [', '\u009b31mred', 'red'],
  ['a lone escape', 'a\u001b', 'a\u241b'],
  ['a carriage return that would overwrite the line', 'safe\rEVIL', 'safe␍EVIL'],
  ['backspaces and bells', 'a\u0008b\u0007', 'a␈b␇'],
  ['delete', 'a\u007fb', 'a␡b'],
  ['marks that turn the direction of writing', 'a\u202eb\u2066c', 'a\ufffdb\ufffdc'],
])('%s cannot reach the terminal', (_what, hostile, harmless) => {
  const shown = neutralise(hostile);
  expect(shown).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
  expect(shown).toBe(harmless);
});

test('lines, tabs, Chinese and emoji stay as they are', () => {
  expect(neutralise('一\t二\r\n三 🙂')).toBe('一\t二\n三 🙂');
  expect(neutraliseLine('a\n  b\tc')).toBe('a b c');
});

test('JSON keeps its content and loses its teeth', () => {
  const value = { line: '\u009b2J\u007f\u202e' };
  const text = escapeForMachines(JSON.stringify(value));
  expect(text).toBe('{"line":"\\u009b2J\\u007f\\u202e"}');
  expect(JSON.parse(text)).toEqual(value);
});
