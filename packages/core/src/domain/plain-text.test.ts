import fc from 'fast-check';
import { expect, test } from 'vitest';
import { plainText } from './plain-text.ts';

test('what takes over a terminal or reorders a line is removed; line breaks, tabs and all scripts stay', () => {
  expect(plainText('\u001b]0;owned\u0007 好的\tyes\r\nno\u202e ')).toBe(']0;owned 好的\tyes\nno');
});

test('a text too long is cut, and says so', () => {
  expect(plainText('abcdef', 4)).toBe('abc…');
  expect(plainText('abcd', 4)).toBe('abcd');
});

test('whatever comes in, no control character goes out', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(plainText(text)).not.toMatch(/(?![\n\t])\p{Cc}/u);
    }),
  );
});
