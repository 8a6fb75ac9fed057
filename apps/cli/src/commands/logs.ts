import { connect } from '../api/connect.ts';
import type { Context } from '../context.ts';
import { neutralise } from '../output/neutralise.ts';
import { printItem } from '../output/print.ts';
import { styleFor } from '../output/style.ts';

export interface LogsOptions {
  readonly follow?: boolean;
  readonly tail: number;
}

export async function logs(context: Context, ref: string, { follow, tail }: LogsOptions): Promise<number> {
  const { io } = context;
  const client = await connect(context);
  const style = styleFor(io, io.stdout);
  for await (const entry of client.logs(ref, { tail, follow: follow === true }, { signal: io.interrupted })) {
    await printItem(context, entry, () => {
      const text = neutralise(entry.line).replace(/\n$/, '');
      return `${entry.stream === 'stderr' ? style('yellow', text) : text}\n`;
    });
  }
  return 0;
}
