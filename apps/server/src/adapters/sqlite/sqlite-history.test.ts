import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { aNewAgent } from '../../testing/builders.ts';
import { historyStoreContract, type HistoryWorld } from '../../testing/history-store-contract.ts';
import { SqliteHistory } from './sqlite-history.ts';
import { openSqliteStore } from './sqlite-store.ts';

const t0 = Date.parse('2026-11-20T00:00:00.000Z');

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'agentpod-history-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function open(path: string): Promise<HistoryWorld> {
  const { store, database, close } = await openSqliteStore(path);
  return {
    history: new SqliteHistory(database),
    makeAgent: async (tenant) => (await store.createAgent(aNewAgent({ tenant }), t0)).id,
    purge: async (agentId) => {
      await store.requestDeletion(agentId, true, t0);
      await store.finishDeletion(agentId, t0);
    },
    close,
  };
}

historyStoreContract('history in memory', () => open(':memory:'));

test('what was written is there after the file was closed and opened again', async () => {
  const file = join(folder, 'agentpod.db');
  const first = await open(file);
  const agentId = await first.makeAgent('acme');
  const mark = { at: t0, state: 'ready', presence: 'answering', reason: 'Answering' } as const;
  await first.history.addMarks([{ agentId, ...mark }], t0 + 30_000);
  await first.history.addSamples([{ agentId, at: t0, cpuFraction: 0.5, memoryBytes: 2048, diskBytes: undefined }]);
  await first.close();

  const { history, close } = await open(file);
  expect(await history.openMarks()).toEqual(new Map([[agentId, mark]]));
  expect(await history.watchedUntil()).toBe(t0 + 30_000);
  expect(
    await history.samples(agentId, { name: '30s', stepMs: 30_000, keepMs: 86_400_000 }, { from: 0, to: t0 + 1 }),
  ).toHaveLength(1);
  await close();
});
