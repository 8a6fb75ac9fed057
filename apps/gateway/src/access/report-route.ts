import { modelReportPath, type ModelReport } from '@agentpod/core';
import type { FastifyInstance } from 'fastify';
import { hasSha256 } from '../digest.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';

const nobody = '0'.repeat(64);

/**
 * How model calls went, for the control plane. Traefik forwards to this listener, so the path stands outside of all that
 * it leads here, and without the key it does not exist.
 */
export function reportRoute(
  app: FastifyInstance,
  { snapshot, reports }: { snapshot: () => Snapshot | undefined; reports: () => Record<string, ModelReport> },
): void {
  app.get(modelReportPath, (request, reply) => {
    const token = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
    if (!hasSha256(token, snapshot()?.reportKeyHash ?? nobody)) {
      reply.callNotFound();
      return reply;
    }
    return reply.header('cache-control', 'no-store').send(reports());
  });
}
