import { connect } from '../api/connect.ts';
import type { Context } from '../context.ts';
import { write } from '../io.ts';
import { ageOf } from '../output/duration.ts';
import { neutraliseLine } from '../output/neutralise.ts';
import { hint, printResult } from '../output/print.ts';
import { renderTable } from '../output/table.ts';

/** The token alone on stdout, so that it can be piped into a file or a variable. */
export async function tokenCreate(context: Context, name: string): Promise<number> {
  const client = await connect(context);
  const token = await client.createToken(name);
  await hint(context, context.t.token.shownOnce);
  await printResult(context, token, () => `${neutraliseLine(token.token)}\n`);
  return 0;
}

export async function tokenList(context: Context): Promise<number> {
  const { columns, none } = context.t.token;
  const client = await connect(context);
  const list = await client.listTokens();
  const rows = list.items.map((token) =>
    [token.id, token.name, ageOf(token.createdAt, context.io.now())].map(neutraliseLine),
  );
  const titles = [{ title: columns.id }, { title: columns.name }, { title: columns.age }];
  await printResult(context, list, () => (rows.length === 0 ? '' : renderTable(titles, rows)));
  if (rows.length === 0) await hint(context, none);
  return 0;
}

export async function tokenRevoke(context: Context, id: string): Promise<number> {
  const client = await connect(context);
  await client.revokeToken(id);
  const done = context.flags.quiet ? '' : `${context.t.token.revoked(id)}\n`;
  if (context.flags.output === 'table') await write(context.io.stdout, done);
  else await printResult(context, { id, revoked: true }, () => done);
  return 0;
}
