import type { TimelineCell } from '@agentpod/core';
import type { Io } from '../io.ts';
import type { Format, Style } from './style.ts';

const levels = { blocks: '▁▂▃▄▅▆▇█', plain: '_.-=+*#@' };
const cells: Readonly<
  Record<TimelineCell, { readonly blocks: string; readonly plain: string; readonly paint: Format }>
> = {
  answering: { blocks: '█', plain: '#', paint: 'green' },
  degraded: { blocks: '▆', plain: '+', paint: 'yellow' },
  down: { blocks: '▁', plain: '_', paint: 'red' },
  unknown: { blocks: '?', plain: '?', paint: 'magenta' },
  unwanted: { blocks: '·', plain: '.', paint: 'dim' },
  nothing: { blocks: ' ', plain: ' ', paint: 'dim' },
};

/** Block characters where the terminal is not known to lack them. */
function drawsBlocks({ env }: Io): boolean {
  if (env['TERM'] === 'dumb' || env['TERM'] === 'linux') return false;
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find(Boolean);
  return locale === undefined || /utf-?8/i.test(locale);
}

/** One character per cell: high is good. */
export function timelineBar(io: Io, style: Style, bar: readonly TimelineCell[]): string {
  const form = drawsBlocks(io) ? 'blocks' : 'plain';
  return bar.map((cell) => style(cells[cell].paint, cells[cell][form])).join('');
}

/** Against `full`, not against the highest: half of what is allowed is half as high. Gaps stay gaps. */
export function sparkline(io: Io, values: readonly (number | undefined)[], full: number): string {
  const steps = drawsBlocks(io) ? levels.blocks : levels.plain;
  return values
    .map((value) => {
      if (value === undefined) return ' ';
      const step = Math.ceil((value / full) * steps.length) - 1;
      return steps.charAt(Math.min(Math.max(step, 0), steps.length - 1));
    })
    .join('');
}
