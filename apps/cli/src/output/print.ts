import type { Context } from '../context.ts';
import { write } from '../io.ts';
import { escapeForMachines, hasDangerous } from './neutralise.ts';

/** The result of a command, on stdout, in the form that was asked for. */
export async function printResult(context: Context, value: unknown, table: () => string): Promise<void> {
  await write(context.io.stdout, await serialise(context, value, table));
}

async function serialise(context: Context, value: unknown, table: () => string): Promise<string> {
  switch (context.flags.output) {
    case 'json':
      return `${escapeForMachines(JSON.stringify(value, undefined, 2))}\n`;
    case 'yaml':
      return toYaml(value);
    case 'table':
    // Only commands that have a table of their own for it take it; those do not come here.
    case 'csv':
      return table();
  }
}

/** One of many results, as they come: a line of JSON, or a YAML document. */
export async function printItem(context: Context, value: unknown, line: () => string): Promise<void> {
  switch (context.flags.output) {
    case 'json':
      return write(context.io.stdout, `${escapeForMachines(JSON.stringify(value))}\n`);
    case 'yaml':
      return write(context.io.stdout, `---\n${await toYaml(value)}`);
    case 'table':
    case 'csv':
      return write(context.io.stdout, line());
  }
}

/** Words for the person beside the result; never part of it. */
export async function hint(context: Context, text: string): Promise<void> {
  if (!context.flags.quiet) await write(context.io.stderr, `${text}\n`);
}

export async function warn(context: Context, text: string): Promise<void> {
  await write(context.io.stderr, `${context.t.errors.warning}${text}\n`);
}

async function toYaml(value: unknown): Promise<string> {
  const { Document, visit } = await import('yaml');
  const document = new Document(value, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar: (_key, node) => {
      if (typeof node.value === 'string' && hasDangerous(node.value)) node.type = 'QUOTE_DOUBLE';
    },
  });
  return escapeForMachines(document.toString({ lineWidth: 0 }));
}
