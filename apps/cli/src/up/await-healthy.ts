import { AppError, type Client } from '@agentpod/core';
import type { Context } from '../context.ts';
import { containerName, parts } from './containers.ts';
import type { Docker } from './docker.ts';

const deadlineMs = 120_000;
/** Looked at often in the first seconds, when it usually happens. */
const pauses = { firstMs: 250, growth: 1.3, mostMs: 3_000 };

/**
 * Until the API answers and all three containers run. Throws `unavailable` with the last words of the part that does
 * not come up. Answers whether somebody has set it up already.
 */
export async function awaitHealthy(context: Context, client: Client, docker: Docker): Promise<{ setUp: boolean }> {
  const { io, t } = context;
  const until = io.now() + deadlineMs;
  let why = '';
  let pauseMs = pauses.firstMs;
  for (;;) {
    const down = await firstDown(docker);
    if (down === undefined) {
      try {
        return { setUp: (await client.setupState()).done };
      } catch (error) {
        if (!(error instanceof AppError) || error.kind !== 'unavailable') throw error;
        why = error.message;
      }
    }
    if (io.now() >= until) {
      const name = down ?? containerName('server');
      const words = await docker.lastWords(name, 15);
      throw new AppError('unavailable', 'NotHealthy', t.up.notHealthy(name, deadlineMs / 1000, words || why), {
        remedy: t.up.notHealthyRemedy(name),
      });
    }
    await io.sleep(pauseMs);
    pauseMs = Math.min(pauseMs * pauses.growth, pauses.mostMs);
  }
}

async function firstDown(docker: Docker): Promise<string | undefined> {
  for (const name of parts.map(containerName)) {
    if ((await docker.container(name))?.state !== 'running') return name;
  }
  return undefined;
}
