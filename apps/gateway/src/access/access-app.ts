import type { ModelReport } from '@agentpod/core';
import cookie from '@fastify/cookie';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import { authRoute } from './auth-route.ts';
import { HandoverCodes } from './handover-codes.ts';
import { pageRoutes } from './page-routes.ts';
import { type AccessContext, placeOf, sendPage } from './place.ts';
import { reportRoute } from './report-route.ts';

export interface AccessOptions extends Omit<AccessContext, 'codes'> {
  /** More of what `/healthz` says. */
  readonly health: () => object;
  /** How model calls went, by the agent's id. */
  readonly reports: () => Record<string, ModelReport>;
}

/** Forward-auth and the pages that visitors see in place of an agent. */
export async function createAccessApp(options: AccessOptions): Promise<FastifyInstance> {
  const log: FastifyBaseLogger = options.log;
  const app = Fastify({
    loggerInstance: log,
    // Addresses carry hand-over codes.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: 65_536,
    exposeHeadRoutes: false,
    // While it stops, what was already on its way is answered as ever.
    return503OnClosing: false,
    routerOptions: { maxParamLength: 100 },
    // Longer than Traefik keeps an idle connection, so that it never asks on one that is about to be closed.
    keepAliveTimeout: 120_000,
    requestTimeout: 10_000,
    // Agents may fill a browser's cookie jar; Traefik lets far more through than Node does by default.
    http: { maxHeaderSize: 131_072 },
    // An address that cannot be decoded; the usual answer repeats it.
    frameworkErrors: (_error, request, reply) => void sendPage(request, reply, 'not-found'),
    clientErrorHandler: (_error, socket) => {
      // The error holds the raw request, cookies and all: nothing of it is logged.
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    },
  });
  await app.register(cookie);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, payload, done) => {
    payload.resume();
    done(null);
  });

  const context: AccessContext = { ...options, codes: new HandoverCodes(options.now()) };
  app.get('/healthz', async () => ({ ok: true, snapshot: options.snapshot()?.revision ?? null, ...options.health() }));
  authRoute(app, context);
  pageRoutes(app, context);
  reportRoute(app, options);
  app.setNotFoundHandler((request, reply) => {
    const place = placeOf(request, reply, { authority: request.headers.host, context });
    return place === undefined ? reply : sendPage(request, reply, 'not-found');
  });
  app.setErrorHandler((error, request, reply) => {
    log.error({ route: request.routeOptions.url, err: error }, 'access failed');
    return sendPage(request, reply, 'broken');
  });
  return app;
}
