import cookie from '@fastify/cookie';
import rateLimit from '@fastify/rate-limit';
import swagger from '@fastify/swagger';
import { AppError } from '@agentpod/core';
import { fastify, type FastifyInstance, LogController } from 'fastify';
import {
  jsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import type { Api } from './api.ts';
import { serveDashboard } from './dashboard.ts';
import { identify } from './identity.ts';
import { answerProblem } from './problems.ts';
import { logRequests } from './request-log.ts';
import { agentRoutes } from './routes/agents.ts';
import { agentTalkRoutes } from './routes/agent-talk.ts';
import { agentVerbRoutes } from './routes/agent-verbs.ts';
import { alertRoutes } from './routes/alerts.ts';
import { handoverRoutes } from './routes/handover.ts';
import { healthRoutes } from './routes/health.ts';
import { historyRoutes } from './routes/history.ts';
import { quietTimeRoutes } from './routes/quiet-times.ts';
import { sessionRoutes } from './routes/session.ts';
import { setupRoutes } from './routes/setup.ts';
import { systemRoutes } from './routes/system.ts';
import { tokenRoutes } from './routes/tokens.ts';
import { securityHeaders } from './security-headers.ts';
import type { AppOptions, RouteContext, Services } from './services.ts';

const bodyLimitBytes = 256 * 1024;

/** The HTTP API, the dashboard's files and the browser's way to an agent. Not listening yet; `close()` ends open streams. */
export function createApp(services: Services, options: AppOptions): FastifyInstance {
  const app = fastify({
    loggerInstance: options.logger,
    // Its own lines hold addresses with their queries; ours hold what was asked for by whom.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: bodyLimitBytes,
    // Only Traefik and the CLI reach us, both from this machine; whom Traefik speaks for it says in a header.
    trustProxy: 'loopback',
    exposeHeadRoutes: false,
    frameworkErrors: (error, request, reply) => void answerProblem(error, request, reply),
  });
  const stop = new AbortController();
  app.addHook('preClose', async () => stop.abort());
  const context: RouteContext = { services, options, stopping: stop.signal };

  // Only JSON is understood. What browsers send without asking first (plain text, forms) is refused.
  app.removeContentTypeParser('text/plain');
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(answerProblem);
  app.setNotFoundHandler(() => {
    throw new AppError('not-found', 'NoSuchRoute', 'nothing is at this address');
  });
  app.decorateRequest('identity', undefined);
  logRequests(app);
  securityHeaders(app, options);
  void app.register(cookie);
  void app.register(rateLimit, { global: false });
  void app.register(swagger, { openapi: description(options), transform: jsonSchemaTransform });
  serveDashboard(app, options.dashboard);

  void app.register(async (scope) => {
    const api: Api = scope.withTypeProvider<ZodTypeProvider>();
    for (const routes of [healthRoutes, setupRoutes, sessionRoutes, handoverRoutes]) routes(api, context);
  });
  void app.register(async (scope) => {
    // A route in here cannot be reached by a stranger, whatever it forgets.
    scope.addHook('onRequest', async (request) => {
      request.identity = await identify(request, context);
    });
    const api: Api = scope.withTypeProvider<ZodTypeProvider>();
    for (const routes of [
      tokenRoutes,
      systemRoutes,
      agentRoutes,
      agentVerbRoutes,
      agentTalkRoutes,
      alertRoutes,
      historyRoutes,
      quietTimeRoutes,
    ])
      routes(api, context);
  });
  return app;
}

function description({ version, consoleUrl }: AppOptions) {
  return {
    openapi: '3.1.0' as const,
    info: { title: 'AgentPod', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: consoleUrl }],
    components: { securitySchemes: { token: { type: 'http' as const, scheme: 'bearer' } } },
    security: [{ token: [] }],
  };
}
