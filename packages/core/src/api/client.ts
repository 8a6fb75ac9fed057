import type { z } from 'zod';
import { AppError } from '../domain/errors.ts';
import { parseAgentRef } from '../domain/names.ts';
import { alertCalls } from './alert-calls.ts';
import { historyCalls } from './history-calls.ts';
import { fromProblem, Problem } from './problem.ts';
import {
  AgentList,
  AgentTypeList,
  AgentView,
  type ChatRequest,
  ChatReply,
  type CreateAgent,
  DoctorReport,
  EventList,
  LogLine,
  type LogIn,
  Me,
  NewToken,
  OrphanList,
  type SetModel,
  type SetupRequest,
  SetupLink,
  SetupState,
  SystemView,
  TokenList,
  type UpdateAgent,
  WatchMessage,
} from './schemas.ts';

/** The part of `fetch` that the client uses; given by the caller, because core knows neither Node nor the DOM. */
export interface HttpRequest {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
  readonly signal?: AbortSignalLike;
}
export interface HttpResponse {
  readonly ok: boolean;
  readonly status: number;
  text(): Promise<string>;
  /** Decoded text as it comes, for streams. */
  lines(): AsyncIterable<string>;
}
export type HttpCall = (path: string, request: HttpRequest) => Promise<HttpResponse>;

/** Structural: satisfied by the `AbortSignal` of Node and of browsers. */
export interface AbortSignalLike {
  readonly aborted: boolean;
}

export interface CallOptions {
  readonly signal?: AbortSignalLike;
}

/** The HTTP API as functions. One per operation; every answer is checked against the contract. */
export function createClient(call: HttpCall) {
  async function send(
    method: string,
    path: string,
    body?: unknown,
    options: CallOptions & { headers?: Record<string, string> } = {},
  ) {
    const response = await call(path, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...options.headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(options.signal ? { signal: options.signal } : {}),
    });
    if (!response.ok) throw await failure(response);
    return response;
  }

  async function ask<S extends z.ZodType>(
    schema: S,
    method: string,
    path: string,
    body?: unknown,
    options?: CallOptions & { headers?: Record<string, string> },
  ): Promise<z.output<S>> {
    const response = await send(method, path, body, options);
    return schema.parse(JSON.parse(await response.text()));
  }

  async function* stream<S extends z.ZodType>(
    schema: S,
    path: string,
    options?: CallOptions,
  ): AsyncIterable<z.output<S>> {
    const response = await send('GET', path, undefined, { ...options, headers: { accept: 'text/event-stream' } });
    let failed = false;
    for await (const line of response.lines()) {
      if (line === 'event: error') failed = true;
      if (!line.startsWith('data: ')) continue;
      const data: unknown = JSON.parse(line.slice(6));
      // The status was sent long before: a stream that breaks says so in its last message.
      if (failed) throw fromProblem(Problem.parse(data));
      yield schema.parse(data);
    }
  }

  const at = (ref: string, suffix = '') => {
    const { tenant, agent } = parseAgentRef(ref);
    return `/v1/agents/${tenant}/${agent}${suffix}`;
  };

  return {
    ...alertCalls({ ask, send, queryString }),
    ...historyCalls({ ask, send, queryString }),
    setupState: () => ask(SetupState, 'GET', '/v1/setup'),
    setup: (request: SetupRequest) => ask(Me, 'POST', '/v1/setup', request),
    /** Root token only; `conflict` once the first account exists. */
    setupLink: () => ask(SetupLink, 'POST', '/v1/setup/link'),
    logIn: (request: LogIn) => ask(Me, 'POST', '/v1/session', request),
    logOut: async () => void (await send('DELETE', '/v1/session')),
    me: () => ask(Me, 'GET', '/v1/session'),

    createToken: (name: string) => ask(NewToken, 'POST', '/v1/tokens', { name }),
    listTokens: () => ask(TokenList, 'GET', '/v1/tokens'),
    revokeToken: async (id: string) => void (await send('DELETE', `/v1/tokens/${encodeURIComponent(id)}`)),

    system: (options?: CallOptions) => ask(SystemView, 'GET', '/v1/system', undefined, options),
    doctor: () => ask(DoctorReport, 'GET', '/v1/doctor'),
    orphans: () => ask(OrphanList, 'GET', '/v1/orphans'),
    /** Answers what was removed. */
    removeOrphans: () => ask(OrphanList, 'DELETE', '/v1/orphans'),
    agentTypes: () => ask(AgentTypeList, 'GET', '/v1/agent-types'),

    /** 202 with the object; the same call again answers with the same object. `idempotencyKey` makes a retry safe. */
    createAgent: (request: CreateAgent, idempotencyKey?: string) =>
      ask(AgentView, 'POST', '/v1/agents', request, {
        headers: idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey },
      }),
    listAgents: (query: { tenant?: string; cursor?: string; limit?: number; deleted?: boolean } = {}) =>
      ask(AgentList, 'GET', `/v1/agents${queryString(query)}`),
    getAgent: (ref: string, options?: CallOptions) => ask(AgentView, 'GET', at(ref), undefined, options),
    /** `ifGeneration` refuses the change when somebody else was faster. */
    updateAgent: (ref: string, request: UpdateAgent, ifGeneration?: number) =>
      ask(AgentView, 'PATCH', at(ref), request, {
        headers: ifGeneration === undefined ? {} : { 'if-match': `"${ifGeneration}"` },
      }),
    setModel: (ref: string, request: SetModel) => ask(AgentView, 'PUT', at(ref, '/model'), request),
    stopAgent: (ref: string) => ask(AgentView, 'POST', at(ref, '/stop')),
    startAgent: (ref: string) => ask(AgentView, 'POST', at(ref, '/start')),
    restartAgent: (ref: string) => ask(AgentView, 'POST', at(ref, '/restart')),
    deleteAgent: (ref: string, options: { purge?: boolean } = {}) =>
      ask(AgentView, 'DELETE', at(ref, queryString({ purge: options.purge }))),
    undeleteAgent: (ref: string) => ask(AgentView, 'POST', at(ref, '/undelete')),
    chat: (ref: string, request: ChatRequest, options?: CallOptions) =>
      ask(ChatReply, 'POST', at(ref, '/chat'), request, options),
    events: (ref: string) => ask(EventList, 'GET', at(ref, '/events')),
    logs: (ref: string, query: { tail?: number; follow?: boolean } = {}, options?: CallOptions) =>
      stream(LogLine, at(ref, `/logs${queryString(query)}`), options),
    /** Every agent once, then every change. */
    watch: (options?: CallOptions) => stream(WatchMessage, '/v1/watch', options),
  };
}
export type Client = ReturnType<typeof createClient>;

async function failure(response: HttpResponse): Promise<AppError> {
  const text = await response.text();
  try {
    return fromProblem(Problem.parse(JSON.parse(text)));
  } catch {
    // Not ours: a proxy in between, or an older server.
    return new AppError(
      'unavailable',
      'UnexpectedAnswer',
      `the server answered ${response.status}: ${text.slice(0, 200)}`,
    );
  }
}

function queryString(values: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const pairs = Object.entries(values).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${encodeURIComponent(String(value))}`],
  );
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}
