import type { Io } from '../io.ts';
import { truncate } from './table.ts';

const spinner = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const tickMs = 120;

export interface Frames {
  draw(): void;
  /** Leaves the last picture, or nothing with `erase`. */
  stop(options?: { erase?: boolean }): void;
}

/** Lines on a terminal's stderr that are drawn over again; they never wrap, so that the cursor can go back up. */
export function startFrames(io: Io, render: (spinner: string) => readonly string[]): Frames {
  const ended = new AbortController();
  let drawn = 0;
  let tick = 0;
  const erase = () => io.stderr.write(drawn === 0 ? '' : `\u001b[${drawn}F\u001b[0J`);
  const draw = () => {
    if (ended.signal.aborted) return;
    const lines = render(spinner[tick % spinner.length] ?? '');
    const width = (io.stderr.columns ?? 80) - 1;
    erase();
    io.stderr.write(lines.map((line) => `${truncate(line, width)}\u001b[0m\n`).join(''));
    drawn = lines.length;
  };
  const animate = async () => {
    for (;;) {
      draw();
      await io.sleep(tickMs, ended.signal);
      tick += 1;
    }
  };
  // Ends by the abort of its sleep.
  animate().catch(() => undefined);
  return {
    draw,
    stop: (options) => {
      draw();
      if (options?.erase === true) erase();
      ended.abort();
    },
  };
}
