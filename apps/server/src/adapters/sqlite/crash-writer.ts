import { setTimeout } from 'node:timers/promises';
import { aNewAgent } from '../../testing/builders.ts';
import { openSqliteStore } from './sqlite-store.ts';

/** Started by sqlite-store.test.ts, to be killed at any moment: `node crash-writer.ts <file> <prefix of the names>`. */
const [file = ':memory:', prefix = 't'] = process.argv.slice(2);
const { store } = await openSqliteStore(file);
for (let index = 0; ; index++) {
  const { id } = await store.createAgent(
    aNewAgent({ tenant: `${prefix}-${index}`, secrets: { k: { sealed: 'sealed', version: 1 } } }),
    Date.now(),
  );
  const { subnet } = await store.reserveBlock(id, '10.203.0.0/16', []);
  // Written only now: what stands here was answered as done.
  await new Promise<void>((resolve) => process.stdout.write(`${id} ${subnet}\n`, () => resolve()));
  // SQLite's lock is not fair: of two that write without a pause, one waits until its patience ends.
  await setTimeout(2);
}
