import { styleText } from 'node:util';
import type { Io, Output } from '../io.ts';

export type Format = Parameters<typeof styleText>[0];
export type Style = (format: Format, text: string) => string;

/** Colours only where a person looks at them. */
export function styleFor(io: Io, output: Output): Style {
  const coloured = output.isTTY === true && !io.env['NO_COLOR'] && io.env['TERM'] !== 'dumb';
  return coloured ? (format, text) => styleText(format, text, { validateStream: false }) : (_format, text) => text;
}
