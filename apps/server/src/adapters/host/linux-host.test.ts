import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { networkInterfaces } from 'node:os';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LinuxHost } from './linux-host.ts';

const table = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
agp0123\t0800CB0A\t00000000\t0001\t0\t0\t0\tF8FFFFFF\t0\t0\t0
*\t0000CB0A\t00000000\t0200\t0\t0\t0\t0000FFFF\t0\t0\t0
`;

function interfacesOf(devices: Record<string, readonly string[]>): typeof networkInterfaces {
  return () =>
    Object.fromEntries(
      Object.entries(devices).map(([device, addresses]) => [
        device,
        addresses.map((address) => ({
          address,
          netmask: '255.255.255.0',
          mac: '00:00:00:00:00:00',
          internal: device === 'lo',
          cidr: null,
          ...(address.includes(':') ? { family: 'IPv6' as const, scopeid: 0 } : { family: 'IPv4' as const }),
        })),
      ]),
    );
}

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'host-'));
  await writeFile(join(folder, 'route'), table);
});
afterEach(async () => rm(folder, { recursive: true }));

const hostOf = (devices: Record<string, readonly string[]>): LinuxHost =>
  new LinuxHost({
    routeFile: join(folder, 'route'),
    memoryFile: join(folder, 'meminfo'),
    interfaces: interfacesOf(devices),
  });

describe('routes', () => {
  test('destinations are read as subnets, without the default route and without routes that lead nowhere', async () => {
    expect(await hostOf({}).routes()).toEqual(['192.168.1.0/24', '10.203.0.8/29']);
  });

  test('the table of this machine can be read', async () => {
    for (const route of await new LinuxHost().routes()) expect(route).toMatch(/^\d+\.\d+\.\d+\.\d+\/\d+$/);
  });
});

describe('memory', () => {
  test('is the total of the machine in bytes', async () => {
    await writeFile(join(folder, 'meminfo'), 'MemTotal:        4030000 kB\nMemFree:  1000 kB\n');
    expect(hostOf({}).memoryBytes()).toBe(4_030_000 * 1024);
    expect(new LinuxHost().memoryBytes()).toBeGreaterThan(64 * 1024 ** 2);
    expect(new LinuxHost().cpus()).toBeGreaterThan(0);
  });

  test('a file that says nothing is a failure, not zero', async () => {
    await writeFile(join(folder, 'meminfo'), 'nothing\n');
    expect(() => hostOf({}).memoryBytes()).toThrow('does not say');
  });
});

describe('addresses', () => {
  const all = {
    lo: ['127.0.0.1', '::1'],
    agp01: ['10.203.0.9'],
    docker0: ['172.17.0.1'],
    eth0: ['fe80::1', '192.168.1.5'],
  };

  test('the outward address is the one of the default route', async () => {
    expect(await hostOf(all).outwardAddress()).toBe('192.168.1.5');
  });

  test('without a default route it is any other address, but never loopback or one of our bridges', async () => {
    await writeFile(join(folder, 'route'), table.split('\n')[0] ?? '');
    expect(await hostOf(all).outwardAddress()).toBe('172.17.0.1');
    expect(await hostOf({ lo: ['127.0.0.1'], agp01: ['10.203.0.9'] }).outwardAddress()).toBeUndefined();
  });

  test('the outward address is remembered for a minute, its absence never', async () => {
    let now = 0;
    let devices: Record<string, readonly string[]> = {};
    const host = new LinuxHost({
      routeFile: join(folder, 'route'),
      interfaces: () => interfacesOf(devices)(),
      now: () => now,
    });
    expect(await host.outwardAddress()).toBeUndefined();
    devices = all;
    expect(await host.outwardAddress()).toBe('192.168.1.5');
    devices = { eth0: ['192.168.1.6'] };
    now = 59_999;
    expect(await host.outwardAddress()).toBe('192.168.1.5');
    now = 60_000;
    expect(await host.outwardAddress()).toBe('192.168.1.6');
  });

  test('the local addresses are all of them', async () => {
    expect(await hostOf(all).localAddresses()).toEqual([
      '127.0.0.1',
      '::1',
      '10.203.0.9',
      '172.17.0.1',
      'fe80::1',
      '192.168.1.5',
    ]);
  });
});

describe('names', () => {
  let server: Socket | undefined;
  afterEach(async () => {
    if (!server) return;
    server.close();
    await once(server, 'close');
    server = undefined;
  });

  /** A DNS server that answers every question with this code and, when the code is 0, the address 192.0.2.7. */
  async function dnsServer(answer: { code: number } | 'silence'): Promise<string> {
    const socket = createSocket('udp4');
    server = socket;
    socket.on('message', (question, from) => {
      if (answer === 'silence') return;
      const isA = question.readUInt16BE(question.indexOf(0, 12) + 1) === 1;
      const hasAnswer = answer.code === 0 && isA;
      const header = Buffer.from(question.subarray(0, 12));
      header.writeUInt16BE(0x8180 | answer.code, 2);
      header.writeUInt16BE(hasAnswer ? 1 : 0, 6);
      header.writeUInt16BE(0, 10);
      const body = question.subarray(12, question.indexOf(0, 12) + 5);
      const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 7]);
      socket.send(Buffer.concat([header, body, hasAnswer ? record : Buffer.alloc(0)]), from.port, from.address);
    });
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return `127.0.0.1:${socket.address().port}`;
  }

  test('the system resolver knows this machine', async () => {
    const host = new LinuxHost();
    expect(await host.resolve('localhost')).toContain('127.0.0.1');
  });

  test('a resolver of our choice is asked', async () => {
    expect(await new LinuxHost({ resolver: await dnsServer({ code: 0 }) }).resolve('acme.example.com')).toEqual([
      '192.0.2.7',
    ]);
  });

  test('a name that does not exist has no addresses', async () => {
    expect(await new LinuxHost({ resolver: await dnsServer({ code: 3 }) }).resolve('nobody.example.com')).toEqual([]);
  });

  test.each([
    ['refuses', { code: 5 }],
    ['says nothing', 'silence'],
  ] as const)('a resolver that %s is a failure, not an absence', async (_, answer) => {
    const host = new LinuxHost({ resolver: await dnsServer(answer), resolveMs: 300 });
    await expect(host.resolve('acme.example.com')).rejects.toMatchObject({
      kind: 'unavailable',
      reason: 'ResolverUnreachable',
    });
  });
});
