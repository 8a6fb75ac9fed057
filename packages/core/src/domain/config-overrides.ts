import { z } from 'zod';

const mostBytes = 32 * 1024;
const deepest = 16;

/**
 * Settings for experts, merged over what AgentPod renders (RFC 7396). What may stand here is the type's affair; that it
 * is an object of bearable size is ours. Everybody who may read the agent sees it: it is no place for a secret.
 */
export const ConfigOverrides = z.record(z.string(), z.unknown()).superRefine((value, context) => {
  const problem = problemOf(value);
  if (problem) context.addIssue({ code: 'custom', message: problem });
});
export type ConfigOverrides = z.infer<typeof ConfigOverrides>;

function problemOf(value: object): string | undefined {
  // The depth first: serialising is recursive, and so are those who work on this later.
  if (isDeeperThan(deepest, value)) return `at most ${deepest} levels of nesting are taken`;
  const bytes = utf8Length(JSON.stringify(value));
  return bytes > mostBytes
    ? `at most ${mostBytes / 1024} kB are taken, these are ${Math.ceil(bytes / 1024)} kB`
    : undefined;
}

function isDeeperThan(levels: number, value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; depth <= levels; depth++) {
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []));
    if (level.length === 0) return false;
  }
  return true;
}

function utf8Length(text: string): number {
  let length = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    length += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return length;
}
