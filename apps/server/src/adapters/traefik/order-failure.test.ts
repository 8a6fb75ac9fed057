import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { orderFailure } from './order-failure.ts';

const root = mkdtempSync(join(tmpdir(), 'agentpod-log-'));
const log = join(root, 'traefik.log');
afterAll(() => rmSync(root, { recursive: true, force: true }));

const failed = (host: string, error: string) =>
  JSON.stringify({
    level: 'error',
    rule: `Host(\`${host}\`)`,
    domains: [host],
    error,
    message: 'Unable to obtain ACME certificate for domains',
  });

test('the newest reason of this very host is told', async () => {
  const lines = [
    failed('a.test', 'first'),
    failed('a.test', 'second'),
    failed('other-a.test', 'not ours'),
    '{"level":"err',
  ];
  writeFileSync(log, lines.join('\n'));
  expect(await orderFailure(log, 'a.test')).toBe('No certificate: second');
});

test('lines before the last 256 KiB are not read', async () => {
  writeFileSync(log, `${failed('a.test', 'long ago')}\n${'x'.repeat(300 * 1024)}`);
  expect(await orderFailure(log, 'a.test')).toBeUndefined();
});

test('a log that is not there tells nothing', async () => {
  expect(await orderFailure(join(root, 'absent.log'), 'a.test')).toBeUndefined();
});
