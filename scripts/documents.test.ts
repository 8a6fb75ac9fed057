import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { conditionTypes } from '@agentpod/core';
import { describe, expect, test } from 'vitest';
import { zh } from '../apps/dashboard/src/messages/zh.ts';

/** Documents that list what the code has: here the two are compared, so that neither runs ahead of the other. */
const root = join(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const matches = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map(([, word = '']) => word);
const sorted = (words: readonly string[]): string[] => [...new Set(words)].toSorted();

/** Code in a table's cell: `` | `Word` | ``. */
const documented = (path: string): string[] => sorted(matches(read(path), /\| `([A-Za-z_]+)` \|/g));

const notReasons = new Set<string>(['True', 'False', 'Unknown', ...conditionTypes]);

/** Every word in quotes that looks like a reason; in these files nothing else does. */
const plannerReasons = [
  'plan',
  'plan-instance',
  'plan-removal',
  'findings',
  'restart-policy',
  'model-health',
  'channel-health',
  'history/memory-trend',
]
  .flatMap((name) => matches(read(`packages/core/src/domain/${name}.ts`), /'([A-Z][A-Za-z]+)'/g))
  .filter((word) => !notReasons.has(word));

/** What a failed step puts into `Ready`: the reason of the error it failed with. */
const stepReasons = ['apps/server/src/services/apply.ts', ...sourcesIn('apps/server/src/adapters/docker')].flatMap(
  (path) => matches(read(path), /(?:AppError\(\s*(?:kind|'[a-z-]+'),\s*|reason: |\?\? )'([A-Z][A-Za-z]+)'/g),
);

function sourcesIn(folder: string): string[] {
  return readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => join(folder, name));
}

describe('the list of reasons', () => {
  const listed = documented('docs/reference/conditions.md').filter((word) => !notReasons.has(word));

  test('the code is read as expected', () => {
    expect(plannerReasons).toEqual(expect.arrayContaining(['Booting', 'DataMissing', 'OutOfMemory']));
    expect(stepReasons).toEqual(expect.arrayContaining(['ImageUnavailable', 'EngineUnreachable', 'RuntimeFailed']));
  });

  test('holds every reason that the planner states, and every one a failed step may have', () => {
    expect(sorted([...plannerReasons, ...stepReasons]).filter((word) => !listed.includes(word))).toEqual([]);
  });

  test('holds no reason that is nowhere in the code', () => {
    const code = ['packages/core/src/domain', 'apps/server/src/services', 'apps/server/src/adapters/sqlite']
      .flatMap(sourcesIn)
      .map(read)
      .join('\n');
    const known = new Set([...plannerReasons, ...stepReasons, ...matches(code, /'([A-Z][A-Za-z]+)'/g)]);
    expect(listed.filter((word) => !known.has(word))).toEqual([]);
  });

  test('every reason that stands beside an agent in the dashboard has a Chinese sentence', () => {
    const ofGround = ['Provisioned', 'Delivered', 'Delivering', 'Running', 'Progressing', 'Stopping'];
    const ofRoute = ['Live', 'NotLive', 'NotNeeded', 'Issued', 'Waiting', 'Failed'];
    const shown = listed.filter((word) => ![...ofGround, ...ofRoute].includes(word));
    expect(shown.filter((word) => zh.reasons[word] === undefined)).toEqual([]);
  });
});

describe('the list of settings', () => {
  test('is the one that server, gateway and command line read', () => {
    const cli = readdirSync(join(root, 'apps/cli/src'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !/test|messages/.test(name))
      .map((name) => join('apps/cli/src', name));
    const code = ['apps/server/src/config.ts', 'apps/gateway/src/config.ts', ...cli].map(read).join('\n');
    const known = sorted(matches(code, /\b(AGENTPOD_[A-Z_]+[A-Z])\b/g));
    expect(documented('docs/reference/configuration.md').filter((name) => name.startsWith('AGENTPOD_'))).toEqual(known);
  });
});
