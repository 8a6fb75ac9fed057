import { AppError, type SystemView } from '@agentpod/core';
import { connect } from '../api/connect.ts';
import type { Context } from '../context.ts';
import { neutraliseLine } from '../output/neutralise.ts';
import { printResult } from '../output/print.ts';
import { renderPairs } from '../output/table.ts';
import { cliVersion } from '../version.ts';

const patienceMs = 3_000;

/** Ours, and the server's where it can be asked; its absence is no failure here. */
export async function version(context: Context): Promise<number> {
  const { labels, noServer } = context.t.version;
  const server = await serverSystem(context);
  const answer = { cli: cliVersion, node: process.versions.node, server: server?.version, engine: server?.engine };
  await printResult(context, answer, () =>
    renderPairs([
      [labels.cli, cliVersion],
      [labels.node, process.versions.node],
      [labels.server, server ? neutraliseLine(server.version) : noServer],
      ...(server?.engine
        ? [[labels.engine, neutraliseLine(`${server.engine.name} ${server.engine.version}`)] as const]
        : []),
    ]),
  );
  return 0;
}

async function serverSystem(context: Context): Promise<SystemView | undefined> {
  try {
    return await (await connect(context)).system({ signal: AbortSignal.timeout(patienceMs) });
  } catch (error) {
    const timedOut = error instanceof DOMException && error.name === 'TimeoutError';
    const refused = error instanceof AppError && (error.kind === 'unavailable' || error.kind === 'unauthorized');
    if (timedOut || refused) return undefined;
    throw error;
  }
}
