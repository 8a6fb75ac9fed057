import { z } from 'zod';

const units: Readonly<Record<string, number>> = {
  '': 1,
  k: 1024,
  ki: 1024,
  m: 1024 ** 2,
  mi: 1024 ** 2,
  g: 1024 ** 3,
  gi: 1024 ** 3,
  t: 1024 ** 4,
  ti: 1024 ** 4,
};

/** `2g`, `2Gi`, `512m`, `1073741824` → bytes. Units are binary, as Docker's are. `undefined` when it is no quantity. */
export function parseBytes(text: string): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([kmgt]?i?)b?\s*$/i.exec(text);
  const unit = units[match?.[2]?.toLowerCase() ?? '?'];
  return match?.[1] === undefined || unit === undefined ? undefined : Math.round(Number(match[1]) * unit);
}

/** 1073741824 → `1 GiB`; one decimal where it is not whole. */
export function formatBytes(bytes: number): string {
  const names = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < names.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${Number(value.toFixed(1))} ${names[unit] ?? 'B'}`;
}

/** A memory size in YAML or JSON: a number of bytes, or text such as `2Gi`. */
export const ByteSize = z.union([z.number().int().positive(), z.string()]).transform((value, context) => {
  const bytes = typeof value === 'number' ? value : parseBytes(value);
  if (bytes === undefined || !Number.isSafeInteger(bytes)) {
    context.addIssue({ code: 'custom', message: `"${value}" is not a size: write 512m, 2g or 2Gi` });
    return z.NEVER;
  }
  return bytes;
});
