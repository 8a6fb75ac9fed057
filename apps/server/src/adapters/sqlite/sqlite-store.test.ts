import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { aChange, aNewAgent, aSpec } from '../../testing/builders.ts';
import { storeContract } from '../../testing/store-contract.ts';
import { openSqliteStore } from './sqlite-store.ts';

const t0 = Date.parse('2026-11-01T00:00:00.000Z');

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'agentpod-store-'));
  file = join(folder, 'agentpod.db');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

storeContract('SQLite in memory', () => openSqliteStore(':memory:'));
storeContract('SQLite in a file', () => openSqliteStore(file));

describe('the database file', () => {
  test('everything is still there after it was closed and opened again', async () => {
    const first = await openSqliteStore(file);
    const made = await first.store.createAgent(aNewAgent({ secrets: { k: { sealed: 'sealed', version: 1 } } }), t0);
    await first.store.reserveBlock(made.id, '10.203.0.0/16', []);
    await first.store.addEvent({ agentId: made.id, type: 'normal', reason: 'R', message: 'm', time: t0 });
    await first.store.putSetting('name', 'value');
    const before = await first.store.getAgent(made.id);
    await first.close();

    const { store, close } = await openSqliteStore(file);
    expect(await store.getAgent(made.id)).toEqual(before);
    expect(await store.getCredentials(made.id)).toBe('sealed-credentials');
    expect(await store.getSecret(made.tenantId, 'k')).toEqual({ sealed: 'sealed', version: 1 });
    expect(await store.listEvents(made.id, 10)).toHaveLength(1);
    expect(await store.getSetting('name')).toBe('value');
    await close();
  });

  test('it and its side files are for the owner alone, even where they were open before', async () => {
    writeFileSync(file, '', { mode: 0o666 });
    const { store, close } = await openSqliteStore(file);
    await store.createAgent(aNewAgent(), t0);
    const modes = readdirSync(folder).map((name) => [name, (statSync(join(folder, name)).mode & 0o777).toString(8)]);
    expect(Object.fromEntries(modes)).toEqual({
      'agentpod.db': '600',
      'agentpod.db-wal': '600',
      'agentpod.db-shm': '600',
    });
    await close();
  });

  test('what one handle wrote another reads, and a change it did not see is refused', async () => {
    const [one, two] = [await openSqliteStore(file), await openSqliteStore(file)];
    const { id } = await one.store.createAgent(aNewAgent(), t0);
    await two.store.updateSpec(id, aChange({ spec: aSpec({ suspended: true }) }), t0);
    await expect(one.store.updateSpec(id, aChange(), t0)).rejects.toMatchObject({ reason: 'Changed' });
    expect(await one.store.getAgent(id)).toMatchObject({ generation: 2, spec: { suspended: true } });
    await Promise.all([one.close(), two.close()]);
  });

  test('a status that did not change is not written', async () => {
    const { store, database, close } = await openSqliteStore(file);
    const { id } = await store.createAgent(aNewAgent(), t0);
    const written = async () =>
      (await sql<{ n: number }>`select total_changes() as n`.execute(database.query)).rows[0]?.n;
    await store.saveStatus(id, { observedGeneration: 1, conditions: [], lastError: 'x' });
    const before = await written();
    await store.saveStatus(id, { lastError: 'x', conditions: [], observedGeneration: 1 });
    expect(await written()).toBe(before);
    await store.saveStatus(id, { lastError: 'y', conditions: [], observedGeneration: 1 });
    expect(await written()).toBe((before ?? 0) + 1);
    await close();
  });
});

describe('opening what cannot be used', () => {
  test('a database of a newer AgentPod is left alone', async () => {
    await (await openSqliteStore(file)).close();
    const raw = new DatabaseSync(file);
    raw.exec(`insert into kysely_migration values ('9999-from-the-future', '2030-01-01T00:00:00.000Z')`);
    raw.close();
    const opening = openSqliteStore(file);
    await expect(opening).rejects.toMatchObject({ kind: 'terminal', reason: 'DatabaseTooNew' });
    await expect(opening).rejects.toThrow('9999-from-the-future');
  });

  test('a file that is no database is not overwritten', async () => {
    writeFileSync(file, 'this was somebody’s letter, quite long enough to be read as a header'.repeat(20));
    const size = statSync(file).size;
    await expect(openSqliteStore(file)).rejects.toMatchObject({ kind: 'terminal', reason: 'DatabaseCorrupt' });
    expect(statSync(file).size).toBe(size);
  });

  test('a folder that does not exist is named', async () => {
    const opening = openSqliteStore(join(folder, 'nowhere', 'agentpod.db'));
    await expect(opening).rejects.toMatchObject({ kind: 'unavailable', reason: 'DatabaseUnwritable' });
    await expect(opening).rejects.toThrow('nowhere');
  });
});

describe('writing that fails', () => {
  test('a full disk is told apart from a bug, loses nothing, and writing goes on when there is room', async () => {
    const { store, database, close } = await openSqliteStore(file);
    const { id } = await store.createAgent(aNewAgent(), t0);
    const pages =
      (await sql<{ page_count: number }>`pragma page_count`.execute(database.query)).rows[0]?.page_count ?? 0;
    await sql`pragma max_page_count = ${sql.lit(pages)}`.execute(database.query);
    const tooLarge = store.createAgent(
      aNewAgent({ tenant: 'big', spec: aSpec({ identity: { soul: 'x'.repeat(60_000) } }) }),
      t0,
    );
    await expect(tooLarge).rejects.toMatchObject({ kind: 'unavailable', reason: 'DatabaseUnwritable' });
    expect((await store.listTenants()).map(({ name }) => name)).toEqual(['acme']);
    expect(await store.getAgent(id)).toBeDefined();
    await sql`pragma max_page_count = 100000`.execute(database.query);
    await store.createAgent(aNewAgent({ tenant: 'big' }), t0);
    await close();
  });

  test('a transaction that throws leaves nothing, and the next one works', async () => {
    const { store, database, close } = await openSqliteStore(file);
    const failing = database.transact(async (tx) => {
      await tx.insertInto('settings').values({ name: 'half', value: 'done' }).execute();
      throw new Error('on purpose');
    });
    await expect(failing).rejects.toThrow('on purpose');
    expect(await store.getSetting('half')).toBeUndefined();
    await store.putSetting('next', 'one');
    await close();
  });

  test('a transaction keeps other writers out from its start, so that what it read still holds when it writes', async () => {
    const { database, close } = await openSqliteStore(file);
    const other = new DatabaseSync(file, { timeout: 0 });
    await database.transact(async (tx) => {
      await tx.selectFrom('settings').selectAll().execute();
      expect(() => other.exec(`insert into settings values ('other', 'x')`)).toThrow('locked');
    });
    other.exec(`insert into settings values ('other', 'x')`);
    other.close();
    await close();
  });

  test('a writer that does not let go makes the store unavailable, not broken', async () => {
    const { store, database, close } = await openSqliteStore(file);
    await sql`pragma busy_timeout = 20`.execute(database.query);
    const other = new DatabaseSync(file);
    other.exec('begin immediate');
    await expect(store.createAgent(aNewAgent(), t0)).rejects.toMatchObject({
      kind: 'unavailable',
      reason: 'DatabaseBusy',
    });
    expect(await store.listManaged()).toEqual([]);
    other.exec('rollback');
    other.close();
    await store.createAgent(aNewAgent(), t0);
    await close();
  });

  test('using the database instead of the transaction fails at once instead of waiting for ever', async () => {
    const { store, database, close } = await openSqliteStore(file);
    await expect(database.transact(() => store.getSetting('x'))).rejects.toMatchObject({
      reason: 'DatabaseUsedInTransaction',
    });
    await expect(database.transact(() => store.createAgent(aNewAgent(), t0))).rejects.toMatchObject({
      reason: 'DatabaseUsedInTransaction',
    });
    expect(await store.getSetting('x')).toBeUndefined();
    await close();
  });
});

describe('processes', { timeout: 60_000 }, () => {
  /** Writes agents without end; says each one's id and subnet after it was stored. */
  function startWriter(prefix: string) {
    const child = spawn(process.execPath, [fileURLToPath(new URL('crash-writer.ts', import.meta.url)), file, prefix], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const acknowledged: string[] = [];
    const lines = createInterface({ input: child.stdout });
    const reached = (count: number) =>
      new Promise<void>((resolve, reject) => {
        lines.on('line', (line) => {
          acknowledged.push(line);
          if (acknowledged.length === count) resolve();
        });
        child.once('exit', () => reject(new Error(`the writer ended after ${acknowledged.length} agents`)));
      });
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
    return { reached, acknowledged, kill: () => child.kill('SIGKILL'), ended };
  }

  async function expectSound(acknowledged: readonly string[]): Promise<void> {
    const { store, database, close } = await openSqliteStore(file);
    const check = await sql<{ integrity_check: string }>`pragma integrity_check`.execute(database.query);
    expect(check.rows).toEqual([{ integrity_check: 'ok' }]);
    expect((await sql`pragma foreign_key_check`.execute(database.query)).rows).toEqual([]);
    const agents = await store.listManaged();
    const known = new Set(agents.map(({ id, block }) => `${id} ${block?.subnet}`));
    expect(acknowledged.filter((line) => !known.has(line))).toEqual([]);
    const subnets = agents.flatMap(({ block }) => (block ? [block.subnet] : []));
    expect(new Set(subnets).size).toBe(subnets.length);
    for (const { id, tenantId } of agents) {
      expect(await store.getCredentials(id)).toBe('sealed-credentials');
      expect(await store.getSecret(tenantId, 'k')).toBeDefined();
    }
    await close();
  }

  test('kill -9 in the middle of writes loses nothing that was acknowledged and leaves nothing half made', async () => {
    const acknowledged: string[] = [];
    for (const round of [1, 2, 3]) {
      const writer = startWriter(`r${round}`);
      await writer.reached(7 * round);
      writer.kill();
      await writer.ended;
      acknowledged.push(...writer.acknowledged);
      await expectSound(acknowledged);
    }
  });

  test('two processes make the database together and never give out one block twice', async () => {
    const writers = [startWriter('one'), startWriter('two')];
    await Promise.all(writers.map(({ reached }) => reached(15)));
    for (const writer of writers) writer.kill();
    await Promise.all(writers.map(({ ended }) => ended));
    await expectSound(writers.flatMap(({ acknowledged }) => acknowledged));
  });
});
