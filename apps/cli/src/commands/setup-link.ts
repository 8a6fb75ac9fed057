import { connect } from '../api/connect.ts';
import type { Context } from '../context.ts';
import { neutraliseLine } from '../output/neutralise.ts';
import { hint, printResult } from '../output/print.ts';

export async function setupLink(context: Context): Promise<number> {
  const client = await connect(context);
  const link = await client.setupLink();
  await printResult(context, link, () => `${neutraliseLine(link.url)}\n`);
  await hint(context, context.t.setupLink.oneTime(link.expiresAt));
  return 0;
}
