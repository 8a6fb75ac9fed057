import { expect, test } from 'vitest';
import { formatAgentRef, handleOf, hostOf, parseAgentRef } from './names.ts';

test('a tenant alone means its main agent', () => {
  expect(parseAgentRef('acme')).toEqual({ tenant: 'acme', agent: 'main' });
  expect(formatAgentRef({ tenant: 'acme', agent: 'main' })).toBe('acme');
  expect(formatAgentRef(parseAgentRef('acme/hr'))).toBe('acme/hr');
});

test.each([
  '',
  'Acme',
  '-acme',
  'acme-',
  'a.b',
  'acme/hr/x',
  'acme/',
  '/hr',
  'a b',
  'acme;rm',
  'console',
  'a'.repeat(41),
  '客户',
])('"%s" is refused by name', (text) => {
  expect(() => parseAgentRef(text)).toThrow(expect.objectContaining({ kind: 'invalid', reason: 'InvalidName' }));
});

test('hosts are one label below the base domain', () => {
  expect(hostOf({ tenant: 'acme', agent: 'main' }, 'example.com')).toBe('acme.example.com');
  expect(hostOf({ tenant: 'acme', agent: 'hr' }, 'example.com')).toBe('acme-hr.example.com');
});

test('a bridge name made of the handle fits into the 15 characters Linux allows', () => {
  expect(`agp${handleOf('0193b1a0-0000-7000-8000-0123456789ab')}`).toBe('agp0123456789ab');
});
