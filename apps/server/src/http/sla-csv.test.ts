import type { AvailabilityView, SlaReport } from '@agentpod/core';
import { expect, test } from 'vitest';
import { slaCsv } from './sla-csv.ts';

const view: AvailabilityView = {
  answeringSeconds: 10,
  downSeconds: 0,
  unknownSeconds: 1.5,
  maintenanceSeconds: 0,
  stoppedSeconds: 0,
  degradedSeconds: 0,
  outages: 0,
  longestOutageSeconds: 0,
};
const report = (tenant: string, fraction?: number): SlaReport => ({
  month: '2026-11',
  tz: 'UTC',
  from: '2026-11-01T00:00:00.000Z',
  to: '2026-12-01T00:00:00.000Z',
  complete: true,
  tenants: [{ tenant, ...view, ...(fraction === undefined ? {} : { fraction }), agents: [] }],
});
const row = (tenant: string, fraction?: number) => slaCsv(report(tenant, fraction)).split('\r\n')[1];

test.each(['=cmd()', '+1', '-1', '@x', '\tx'])('a name like "%s" is no formula', (name) => {
  expect(row(name)).toContain(`'${name}`);
});

test('quotes, commas and line ends stay within their cell', () => {
  expect(slaCsv(report('a,"b"\r\nc'))).toContain('"a,""b""\r\nc"');
});

test('no time that counts is an empty cell, and a percentage is cut, never rounded up', () => {
  expect(row('acme')).toBe('2026-11,UTC,acme,,,10,0,0,0,0,0,1.5,0');
  expect(row('acme', 0.9999999)).toBe('2026-11,UTC,acme,,99.999,10,0,0,0,0,0,1.5,0');
});
