import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { anAlert, aNotice, aTransport } from '../../testing/alert-builders.ts';
import { alertStoreContract } from '../../testing/alert-store-contract.ts';
import { openDatabase } from './database.ts';
import { SqliteAlerts } from './sqlite-alerts.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'agentpod-alerts-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function open(file: string) {
  const database = await openDatabase(file);
  return { store: new SqliteAlerts(database), close: () => database.close() };
}

alertStoreContract('SQLite', () => open(':memory:'));

test('what was decided and not delivered is still there after a restart', async () => {
  const file = join(folder, 'agentpod.db');
  const transport = aTransport();
  const first = await open(file);
  await first.store.putTransport(transport, 1);
  await first.store.saveDecision({ alerts: [anAlert()], notices: [aNotice(anAlert())], now: 1 });
  await first.close();
  const second = await open(file);
  expect(await second.store.currentAlerts()).toEqual([anAlert()]);
  expect(await second.store.nextToDeliver(transport.id)).toMatchObject({ notice: aNotice(anAlert()) });
  await second.close();
});
