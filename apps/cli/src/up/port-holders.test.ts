import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { listeningOn } from '../testing/fake-docker.ts';
import { listeningInodes, portHolder } from './port-holders.ts';

test('only listening sockets of that very port count', () => {
  const established = listeningOn(80, 2).replace(' 0A ', ' 01 ');
  const table = `  sl  local_address rem_address   st\n${listeningOn(80, 1)}${established}${listeningOn(8080, 3)}`;
  expect(listeningInodes(table, 80)).toEqual(['1']);
  expect(listeningInodes(table, 8080)).toEqual(['3']);
  expect(listeningInodes(table, 443)).toEqual([]);
});

test.runIf(process.platform === 'linux')('a port that this process holds is found, with its name', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  expect(await portHolder(port, '/proc')).toMatchObject({ pid: process.pid });
  server.close();
  await once(server, 'close');
  expect(await portHolder(port, '/proc')).toBeUndefined();
});
