import measure from 'fast-string-truncated-width';

export interface Column {
  readonly title: string;
  /** Colours a cell; applied after padding, because colours have no width. */
  readonly paint?: (padded: string, value: string) => string;
}

/** Columns as wide as their content, two spaces between them. Chinese characters count as two. */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map(({ title }, index) =>
    Math.max(widthOf(title), ...rows.map((row) => widthOf(row[index] ?? ''))),
  );
  const line = (cells: readonly string[], paint: boolean) =>
    columns
      .map((column, index) => {
        const value = cells[index] ?? '';
        const last = index === columns.length - 1;
        const padded = last ? value : pad(value, widths[index] ?? 0);
        return paint && column.paint ? column.paint(padded, value) : padded;
      })
      .join('  ')
      .trimEnd();
  return [columns.map(({ title }) => title), ...rows].map((cells, index) => `${line(cells, index > 0)}\n`).join('');
}

/** `label: value` lines with the values below each other. */
export function renderPairs(pairs: readonly (readonly [label: string, value: string])[]): string {
  const width = Math.max(...pairs.map(([label]) => widthOf(label)));
  return pairs.map(([label, value]) => `${pad(label, width)}  ${value}\n`).join('');
}

export function widthOf(text: string): number {
  return measure(text).width;
}

export function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

/** At most `width` columns, with `…` where something was cut. */
export function truncate(text: string, width: number): string {
  const result = measure(text, { limit: width, ellipsis: '…', ellipsisWidth: 1 });
  return result.truncated ? `${text.slice(0, result.index)}${result.ellipsed ? '…' : ''}` : text;
}
