import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GatewaySnapshot, HandoverClaims } from '@agentpod/core';
import { compactDecrypt, decodeProtectedHeader, jwtVerify } from 'jose';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { GatewayFileFeed, type GatewayFiles } from './gateway-file-feed.ts';
import { ensureGatewayKey } from './gateway-key.ts';

let folder: string;
let files: GatewayFiles;
let feed: GatewayFileFeed;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'agentpod-feed-'));
  files = { keyFile: join(folder, 'gateway.key'), snapshotFile: join(folder, 'gateway.snapshot') };
  feed = new GatewayFileFeed(files);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function aSnapshot(differences: Partial<GatewaySnapshot> = {}): GatewaySnapshot {
  return {
    formatVersion: 1,
    revision: 1,
    consoleUrl: 'http://console.localhost',
    secure: false,
    sessionKey: 'planted-session-key',
    handoverKey: 'planted-handover-key',
    agents: [],
    users: [{ id: 'zhao', name: 'zhao.ming', sessionsNotBefore: 0 }],
    ...differences,
  };
}

async function published(): Promise<GatewaySnapshot> {
  const key = Buffer.from(readFileSync(files.keyFile, 'utf8').trim(), 'base64url');
  const { plaintext } = await compactDecrypt(readFileSync(files.snapshotFile, 'utf8'), key);
  return JSON.parse(Buffer.from(plaintext).toString()) as GatewaySnapshot;
}

describe('a snapshot', () => {
  test('is sealed for who has the key, readable by the owner alone, and leaves nothing beside it', async () => {
    await feed.publish(aSnapshot());
    expect(await published()).toEqual(aSnapshot());
    const text = readFileSync(files.snapshotFile, 'utf8');
    expect(decodeProtectedHeader(text)).toEqual({ alg: 'dir', enc: 'A256GCM' });
    expect(Buffer.from(text.split('.')[3] ?? '', 'base64url').toString('latin1')).not.toContain('planted');
    expect(statSync(files.snapshotFile).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).toSorted()).toEqual(['gateway.key', 'gateway.snapshot']);
  });

  test('with the same content is not written again, not even by a new server', async () => {
    await feed.publish(aSnapshot());
    const before = readFileSync(files.snapshotFile, 'utf8');
    const { ino, mtimeMs } = statSync(files.snapshotFile);
    await feed.publish(aSnapshot({ revision: 2 }));
    await new GatewayFileFeed(files).publish(aSnapshot({ revision: 3 }));
    expect(readFileSync(files.snapshotFile, 'utf8')).toBe(before);
    expect(statSync(files.snapshotFile)).toMatchObject({ ino, mtimeMs });
  });

  test('with other content replaces the file, never its bytes', async () => {
    await feed.publish(aSnapshot());
    const { ino } = statSync(files.snapshotFile);
    await feed.publish(aSnapshot({ revision: 2, users: [] }));
    expect(await published()).toMatchObject({ revision: 2, users: [] });
    expect(statSync(files.snapshotFile).ino).not.toBe(ino);
  });

  test.each([
    ['removed', () => rmSync(files.snapshotFile)],
    ['emptied', () => writeFileSync(files.snapshotFile, '')],
    ['damaged', () => writeFileSync(files.snapshotFile, 'a.b.c.d.e')],
    ['orphaned by a new key', () => rmSync(files.keyFile)],
  ])('that was %s is written again', async (_what, spoil) => {
    await feed.publish(aSnapshot());
    spoil();
    await feed.publish(aSnapshot());
    expect(await published()).toEqual(aSnapshot());
  });

  test('published last is the one that stays', async () => {
    await Promise.all(
      [1, 2, 3, 4, 5].map((revision) =>
        feed.publish(aSnapshot({ revision, consoleUrl: `http://c${revision}.localhost` })),
      ),
    );
    expect(await published()).toMatchObject({ revision: 5 });
  });

  test('that cannot be written is a failure, which does not stand in the way of the next', async () => {
    mkdirSync(files.snapshotFile);
    await expect(feed.publish(aSnapshot())).rejects.toMatchObject({
      kind: 'unavailable',
      reason: 'SnapshotNotWritten',
    });
    rmSync(files.snapshotFile, { recursive: true });
    await feed.publish(aSnapshot());
    expect(await published()).toEqual(aSnapshot());
  });
});

describe('the key', () => {
  test('is made once, for the owner alone', async () => {
    const keys = await Promise.all([1, 2, 3].map(() => ensureGatewayKey(files.keyFile)));
    expect(new Set(keys.map((key) => Buffer.from(key).toString('hex'))).size).toBe(1);
    expect(keys[0]).toHaveLength(32);
    expect(statSync(files.keyFile).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['gateway.key']);
    expect(readFileSync(files.keyFile, 'utf8')).toMatch(/^[\w-]{43}\n$/);
  });

  test('is never put in place of something that is there, though it leads nowhere', async () => {
    symlinkSync(join(folder, 'target'), files.keyFile);
    await expect(ensureGatewayKey(files.keyFile)).rejects.toMatchObject({ reason: 'GatewayKeyUnreadable' });
    expect(readdirSync(folder)).toEqual(['gateway.key']);
  });

  test.each([0o640, 0o604, 0o660])('that others may use (mode %o) is refused', async (mode) => {
    await ensureGatewayKey(files.keyFile);
    chmodSync(files.keyFile, mode);
    await expect(feed.publish(aSnapshot())).rejects.toMatchObject({ kind: 'terminal', reason: 'GatewayKeyExposed' });
  });

  test.each(['', 'short', 'x'.repeat(44), '+'.repeat(43)])('of "%s" is refused and not replaced', async (text) => {
    writeFileSync(files.keyFile, text, { mode: 0o600 });
    await expect(ensureGatewayKey(files.keyFile)).rejects.toMatchObject({
      kind: 'terminal',
      reason: 'InvalidGatewayKey',
    });
    expect(readFileSync(files.keyFile, 'utf8')).toBe(text);
  });

  test('cannot be a folder, nor lie in one that does not exist', async () => {
    mkdirSync(files.keyFile);
    await expect(ensureGatewayKey(files.keyFile)).rejects.toMatchObject({ reason: 'InvalidGatewayKey' });
    const lost = ensureGatewayKey(join(folder, 'nowhere', 'gateway.key'));
    await expect(lost).rejects.toMatchObject({ kind: 'unavailable', reason: 'GatewayKeyUnreadable' });
  });
});

test('a hand-over code says what it was given, to who has its key', async () => {
  const claims: HandoverClaims = { sub: 'zhao', aud: 'acme.localhost', nonce: 'n', jti: 'j', iat: 1, exp: 31 };
  const key = Buffer.alloc(32, 7);
  const code = await feed.signHandover(claims, key.toString('base64url'));
  const { payload, protectedHeader } = await jwtVerify(code, key, { currentDate: new Date(5000) });
  expect(payload).toEqual(claims);
  expect(protectedHeader.alg).toBe('HS256');
  await expect(jwtVerify(code, Buffer.alloc(32, 8), { currentDate: new Date(5000) })).rejects.toThrowError();
});
