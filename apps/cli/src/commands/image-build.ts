import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError } from '@agentpod/core';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { findRecipe, runRecipe } from '../image/recipe.ts';
import { requireBuildTools } from '../image/tools.ts';
import { hint, printResult } from '../output/print.ts';

export interface ImageBuildOptions {
  readonly force?: boolean;
}

export async function imageBuild(
  context: Context,
  type: string,
  wanted: string | undefined,
  options: ImageBuildOptions,
): Promise<number> {
  const { t } = context;
  if (wanted !== undefined && !/^\w[\w.-]{0,60}$/.test(wanted)) {
    throw new AppError('invalid', 'InvalidVersion', t.image.invalidVersion(wanted), { field: 'version' });
  }
  const script = await findRecipe(context, type);
  const version = wanted ?? (await defaultVersion(script, type));
  await requireBuildTools(context);
  await hint(context, t.image.building(type, version));
  const force = options.force === true ? ['--force'] : [];
  await runRecipe(context, script, version === undefined ? force : [version, ...force]);
  await printResult(context, { type, version, built: true }, () => `${t.image.built(type, version)}\n`);
  return 0;
}

const Manifest = z.object({ versions: z.object({ default: z.string() }) });

/** What the type's manifest, beside the recipe, says; a recipe without a manifest knows itself. */
async function defaultVersion(script: string, type: string): Promise<string | undefined> {
  const manifest = join(dirname(script), '..', '..', '..', 'agent-types', `${type}.yaml`);
  try {
    const text = await readFile(manifest, 'utf8');
    const { parse } = await import('yaml');
    return Manifest.parse(parse(text)).versions.default;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
