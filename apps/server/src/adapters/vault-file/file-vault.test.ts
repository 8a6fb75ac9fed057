import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FileVault, openVault } from './file-vault.ts';

const newKey = () => randomBytes(32).toString('base64');

describe('sealing', () => {
  const vault = openVault({ file: '/nowhere', fromEnvironment: newKey() });

  test('whatever is sealed opens to the same text in the same place', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (plain, context) => {
        expect(vault.open(vault.seal(plain, context), context)).toBe(plain);
      }),
    );
  });

  test('the sealed text shows nothing, and is another each time', () => {
    const [one, two] = [vault.seal('planted-key', 'planted-context'), vault.seal('planted-key', 'planted-context')];
    expect(one).toMatch(/^v1\.[0-9a-f]{16}\.[\w-]+\.[\w-]+$/);
    expect(one.split('.')[2]).not.toBe(two.split('.')[2]);
    expect(one.split('.')[3]).not.toBe(two.split('.')[3]);
    expect(Buffer.from(one.split('.')[3] ?? '', 'base64url').toString('latin1')).not.toContain('planted');
  });

  test('it does not open in another place', () => {
    const sealed = vault.seal('key', 'acme|model|1');
    for (const context of ['acme|model|2', 'other|model|1', '']) {
      expect(() => vault.open(sealed, context)).toThrowError(
        expect.objectContaining({ kind: 'bug', reason: 'SealBroken' }),
      );
    }
  });

  test('it does not open when any one character was changed', () => {
    const sealed = vault.seal('key', 'here');
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    for (let index = 0; index < sealed.length; index++) {
      const before = sealed[index] ?? '';
      // The last character of a base64 text may carry unused bits; 32 places on it differs in a used one.
      const after = alphabet[(alphabet.indexOf(before) + 32) % 64] ?? '';
      const altered = sealed.slice(0, index) + after + sealed.slice(index + 1);
      expect(() => vault.open(altered, 'here'), `character ${index}`).toThrowError(
        expect.objectContaining({ reason: 'SealBroken' }),
      );
    }
  });

  test.each(['', 'v1', 'v1.a.b', 'v2.a.b.c', 'plain text', 'v1....', '.'.repeat(1000)])(
    '"%s" is not a sealed text',
    (text) => {
      expect(() => vault.open(text, 'here')).toThrowError(expect.objectContaining({ reason: 'SealBroken' }));
    },
  );

  test('a value too short to hold its own tag does not open', () => {
    const [version, keyId, wrapped] = vault.seal('key', 'here').split('.');
    for (const value of ['', 'AAAA', 'A'.repeat(30)]) {
      expect(() => vault.open([version, keyId, wrapped, value].join('.'), 'here')).toThrowError(
        expect.objectContaining({ reason: 'SealBroken' }),
      );
    }
  });

  test('parts of two sealed texts do not open together', () => {
    const [one, two] = [vault.seal('one', 'here').split('.'), vault.seal('two', 'here').split('.')];
    const mixed = [...one.slice(0, 3), two[3]].join('.');
    expect(() => vault.open(mixed, 'here')).toThrowError(expect.objectContaining({ reason: 'SealBroken' }));
  });

  test('another master key does not open it and says that this is why', () => {
    const other = openVault({ file: '/nowhere', fromEnvironment: newKey() });
    expect(other.keyId).not.toBe(vault.keyId);
    expect(() => other.open(vault.seal('key', 'here'), 'here')).toThrowError(
      `sealed with the master key ${vault.keyId}`,
    );
    const renamed = vault.seal('key', 'here').replace(vault.keyId, other.keyId);
    expect(() => other.open(renamed, 'here')).toThrowError(expect.objectContaining({ reason: 'SealBroken' }));
  });
});

describe('the master key', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'agentpod-vault-'));
    file = join(folder, 'master.key');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const open = () => openVault({ file, fromEnvironment: undefined });

  test('is made once, for the owner alone, and nothing else is left in the folder', () => {
    const first = open();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['master.key']);
    const second = open();
    expect(second.keyId).toBe(first.keyId);
    expect(second.open(first.seal('key', 'here'), 'here')).toBe('key');
  });

  test('from the environment is the same as from the file, and writes none', () => {
    const fromFile = open();
    const text = readFileSync(file, 'utf8');
    rmSync(file);
    expect(openVault({ file, fromEnvironment: text }).keyId).toBe(fromFile.keyId);
    expect(readdirSync(folder)).toEqual([]);
  });

  test.each([0o640, 0o604, 0o660, 0o601])('that others may use (mode %o) is refused', (mode) => {
    open();
    chmodSync(file, mode);
    expect(open).toThrowError(expect.objectContaining({ kind: 'terminal', reason: 'MasterKeyExposed' }));
  });

  test.each([
    ['nothing', ''],
    ['too few bytes', randomBytes(31).toString('base64')],
    ['too many bytes', randomBytes(33).toString('base64')],
    ['another alphabet', `${'_'.repeat(43)}=`],
    ['a damaged letter', newKey().replace(/^./, '!')],
  ])('of %s is refused and not replaced', (_what, text) => {
    writeFileSync(file, text, { mode: 0o600 });
    expect(open).toThrowError(expect.objectContaining({ kind: 'terminal', reason: 'InvalidMasterKey' }));
    expect(readFileSync(file, 'utf8')).toBe(text);
    expect(() => openVault({ file, fromEnvironment: text })).toThrowError(
      expect.objectContaining({ kind: 'invalid', field: 'AGENTPOD_MASTER_KEY' }),
    );
  });

  test('that is refused is not repeated in the error', () => {
    const text = `planted${newKey()}`;
    expect(() => openVault({ file, fromEnvironment: text })).toThrowError(
      expect.objectContaining({ message: expect.not.stringContaining('planted') as string }),
    );
  });

  test('cannot be a folder, nor lie in one that does not exist', () => {
    mkdirSync(file, { mode: 0o700 });
    expect(open).toThrowError(expect.objectContaining({ reason: 'InvalidMasterKey' }));
    const lost = () => openVault({ file: join(folder, 'nowhere', 'master.key'), fromEnvironment: undefined });
    expect(lost).toThrowError(expect.objectContaining({ kind: 'unavailable', reason: 'MasterKeyUnreadable' }));
  });

  test('needs all its bytes', () => {
    expect(new FileVault(Buffer.alloc(32, 1)).keyId).not.toBe(new FileVault(Buffer.alloc(32, 2)).keyId);
  });
});
