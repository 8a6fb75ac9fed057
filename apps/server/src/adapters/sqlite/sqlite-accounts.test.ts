import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { accountsContract } from '../../testing/accounts-contract.ts';
import { openDatabase } from './database.ts';
import { SqliteAccounts } from './sqlite-accounts.ts';

accountsContract('SQLite accounts', async (now) => {
  const database = await openDatabase(':memory:');
  return {
    accounts: new SqliteAccounts(database, now, { passwordCost: { logN: 11, r: 8, p: 1 } }),
    close: () => database.close(),
  };
});

test('the file holds neither passwords nor sessions nor tokens, and all of them work after it was opened again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'agentpod-accounts-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'agentpod.db');
  const password = 'planted-password-7f3a';
  const database = await openDatabase(file);
  const accounts = new SqliteAccounts(database, Date.now);
  const { id } = await accounts.createFirst('zhao.ming', password);
  const { token } = await accounts.createToken(id, 'planted');
  const session = (await accounts.logIn('zhao.ming', password))?.session ?? '';
  const kept = await database.query.selectFrom('people').select('password').executeTakeFirstOrThrow();
  expect(kept.password).toMatch(/^scrypt\$15\$8\$3\$/);
  const stored = readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), 'latin1'))
    .join('');
  expect(stored).toContain('zhao.ming');
  for (const secret of [password, token, token.slice(4), session]) expect(stored).not.toContain(secret);
  await database.close();

  const again = await openDatabase(file);
  const reopened = new SqliteAccounts(again, Date.now);
  expect(await reopened.bySession(session)).toMatchObject({ id });
  expect(await reopened.byToken(token)).toMatchObject({ id });
  expect(await reopened.logIn('zhao.ming', password)).toBeDefined();
  await again.close();
});
