import { expect, test } from 'vitest';
import { AppError } from '@agentpod/core';
import { checkedAddresses, refuseLiteral } from './checked-addresses.ts';
import { testNetwork } from './listener-under-test.ts';
import { thisMachine } from './network.ts';
import { reachOf } from './reach.ts';

const own = ['203.0.114.7', '2001:470::7'];

test.each([
  ['1.1.1.1', 'public'],
  ['110.75.220.1', 'public'],
  ['2606:4700:4700::1111', 'public'],
  ['64:ff9b::101:101', 'public'],
  ['127.0.0.1', 'local'],
  ['127.8.8.8', 'local'],
  ['::1', 'local'],
  ['10.203.255.1', 'local'],
  ['172.16.0.1', 'local'],
  ['192.168.1.10', 'local'],
  ['100.64.0.1', 'local'],
  ['fd12:3456::1', 'local'],
  ['64:ff9b::7f00:1', 'local'],
  ['203.0.114.7', 'local'],
  ['2001:470:0::7', 'local'],
  ['0.0.0.0', 'never'],
  ['::', 'never'],
  ['169.254.169.254', 'never'],
  ['64:ff9b::a9fe:a9fe', 'never'],
  ['100.100.100.200', 'never'],
  ['168.63.129.16', 'never'],
  ['192.0.0.192', 'never'],
  ['fd00:ec2::254', 'never'],
  ['fe80::1', 'never'],
  ['fe80::1%eth0', 'never'],
  ['224.0.0.1', 'never'],
  ['ff02::1', 'never'],
  ['255.255.255.255', 'never'],
  ['240.0.0.1', 'never'],
  ['::ffff:127.0.0.1', 'never'],
  ['::ffff:1.1.1.1', 'never'],
  ['::127.0.0.1', 'never'],
  ['2002:7f00:1::', 'never'],
  ['2001::1', 'never'],
  ['4000::1', 'never'],
  ['not an address', 'never'],
])('%s is %s', (address, reach) => {
  expect(reachOf(address, own)).toBe(reach);
});

test.each(['localhost', 'db.localhost', 'LOCALHOST.', '127.0.0.1', '::1'])('%s is local without asking DNS', (host) => {
  expect(() => refuseLiteral(host, false, testNetwork())).toThrow(
    expect.objectContaining({ reason: 'AddressRefused' }),
  );
  expect(() => refuseLiteral(host, true, testNetwork())).not.toThrow();
});

test('metadata stays refused although private networks are allowed', () => {
  expect(() => refuseLiteral('169.254.169.254', true, testNetwork())).toThrow(AppError);
});

test('one forbidden address among good ones is enough to refuse the name', async () => {
  const resolve = () =>
    Promise.resolve([
      { address: '1.1.1.1', family: 4 },
      { address: '10.0.0.1', family: 4 },
    ]);
  await expect(checkedAddresses('mixed.example', false, testNetwork({ resolve }))).rejects.toMatchObject({
    kind: 'forbidden',
    reason: 'AddressRefused',
    field: 'settings.allowPrivate',
  });
});

test('the addresses of this machine are known', () => {
  expect(thisMachine.ownAddresses()).toContain('127.0.0.1');
});
