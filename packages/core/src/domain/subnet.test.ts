import fc from 'fast-check';
import { expect, test } from 'vitest';
import { gatewayBlock, nextFreeBlock, overlaps, parseSubnet } from './subnet.ts';

const supernet = '10.203.0.0/16';

test('the first agent gets the first block, with the bridge at .1 and the agent at .2', () => {
  expect(nextFreeBlock(supernet, new Set(), [])).toEqual({
    subnet: '10.203.0.0/29',
    gateway: '10.203.0.1',
    address: '10.203.0.2',
  });
});

test('the gateway has the last /24 to itself', () => {
  expect(gatewayBlock(supernet).gateway).toBe('10.203.255.1');
  const small = '10.203.0.0/23';
  const taken = new Set<string>();
  for (let count = 0; count < 32; count++) taken.add(nextFreeBlock(small, taken, []).subnet);
  expect([...taken].filter((subnet) => overlaps(subnet, '10.203.1.0/24'))).toEqual([]);
  expect(() => nextFreeBlock(small, taken, [])).toThrow(/in use/);
});

test('blocks never overlap a stranger or one another', () => {
  const stranger = fc.record({
    third: fc.nat({ max: 3 }),
    fourth: fc.nat({ max: 255 }),
    prefix: fc.integer({ min: 24, max: 32 }),
  });
  fc.assert(
    fc.property(fc.array(stranger, { maxLength: 6 }), fc.integer({ min: 1, max: 40 }), (strangers, count) => {
      const foreign = strangers.map(({ third, fourth, prefix }) => `10.203.${third}.${fourth}/${prefix}`);
      const taken = new Set<string>();
      for (let index = 0; index < count; index++) {
        const { subnet } = nextFreeBlock(supernet, taken, foreign);
        expect(foreign.some((one) => overlaps(one, subnet))).toBe(false);
        expect([...taken].some((one) => overlaps(one, subnet))).toBe(false);
        taken.add(subnet);
      }
    }),
  );
});

test.each(['10.203.0.0', '10.203.0.0/33', '300.1.1.1/8', 'fd00::/8', ''])('"%s" is refused', (text) => {
  expect(() => parseSubnet(text)).toThrow(/not an IPv4 subnet/);
});
