import type { Context } from '../context.ts';
import { formatElapsed } from '../output/duration.ts';
import { startFrames } from '../output/frames.ts';
import { neutraliseLine } from '../output/neutralise.ts';
import { styleFor } from '../output/style.ts';

/** Does one step of a longer work and shows on stderr that, and how long, it did. What it answers is passed on. */
export async function step<T>(
  context: Context,
  title: string,
  work: () => Promise<T>,
  say?: (result: T) => string,
): Promise<T> {
  const { io, flags } = context;
  if (flags.quiet) return work();
  const style = styleFor(io, io.stderr);
  const begin = io.now();
  const line = (mark: string, detail = '') =>
    `${mark} ${title}${detail === '' ? '' : `: ${neutraliseLine(detail)}`} ${style('dim', formatElapsed(io.now() - begin))}`;
  const living = io.stderr.isTTY === true ? startFrames(io, (spinner) => [line(style('cyan', spinner))]) : undefined;
  if (!living) io.stderr.write(`… ${title}\n`);
  try {
    const result = await work();
    living?.stop({ erase: true });
    io.stderr.write(`${line(style('green', '✓'), say?.(result) ?? '')}\n`);
    return result;
  } catch (error) {
    living?.stop({ erase: true });
    io.stderr.write(`${line(style('red', '✗'))}\n`);
    throw error;
  }
}
