import type { AgentHistory } from '@agentpod/core';
import { describe, expect, test } from 'vitest';
import { anAgentView } from '../testing/agent-views.ts';
import { aHistory, anAvailability, aPoint } from '../testing/history-views.ts';
import { served } from '../testing/served.ts';
import { fails, type Route } from '../testing/stub-server.ts';
import { agentpod, type TerminalOptions } from '../testing/terminal.ts';

const serve = served();
const at = (suffix = '') => `GET /v1/agents/acme/main${suffix}`;

async function status(history: Route, options: TerminalOptions = {}, argv: readonly string[] = []) {
  const { url, requests } = await serve({
    [at()]: () => anAgentView(),
    [at('/events')]: () => ({ items: [] }),
    [at('/history')]: history,
  });
  return { ...(await agentpod(['status', 'acme', ...argv], { url, ...options })), requests };
}
const troubled = (): AgentHistory => {
  const segment = (from: string, to: string, presence: 'answering' | 'down' | 'unknown' | 'unwanted') => {
    const states = { answering: 'ready', down: 'stalled', unknown: 'unknown', unwanted: 'stopped' } as const;
    const time = (hour: string) => `2026-10-31T${hour}:00.000Z`;
    return { from: time(from), to: time(to), state: states[presence], presence, reason: 'x' };
  };
  return aHistory({
    timeline: [
      segment('06:00', '12:00', 'answering'),
      segment('12:00', '12:05', 'down'),
      segment('12:05', '15:00', 'answering'),
      segment('15:00', '18:00', 'unknown'),
      segment('18:00', '21:00', 'unwanted'),
      { ...segment('21:00', '23:59', 'answering'), state: 'degraded' },
    ],
    availability: { ...aHistory().availability, range: anAvailability({ outages: 1, downSeconds: 300 }) },
  });
};

describe('the history in status', () => {
  test('is availability of three periods, cut and never rounded up', async () => {
    const { stdout, requests } = await status(() => aHistory());
    expect(stdout).toMatch(/^Availability +today 100% +7 d 99\.95% +30 d 99\.99%$/m);
    expect(requests.some(({ path }) => path.endsWith('/history?tz=Asia%2FShanghai'))).toBe(true);
  });

  test('is a bar of the last day in which a short outage can be seen', async () => {
    const { stdout } = await status(troubled);
    expect(stdout).toContain(
      `Last 24 h     ${' '.repeat(12)}${'█'.repeat(12)}▁${'█'.repeat(5)}${'?'.repeat(6)}${'·'.repeat(6)}${'▆'.repeat(6)}  1 outage, 5m down`,
    );
  });

  test('has colours at a terminal, and none where they are not wanted', async () => {
    expect((await status(troubled, { tty: true })).stdout).toContain('\u001b[31m▁');
    expect((await status(troubled, { tty: true, env: { NO_COLOR: '1' } })).stdout).not.toContain('\u001b[31m');
  });

  test.each([[{ LANG: 'C' }], [{ LC_ALL: 'POSIX', LANG: 'en_US.UTF-8' }], [{ TERM: 'linux' }]])(
    'is plain ASCII where %j has no block characters',
    async (env) => {
      const { stdout } = await status(troubled, { env });
      expect(stdout).toContain(`${'#'.repeat(12)}_${'#'.repeat(5)}??????......++++++`);
      expect(stdout).not.toMatch(/[█▁▆]/);
    },
  );

  test('shows CPU, memory and disk against what is allowed', async () => {
    const points = [
      aPoint('2026-10-31T00:00:00.000Z', { cpuMaximum: 1, memoryMaximumBytes: 2 ** 31 }),
      aPoint('2026-10-31T00:35:00.000Z', { cpuMaximum: 0.5, diskBytes: 312 * 2 ** 20 }),
      aPoint('2026-10-31T23:40:00.000Z', { cpuAverage: 0.031, cpuMaximum: 0.08 }),
    ];
    const { stdout } = await status(() => aHistory({ samples: { stepSeconds: 300, points } }));
    expect(stdout).toMatch(/^CPU +█▄ {45}▁ {2}3%, at most 100% \(limit 1 CPU\)$/m);
    expect(stdout).toMatch(/^Memory +█▄ {45}▄ {2}1 GiB, at most 2 GiB \(limit 2 GiB\)$/m);
    expect(stdout).toMatch(/^Disk +312 MiB$/m);
  });

  test('reads naturally in Chinese', async () => {
    const { stdout } = await status(troubled, {}, ['--lang', 'zh']);
    expect(stdout).toMatch(/^可用率 +今天 100% +7 天 99\.95%/m);
    expect(stdout).toContain('中断 1 次，共 5m');
  });

  test('is not there for an agent of which nothing was recorded, or with an older server', async () => {
    const nothing = await status(() => aHistory({ timeline: [] }));
    expect(nothing).toMatchObject({ exitCode: 0, stdout: expect.not.stringContaining('Availability') });
    const older = await status(fails('not-found', 'NoSuchRoute', 'nothing is at this address'));
    expect(older).toMatchObject({ exitCode: 0, stdout: expect.not.stringContaining('Availability') });
    const broken = await status(fails('unavailable', 'DatabaseBusy', 'busy'));
    expect(broken).toMatchObject({ exitCode: 5 });
  });

  test('stands in JSON as it is', async () => {
    const { stdout } = await status(troubled, {}, ['--json']);
    expect(JSON.parse(stdout)).toMatchObject({ ref: 'acme', history: troubled() });
  });
});
