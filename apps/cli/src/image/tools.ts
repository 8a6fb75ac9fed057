import { execFile } from 'node:child_process';
import { AppError } from '@agentpod/core';
import type { Context } from '../context.ts';
import { dockerCli } from '../up/docker.ts';

/** What every recipe needs on this machine; what one needs besides (root, say) it says itself. Throws naming the first thing missing. */
export async function requireBuildTools(context: Context): Promise<void> {
  const { io, t } = context;
  for (const tool of ['bash', 'node', 'npm']) {
    if (await answers(tool, io.env)) continue;
    throw new AppError('terminal', 'ToolMissing', t.image.toolMissing(tool), { remedy: t.image.toolRemedy(tool) });
  }
  await dockerCli(context).serverVersion();
}

function answers(tool: string, env: Context['io']['env']): Promise<boolean> {
  return new Promise((resolve) => {
    execFile(tool, ['--version'], { env: { ...env }, timeout: 20_000 }, (error) => resolve(error === null));
  });
}
