import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nextPath } from './next-path.ts';

const origin = 'https://console.example.com';

describe('where the log-in leads', () => {
  test.for([
    ['/handover?host=acme.example.com&nonce=n&next=%2Fchat', '/handover?host=acme.example.com&nonce=n&next=%2Fchat'],
    ['/', '/'],
    ['/?a=1#b', '/?a=1#b'],
  ])('a path of this site is followed: %s', ([next = '', expected]) => {
    expect(nextPath(next, origin)).toBe(expected);
  });

  test.for([
    '//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    '/.//evil.example',
    'https://evil.example/',
    'javascript:alert(1)',
    'evil',
    '',
    '/login?next=/login',
    null,
  ])('anything else becomes the list: %j', (next) => {
    expect(nextPath(next, origin)).toBe('/');
  });

  test('whatever is asked for, the browser stays on this site', () => {
    const piece = fc.constantFrom('/', '\\', '.', '\t', '\r', '\n', '@', ':', '?', '#', 'evil.example', ' ', 'https:');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        expect(new URL(nextPath(pieces.join(''), origin), origin).origin).toBe(origin);
      }),
    );
  });
});
