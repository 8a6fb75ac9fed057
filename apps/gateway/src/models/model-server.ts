import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { Dispatcher } from 'undici';
import type { Agent, Snapshot } from '../snapshot/snapshot.ts';
import { admit } from './admit.ts';
import type { CallEnd } from './call-end.ts';
import { answerDemo } from './demo-reply.ts';
import { ModelFailure, sendFailure } from './dialect.ts';
import { forward } from './forward.ts';
import { dialectOf, modelRouteOf } from './model-route.ts';
import type { ModelRecords } from './model-records.ts';
import { answerModels } from './own-models.ts';
import { checkDeclaredSize } from './request-body.ts';
import { Slots } from './slots.ts';

export interface ModelServerOptions {
  readonly snapshot: () => Snapshot | undefined;
  /** Makes the calls to providers. */
  readonly pool: Dispatcher;
  /** Where it is noted how calls to providers went. */
  readonly records: ModelRecords;
  readonly log: Logger;
  readonly limits?: Partial<ModelLimits>;
}

export interface ModelLimits {
  readonly bodyBytes: number;
  readonly callsPerAgent: number;
  readonly demoCallsPerAgent: number;
  readonly socketsPerAddress: number;
  /** For an agent to send its request's head; its body. */
  readonly headMs: number;
  readonly requestMs: number;
}

const defaultLimits: ModelLimits = {
  bodyBytes: 32 * 1024 ** 2,
  callsPerAgent: 64,
  demoCallsPerAgent: 4,
  socketsPerAddress: 256,
  headMs: 10_000,
  requestMs: 120_000,
};

/** The address that agents take for their model provider. */
export function createModelServer({ snapshot, pool, records, log, limits: given }: ModelServerOptions): Server {
  const limits = { ...defaultLimits, ...given };
  const calls = new Slots(limits.callsPerAgent);
  const demoCalls = new Slots(limits.demoCallsPerAgent);

  async function answer(request: IncomingMessage, response: ServerResponse, signal: AbortSignal): Promise<Agent> {
    const known = snapshot();
    if (known === undefined) throw new ModelFailure('starting', 'the gateway is starting');
    const agent = admit(known, request);
    try {
      await serve(agent, request, response, signal);
    } catch (error) {
      throw new FailedCall(agent, error);
    }
    return agent;
  }

  async function serve(agent: Agent, request: IncomingMessage, response: ServerResponse, signal: AbortSignal) {
    const path = pathOf(request);
    if (request.method === 'GET' && path === '/v1/models') {
      answerModels(agent, response);
      return;
    }
    const route = modelRouteOf(request.method ?? '', path);
    if (route === undefined) throw new ModelFailure('not-found', 'this is not served here');
    if (route.dialect !== agent.model.dialect) {
      throw new ModelFailure('not-found', `the provider of this agent speaks the ${agent.model.dialect} dialect`);
    }
    checkDeclaredSize(request, limits.bodyBytes);
    if (agent.model.provider !== 'demo') {
      const ended = (end: CallEnd): void => records.add(agent, route, end);
      const call = { agent, request, response, signal, bodyLimitBytes: limits.bodyBytes, ended };
      await calls.hold(agent.id, () => forward(pool, route, call));
    } else if (path === '/v1/chat/completions') {
      await demoCalls.hold(agent.id, () => answerDemo(agent, request, response));
    } else {
      throw new ModelFailure('not-found', 'the demo has chat completions only; connect a model');
    }
  }

  const server = createServer(
    {
      headersTimeout: limits.headMs,
      requestTimeout: limits.requestMs,
      connectionsCheckingInterval: Math.min(limits.headMs, 10_000),
      keepAliveTimeout: 60_000,
    },
    (request, response) => {
      const started = performance.now();
      const gone = new AbortController();
      response.once('close', () => gone.abort());
      const report = (agent: Agent | undefined, more: object): void =>
        log.info(
          {
            agent: agent?.ref,
            path: modelRouteOf('POST', pathOf(request))?.path ?? 'other',
            status: response.headersSent ? response.statusCode : undefined,
            milliseconds: Math.round(performance.now() - started),
            ...more,
          },
          'model call',
        );
      answer(request, response, gone.signal).then(
        (agent) => report(agent, {}),
        (thrown: unknown) => {
          const { agent, cause } = thrown instanceof FailedCall ? thrown : { agent: undefined, cause: thrown };
          endWith(cause, request, response);
          report(agent, { outcome: outcomeOf(cause) });
        },
      );
    },
  );
  limitSockets(server, limits.socketsPerAddress);
  return server;
}

/** Which agent's call it was, for the log alone. */
class FailedCall extends Error {
  readonly agent: Agent;

  constructor(agent: Agent, cause: unknown) {
    super('a model call failed', { cause });
    this.agent = agent;
  }
}

function endWith(error: unknown, request: IncomingMessage, response: ServerResponse): void {
  if (response.headersSent) {
    // Half an answer must not look like a whole one.
    response.destroy();
    return;
  }
  const failure =
    error instanceof ModelFailure
      ? error
      : new ModelFailure('bad-upstream', 'the gateway made a mistake', { cause: error });
  sendFailure(response, dialectOf(pathOf(request)), failure);
}

/** A word to find the cause by. Messages of libraries may quote headers, and those hold keys. */
function outcomeOf(error: unknown): string {
  const cause = error instanceof ModelFailure ? (error.cause ?? error) : error;
  if (cause instanceof ModelFailure) return cause.kind;
  if ((cause as Error).name === 'AbortError') return 'aborted';
  return (cause as NodeJS.ErrnoException).code ?? (cause as Error).name;
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '').split('?', 1)[0] ?? '';
}

/** One agent must not use up the file descriptors of all. */
function limitSockets(server: Server, most: number): void {
  const open = new Slots(most);
  server.on('connection', (socket) => {
    const release = open.take(socket.remoteAddress ?? '');
    if (release === undefined) socket.destroy();
    else socket.once('close', release);
  });
}
