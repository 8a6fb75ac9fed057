import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';

/** Addresses that the dashboard shows a page for; each of them is the same file. */
const pages = ['/', '/login', '/setup', '/agents/*'];

/** Serves the built dashboard, when there is one. It needs no log-in: what it shows comes from the API. */
export function serveDashboard(app: FastifyInstance, folder: string | undefined): void {
  if (folder === undefined || !existsSync(join(folder, 'index.html'))) return;
  void app.register(fastifyStatic, {
    root: folder,
    // Only files that are there now get a route, so nothing else can be asked for.
    wildcard: false,
    index: false,
    cacheControl: false,
    setHeaders: (reply, path) => {
      // Built files carry a hash of their content in their name; pages must be looked at anew.
      const isHashed = path.startsWith(join(folder, 'assets'));
      void reply.header('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
  void app.register(async (scope) => {
    for (const page of pages) {
      scope.get(page, { schema: { hide: true } }, async (_request, reply) => reply.sendFile('index.html'));
    }
  });
}
