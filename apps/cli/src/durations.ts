import { InvalidArgumentError } from 'commander';

const unitMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `90m`, `2h`, `1d12h` → milliseconds, for commander's options. */
export function duration(text: string): number {
  const parts = [...text.matchAll(/(\d{1,5})([mhd])/g)];
  const milliseconds = parts.reduce((sum, [, count, unit]) => sum + Number(count) * (unitMs[unit ?? ''] ?? 0), 0);
  if (milliseconds > 0 && parts.map(([part]) => part).join('') === text) return milliseconds;
  throw new InvalidArgumentError('30m, 2h, 1d12h');
}

/** `2026-11-01T22:00` (local time) or with a zone → ISO, for commander's options. */
export function moment(text: string): string {
  const time = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time)) return new Date(time).toISOString();
  throw new InvalidArgumentError('2026-11-01T22:00');
}
