import type { FastifyInstance } from 'fastify';

/** One line per request: which route, by whom, how it went. Never a body, a header or a query: they may hold secrets. */
export function logRequests(app: FastifyInstance): void {
  app.addHook('onResponse', async (request, reply) => {
    request.log.info(
      {
        method: request.method,
        route: request.routeOptions.url ?? 'none',
        status: reply.statusCode,
        milliseconds: Math.round(reply.elapsedTime),
        who: request.identity?.id,
      },
      'request',
    );
  });
}
