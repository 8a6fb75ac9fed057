/**
 * Bundles what ships: `node scripts/build.ts [server] [gateway] [cli] [dashboard]`; without names all of them.
 *
 *   dist/server/main.js      control plane     dist/gateway/main.js     gateway
 *   apps/cli/dist/agentpod.js command line     apps/dashboard/dist      dashboard
 *
 * The results need Node.js and nothing else: no `node_modules`, no native modules.
 */
import { chmod, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type RolldownPluginOption, rolldown } from 'rolldown';
import { leanBuiltins } from '../apps/cli/bundle.ts';
import { leanEngineClient } from '../apps/server/bundle.ts';

const root = new URL('..', import.meta.url).pathname;

const targets = {
  server: () =>
    bundle({
      entry: 'apps/server/src/main.ts',
      directory: 'dist/server',
      file: 'main.js',
      plugins: [leanEngineClient()],
    }),
  gateway: () => bundle({ entry: 'apps/gateway/src/main.ts', directory: 'dist/gateway', file: 'main.js' }),
  cli: async () => {
    const file = await bundle({
      entry: 'apps/cli/src/main.ts',
      directory: 'apps/cli/dist',
      file: 'agentpod.js',
      command: true,
      plugins: [leanBuiltins()],
    });
    await chmod(file, 0o755);
    return file;
  },
  dashboard: async () => {
    // Only here: whoever bundles the server alone does not pay for it.
    const { build } = await import('vite');
    await build({ root: join(root, 'apps/dashboard'), logLevel: 'warn' });
    return join(root, 'apps/dashboard/dist');
  },
};

type Target = keyof typeof targets;

interface Bundle {
  readonly entry: string;
  readonly directory: string;
  readonly file: string;
  /** Made to be started by its name. */
  readonly command?: boolean;
  readonly plugins?: readonly RolldownPluginOption[];
}

/** Answers the path of the bundled entry. What an entry imports dynamically is a file of its own, read when needed. */
async function bundle({ entry, directory, file, command, plugins = [] }: Bundle): Promise<string> {
  const input = join(root, entry);
  if (!existsSync(input)) throw new Error(`${entry} does not exist`);
  const dir = join(root, directory);
  await rm(dir, { recursive: true, force: true });
  const build = await rolldown({
    input,
    platform: 'node',
    plugins: [...plugins],
    // CommonJS packages ask for these; a bundle is a module, which has them under other names.
    transform: { define: { __dirname: 'import.meta.dirname', __filename: 'import.meta.filename' } },
    logLevel: 'warn',
    onLog(level, log, handle) {
      if (level === 'warn' && log.code === 'EVAL') return;
      handle(level, log);
    },
  });
  await build.write({
    dir,
    format: 'esm',
    entryFileNames: file,
    chunkFileNames: 'chunks/[name]-[hash].js',
    comments: { legal: true, jsdoc: false },
    // One Chinese word, and V8 keeps the whole source with two bytes per character.
    charset: 'ascii',
    // Its start-up time is felt; the servers start once, and their stack traces are read.
    ...(command ? { minify: true } : {}),
    ...(command ? { banner: (chunk: { isEntry: boolean }) => (chunk.isEntry ? '#!/usr/bin/env node' : '') } : {}),
  });
  await build.close();
  return join(dir, file);
}

const { positionals } = parseArgs({ allowPositionals: true });
const wanted = positionals.length > 0 ? positionals : Object.keys(targets);
for (const name of wanted) {
  if (!Object.hasOwn(targets, name)) {
    console.error(`There is nothing called "${name}" to build. Names: ${Object.keys(targets).join(', ')}.`);
    process.exit(2);
  }
}
for (const name of wanted) {
  const started = performance.now();
  let path: string;
  try {
    path = await targets[name as Target]();
  } catch (error) {
    console.error(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  }
  console.log(`${name.padEnd(10)} ${path.slice(root.length)}  ${Math.round(performance.now() - started)} ms`);
}
