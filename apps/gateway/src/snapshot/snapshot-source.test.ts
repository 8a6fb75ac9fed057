import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GatewaySnapshot } from '@agentpod/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { GatewayFileFeed } from '../../../server/src/adapters/gateway-file/gateway-file-feed.ts';
import { aKey, anAgent, aSnapshot } from '../testing/builders.ts';
import { capturedLog } from '../testing/captured-log.ts';
import { replaceWith, sealSnapshot } from '../testing/seal-snapshot.ts';
import { readSnapshot } from './read-snapshot.ts';
import { SnapshotSource } from './snapshot-source.ts';

let folder: string;
let files: { key: string; snapshot: string };
let source: SnapshotSource;
let lines: string[];
const key = aKey();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'agentpod-snapshot-'));
  files = { key: join(folder, 'gateway/gateway.key'), snapshot: join(folder, 'gateway/gateway.snapshot') };
  const captured = capturedLog();
  lines = captured.lines;
  source = new SnapshotSource(files, captured.log);
});
afterEach(() => {
  source.stop();
  rmSync(folder, { recursive: true, force: true });
});

const seal = (differences: Partial<GatewaySnapshot> = {}, withKey = key) =>
  sealSnapshot(files, aSnapshot(differences), withKey);
/** Within a second, as promised; the test gives up later than that only to say so. */
const soon = async (revision: number) =>
  await vi.waitFor(() => expect(source.current?.revision).toBe(revision), { timeout: 1000, interval: 10 });
const warnings = () => lines.filter((line) => line.includes('snapshot unusable'));

describe('the newest snapshot', () => {
  test('is there after the start, and replaced within a second of being replaced', async () => {
    await seal();
    await source.start();
    expect(source.current?.revision).toBe(1);
    expect(source.current?.sites.get('acme.localhost')?.origin).toBe('http://acme.localhost');
    await seal({ revision: 2 });
    await soon(2);
    await seal({ revision: 3 });
    await soon(3);
    expect(warnings()).toEqual([]);
  });

  test('is found when it comes long after the start, even the directory', async () => {
    await source.start();
    expect(source.current).toBeUndefined();
    mkdirSync(join(folder, 'gateway'));
    await seal({ revision: 7 });
    await soon(7);
    expect(warnings().map((line) => JSON.parse(line).reason)).toEqual(['KeyMissing']);
  });

  test('of the control plane can be read here', async () => {
    mkdirSync(join(folder, 'gateway'));
    const published = aSnapshot({ revision: 5, agents: [anAgent({ hosts: ['ACME.localhost:8080'] })] });
    await new GatewayFileFeed({ keyFile: files.key, snapshotFile: files.snapshot }).publish(published);
    await source.start();
    expect(source.current?.sites.get('acme.localhost')).toMatchObject({ authority: 'acme.localhost:8080' });
  });
});

describe('the last good snapshot', () => {
  const damaged: readonly [string, string, () => Promise<void> | void][] = [
    ['is gone', 'SnapshotMissing', () => rmSync(files.snapshot)],
    ['is empty', 'SnapshotSealed', () => replaceWith(files.snapshot, '')],
    [
      'is half of one',
      'SnapshotSealed',
      () => replaceWith(files.snapshot, readFileSync(files.snapshot, 'utf8').slice(0, 400)),
    ],
    ['is not one at all', 'SnapshotSealed', () => replaceWith(files.snapshot, '{"formatVersion":1}')],
    ['was altered', 'SnapshotSealed', () => replaceWith(files.snapshot, altered(readFileSync(files.snapshot, 'utf8')))],
    [
      'is sealed for another',
      'SnapshotSealed',
      async () => {
        const own = readFileSync(files.key, 'utf8');
        await seal({ revision: 2 }, aKey());
        replaceWith(files.key, own);
      },
    ],
    ['has another format', 'SnapshotInvalid', () => seal({ formatVersion: 2 as 1, revision: 2 })],
    ['has a key too short', 'SnapshotInvalid', () => seal({ sessionKey: 'c2hvcnQ', revision: 2 })],
    ['has no host for an agent', 'SnapshotInvalid', () => seal({ agents: [anAgent({ hosts: ['a b'] })], revision: 2 })],
    ['has lost its key', 'KeyMissing', () => rmSync(files.key)],
  ];

  test.each(damaged)(
    'stays when the file %s; it is said once, and the next good one is taken',
    async (_what, reason, damage) => {
      await seal();
      await source.start();
      await damage();
      await vi.waitFor(() => expect(warnings()).toHaveLength(1), { timeout: 2000, interval: 10 });
      expect(JSON.parse(warnings()[0] ?? '')).toMatchObject({ reason, revision: 1 });
      // Looks that find the same again say nothing.
      for (let look = 0; look < 3; look++) replaceWith(join(folder, 'gateway', 'noise'), String(look));
      expect(source.current?.revision).toBe(1);
      await seal({ revision: 3 });
      await soon(3);
      expect(warnings()).toHaveLength(1);
    },
  );

  test('is never described by what could not be read', async () => {
    await seal({ sessionKey: 'planted-session-key' });
    await source.start();
    expect(warnings()).toHaveLength(1);
    expect(lines.join('')).not.toContain('planted');
    expect(lines.join('')).not.toContain(key);
    await expect(readSnapshot(files)).rejects.toMatchObject({ kind: 'unavailable', reason: 'SnapshotInvalid' });
  });
});

function altered(sealed: string): string {
  const middle = Math.floor(sealed.length / 2);
  return sealed.slice(0, middle) + (sealed[middle] === 'A' ? 'B' : 'A') + sealed.slice(middle + 1);
}
