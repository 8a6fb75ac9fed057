import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/**
 * The house rules are executed by linter and compiler. These small violations make sure that a rule cannot vanish from
 * their configuration unnoticed: each is written into an otherwise empty copy of the workspace and must be reported.
 */
const root = join(import.meta.dirname, '..');
const run = promisify(execFile);

const layers = 'eslint(no-restricted-imports)';
const clock = 'house(no-clock)';
const properties = 'eslint(no-restricted-properties)';
const globals = 'eslint(no-restricted-globals)';
const importing = (from: string): string => `import { x } from '${from}';\nexport const y = x;\n`;

const forbidden: readonly (readonly [path: string, rule: string, code: string, title: string])[] = [
  ['packages/core/src/domain/a1.ts', layers, importing('../api/client.ts'), 'the domain imports the wire contract'],
  ['packages/core/src/domain/a2.ts', layers, importing('node:fs'), 'the domain imports Node'],
  ['packages/core/src/domain/part/a9.ts', layers, importing('../../api/client.ts'), 'a part of the domain does'],
  ['packages/core/src/domain/a3.ts', layers, importing('yaml'), 'the domain imports a library other than zod'],
  [
    'packages/core/src/domain/a4.ts',
    layers,
    `export * from '../api/client.ts';\n`,
    'the domain re-exports the contract',
  ],
  ['packages/core/src/domain/a5.ts', layers, `export const load = () => import('node:fs');\n`, 'a dynamic import'],
  ['packages/core/src/domain/a6.ts', properties, 'export const x = Date.now();\n', 'the domain reads the clock'],
  ['packages/core/src/domain/a7.ts', properties, 'export const x = Math.random();\n', 'the domain rolls dice'],
  ['packages/core/src/domain/a8.ts', clock, 'export const x = new Date();\n', 'the domain asks what time it is'],
  ['packages/core/src/api/b1.ts', layers, importing('node:http'), 'the contract imports Node'],
  ['apps/server/src/ports/c1.ts', layers, importing('dockerode'), 'a port imports a library'],
  ['apps/server/src/ports/c2.ts', layers, importing('../services/target.ts'), 'a port imports a service'],
  ['apps/server/src/services/d1.ts', layers, importing('../adapters/docker/a.ts'), 'a service imports an adapter'],
  ['apps/server/src/services/d2.ts', layers, importing('../http/agents.ts'), 'a service imports a route'],
  ['apps/server/src/services/part/d8.ts', layers, importing('../../adapters/docker/a.ts'), 'a part of a service does'],
  ['apps/server/src/services/d3.ts', layers, importing('../config.ts'), 'a service imports the configuration'],
  ['apps/server/src/services/d4.ts', layers, importing('dockerode'), 'a service imports an engine client'],
  ['apps/server/src/services/d5.ts', layers, importing('../testing/fake-clock.ts'), 'a service imports a fake'],
  ['apps/server/src/services/d6.ts', globals, 'setTimeout(() => undefined, 1);\n', 'a service sets a real timer'],
  ['apps/server/src/services/d7.ts', properties, 'export const x = Date.now();\n', 'a service reads the clock'],
  ['apps/server/src/adapters/one/e1.ts', layers, importing('../two/a.ts'), 'an adapter imports another'],
  ['apps/server/src/adapters/one/e2.ts', layers, importing('../../services/target.ts'), 'an adapter imports a service'],
  [
    'apps/server/src/adapters/one/deep/e3.ts',
    layers,
    importing('../../two/a.ts'),
    'a nested adapter file imports another',
  ],
  ['apps/server/src/http/f1.ts', layers, importing('../adapters/docker/a.ts'), 'a route imports an adapter'],
  ['apps/server/src/http/f2.ts', layers, importing('../testing/builders.ts'), 'a route imports a fake'],
  [
    'apps/server/src/g1.ts',
    layers,
    importing('./adapters/docker/a.ts'),
    'a root file that is not the composition root',
  ],
  ['apps/server/src/testing/h1.ts', layers, importing('../adapters/docker/a.ts'), 'a fake imports an adapter'],
  ['apps/gateway/src/i1.ts', layers, importing('../../server/src/config.ts'), 'the gateway imports the server'],
  ['apps/cli/src/j1.ts', layers, importing('@agentpod/server'), 'the CLI imports the server'],
  ['apps/dashboard/src/k1.ts', layers, importing('../../gateway/src/a.ts'), 'the dashboard imports the gateway'],
  ['e2e/l1.ts', layers, importing('../apps/server/src/config.ts'), 'an end-to-end test imports an app'],
  ['apps/server/src/m1.ts', 'node(no-process-env)', `export const x = process.env['A'];\n`, 'the environment is read'],
  [
    'apps/server/src/adapters/one/n1.ts',
    'typescript(no-floating-promises)',
    'const later = async (): Promise<void> => undefined;\nlater();\n',
    'a promise that nobody awaits',
  ],
  ['apps/server/src/o1.ts', 'typescript(no-explicit-any)', 'export const x = (y: any): void => y;\n', 'any'],
  [
    'apps/server/src/p1.ts',
    'eslint(no-empty)',
    'try {\n  JSON.parse("");\n} catch {}\n',
    'a failure swallowed in silence',
  ],
  ['apps/server/src/q1.ts', 'import(no-default-export)', 'export default 1;\n', 'a default export'],
  ['apps/server/src/r1.ts', 'import(no-cycle)', `export { b } from './r2.ts';\nexport const a = 1;\n`, 'a cycle'],
  [
    'apps/server/src/r2.ts',
    'import(no-cycle)',
    `export { a } from './r1.ts';\nexport const b = 1;\n`,
    'its other half',
  ],
  [
    'apps/server/src/s1.ts',
    'typescript(switch-exhaustiveness-check)',
    `export function f(x: 'a' | 'b'): void {\n  switch (x) {\n    case 'a':\n      return;\n  }\n}\n`,
    'a switch that forgets a case',
  ],
  ['apps/server/src/main.ts', layers, importing('../../gateway/src/a.ts'), 'the composition root imports another app'],
  ['apps/server/src/http/deep/t1.ts', layers, importing('../../adapters/a/a.ts'), 'a nested route imports an adapter'],
  [
    'apps/server/src/u1.ts',
    'typescript(no-misused-promises)',
    'export const f = (x: Promise<boolean>): number => (x ? 1 : 2);\n',
    'a promise used as a condition',
  ],
  ['apps/server/src/v1.ts', 'typescript(only-throw-error)', `throw 'no';\n`, 'something thrown that is no error'],
  [
    'apps/server/src/w1.ts',
    'typescript(no-non-null-assertion)',
    'export const f = (x: string | undefined): string => x!;\n',
    'an assertion that something is there',
  ],
  [
    'apps/server/src/x1.test.ts',
    'vitest(no-focused-tests)',
    `import { test } from 'vitest';\ntest.only('this one', () => undefined);\n`,
    'a test that silences the others',
  ],
  [
    'apps/dashboard/src/y1.tsx',
    'react-hooks(rules-of-hooks)',
    `import { useState } from 'react';\nexport function F(p: { a: boolean }) {\n  if (p.a) useState(1);\n  return null;\n}\n`,
    'a hook behind a condition',
  ],
];

const allowed: readonly (readonly [path: string, code: string])[] = [
  ['packages/core/src/domain/ok1.ts', importing('zod')],
  ['packages/core/src/domain/part/ok.ts', importing('../plan.ts')],
  ['apps/server/src/services/part/ok.ts', importing('../../ports/clock.ts')],
  ['packages/core/src/domain/ok2.ts', 'export const x = new Date(0).toISOString();\n'],
  ['packages/core/src/domain/ok3.test.ts', importing('vitest')],
  ['packages/core/src/api/ok.ts', importing('../domain/plan.ts')],
  ['apps/server/src/ports/ok.ts', importing('@agentpod/core')],
  ['apps/server/src/services/ok1.ts', importing('../ports/store.ts')],
  ['apps/server/src/services/ok2.ts', importing('./target.ts')],
  ['apps/server/src/adapters/one/ok1.ts', importing('dockerode')],
  ['apps/server/src/adapters/one/ok2.ts', importing('../../ports/store.ts')],
  ['apps/server/src/adapters/one/deep/ok3.ts', importing('../../../ports/store.ts')],
  ['apps/server/src/adapters/one/deep/ok4.ts', importing('../other.ts')],
  ['apps/server/src/adapters/one/ok5.test.ts', importing('../../testing/fake-clock.ts')],
  ['apps/server/src/http/ok.ts', importing('../services/target.ts')],
  ['apps/server/src/composition.ts', importing('./adapters/docker/a.ts')],
  ['apps/server/src/config.ts', `export const x = process.env['A'];\n`],
  ['apps/server/src/testing/ok.ts', importing('../ports/store.ts')],
  ['apps/gateway/src/ok.ts', importing('@agentpod/core')],
  ['e2e/ok.ts', importing('../apps/server/src/testing/real-parts.ts')],
];

interface Report {
  readonly diagnostics: readonly { readonly code: string; readonly filename: string }[];
}

describe('the house rules', () => {
  let copy: string;
  let found: readonly { readonly path: string; readonly rule: string }[];

  beforeAll(async () => {
    copy = await realpath(await mkdtemp(join(tmpdir(), 'agentpod-house-rules-')));
    for (const path of ['.oxlintrc.json', 'tsconfig.base.json', 'scripts/lint', 'packages/core/tsconfig.src.json']) {
      await mkdir(dirname(join(copy, path)), { recursive: true });
      await cp(join(root, path), join(copy, path), { recursive: true });
    }
    await writeFile(
      join(copy, 'tsconfig.json'),
      JSON.stringify({ extends: './tsconfig.base.json', include: ['apps'] }),
    );
    for (const [path, code] of [...forbidden.map(([path, , code]) => [path, code] as const), ...allowed]) {
      await mkdir(dirname(join(copy, path)), { recursive: true });
      await writeFile(join(copy, path), code);
    }
    found = await lint(copy);
  }, 60_000);

  afterAll(() => rm(copy, { recursive: true, force: true }));

  test.for(forbidden.map(([path, rule, , title]) => ({ path, rule, title })))('$title: $path', ({ path, rule }) => {
    expect(found).toContainEqual({ path, rule });
  });

  test.for(allowed)('what is allowed is not reported: %s', ([path]) => {
    expect(found.filter((problem) => problem.path === path)).toEqual([]);
  });

  test('core knows neither Node nor the DOM nor timers', async () => {
    const names = ['process', 'fetch', 'setTimeout', 'document', 'Buffer'];
    await rm(join(copy, 'packages/core/src'), { recursive: true });
    await mkdir(join(copy, 'packages/core/src'));
    await writeFile(join(copy, 'packages/core/src/a.ts'), names.map((name) => `void ${name};`).join('\n'));
    const complaints = await typeErrors(join(copy, 'packages/core/tsconfig.src.json'));
    for (const name of names) expect(complaints).toContain(`'${name}'`);
  }, 30_000);
});

async function lint(directory: string): Promise<{ path: string; rule: string }[]> {
  const output = await run(join(root, 'node_modules/.bin/oxlint'), ['--format', 'json'], {
    cwd: directory,
    env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH']}` },
    maxBuffer: 16 * 1024 * 1024,
  }).then(
    ({ stdout }) => stdout,
    // It exits with 1 because there are problems: that is what this is about.
    (error: { stdout: string }) => error.stdout,
  );
  const report = JSON.parse(output) as Report;
  return report.diagnostics.map(({ filename, code }) => ({ path: filename, rule: code }));
}

async function typeErrors(project: string): Promise<string> {
  return run(join(root, 'node_modules/.bin/tsc'), ['-p', project], {
    env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH']}` },
  }).then(
    () => '',
    (error: { stdout: string }) => error.stdout,
  );
}
