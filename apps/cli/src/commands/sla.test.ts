import { describe, expect, test } from 'vitest';
import { aReport, anAvailability } from '../testing/history-views.ts';
import { served } from '../testing/served.ts';
import { fails, handled } from '../testing/stub-server.ts';
import { agentpod } from '../testing/terminal.ts';

const serve = served();
const route = 'GET /v1/sla';

describe('sla', () => {
  test('shows each tenant, and its agents where it has several; a percentage is cut, never rounded up', async () => {
    const { url } = await serve({ [route]: () => aReport() });
    const { exitCode, stdout, stderr } = await agentpod(['sla', '--month', '2026-11'], { url });
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^acme +99\.95% +20m +2 +15m +-/m);
    expect(stdout).toMatch(/^├ acme +100%/m);
    expect(stdout).toMatch(/^├ acme\/hr +99\.9%/m);
    expect(stdout).toMatch(/^lotus +100% +- +- +- +- +2h/m);
    expect(stdout).not.toContain('├ lotus');
    expect(stderr).toContain('2026-11, the whole month, time zone Asia/Shanghai');
  });

  test('is of this month where the person is, when nothing is said', async () => {
    const { url, requests } = await serve({ [route]: () => aReport({ complete: false }) });
    const { stderr } = await agentpod(['sla'], { url });
    expect(requests.at(-1)?.path).toBe('/v1/sla?month=2026-11&tz=Asia%2FShanghai');
    expect(stderr).toContain('up to now');
    await agentpod(['sla', '--tz', 'America/New_York', '--tenant', 'acme'], { url });
    expect(requests.at(-1)?.path).toBe('/v1/sla?month=2026-10&tz=America%2FNew_York&tenant=acme');
  });

  test('-o csv is what the server made, byte for byte', async () => {
    const csv = 'month,tenant\r\n2026-11,"a ""b"""\r\n';
    const { url, requests } = await serve({
      [route]: (_request, response) => {
        response.setHeader('content-type', 'text/csv');
        response.end(`${csv}\u001b]0;owned\u0007`);
        return handled;
      },
    });
    const { stdout } = await agentpod(['sla', '--month', '2026-11', '-o', 'csv'], { url });
    expect(requests.at(-1)?.path).toContain('format=csv');
    expect(stdout).toBe(`${csv}]0;owned`);
  });

  test('-o json and yaml carry the report', async () => {
    const { url } = await serve({ [route]: () => aReport() });
    expect(JSON.parse((await agentpod(['sla', '--json'], { url })).stdout)).toEqual(aReport());
    expect((await agentpod(['sla', '-o', 'yaml'], { url })).stdout).toContain('tenant: lotus');
  });

  test('no time that counts is a dash, and no tenant at all is said', async () => {
    const { fraction: _, ...nothing } = anAvailability({ answeringSeconds: 0 });
    const { url } = await serve({ [route]: () => aReport({ tenants: [{ tenant: 'acme', ...nothing, agents: [] }] }) });
    expect((await agentpod(['sla'], { url })).stdout).toMatch(/^acme +- +-/m);
    const empty = await serve({ [route]: () => aReport({ tenants: [] }) });
    const { exitCode, stdout, stderr } = await agentpod(['sla'], { url: empty.url });
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' });
    expect(stderr).toContain('Nothing was recorded in 2026-11');
  });

  test('reads naturally in Chinese', async () => {
    const { url } = await serve({ [route]: () => aReport() });
    const { stdout, stderr } = await agentpod(['sla', '--lang', 'zh'], { url });
    expect(stdout).toMatch(/^名称 +可用率 +中断 +次数 +最长/m);
    expect(stderr).toContain('2026-11，整月');
  });

  test('a time zone that does not exist, here or there, is exit 2', async () => {
    const { url } = await serve({ [route]: fails('invalid', 'UnknownTimeZone', 'no such zone', { field: 'tz' }) });
    expect(await agentpod(['sla', '--tz', 'Mars/Olympus'], { url })).toMatchObject({ exitCode: 2 });
    expect(await agentpod(['sla', '--tz', 'UTC'], { url })).toMatchObject({ exitCode: 2 });
  });
});

test.each([['list'], ['status', 'acme'], ['stop', 'acme']])('%s takes no csv, and does nothing', async (...argv) => {
  const { url, requests } = await serve({});
  const { exitCode, stderr } = await agentpod([...argv, '-o', 'csv'], { url });
  expect(exitCode).toBe(2);
  expect(stderr).toContain('"csv" is no value for "-o, --output <format>"');
  expect(requests).toEqual([]);
});
