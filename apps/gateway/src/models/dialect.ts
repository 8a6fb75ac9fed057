import type { ServerResponse } from 'node:http';
import type { ModelDialect } from '@agentpod/core';

/** How each dialect says it. Never `insufficient_quota`: agents take that for a dead account and stop asking. */
const failures = {
  forbidden: { status: 403, openai: 'permission_error', anthropic: 'permission_error' },
  'not-found': { status: 404, openai: 'invalid_request_error', anthropic: 'not_found_error' },
  invalid: { status: 400, openai: 'invalid_request_error', anthropic: 'invalid_request_error' },
  'too-large': { status: 413, openai: 'invalid_request_error', anthropic: 'request_too_large' },
  busy: { status: 429, openai: 'rate_limit_error', anthropic: 'rate_limit_error', retrySeconds: 1 },
  'bad-upstream': { status: 502, openai: 'server_error', anthropic: 'api_error', retrySeconds: 2 },
  starting: { status: 503, openai: 'server_error', anthropic: 'overloaded_error', retrySeconds: 1 },
} as const;

export type FailureKind = keyof typeof failures;

/** Why a call ends here; thrown by whatever finds out, told to the agent in its own dialect. */
export class ModelFailure extends Error {
  override readonly name = 'ModelFailure';
  readonly kind: FailureKind;

  constructor(kind: FailureKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }

  get status(): number {
    return failures[this.kind].status;
  }
}

export function sendFailure(response: ServerResponse, dialect: ModelDialect, failure: ModelFailure): void {
  const { status, [dialect]: type, ...more } = failures[failure.kind];
  const error = { type, message: `AgentPod: ${failure.message}` };
  sendJson(response, {
    status,
    headers: {
      ...('retrySeconds' in more ? { 'retry-after': String(more.retrySeconds) } : {}),
      // The rest of a body that is too large is not waited for.
      ...(failure.kind === 'too-large' ? { connection: 'close' } : {}),
    },
    body: dialect === 'anthropic' ? { type: 'error', error } : { error: { ...error, param: null, code: failure.kind } },
  });
}

export function sendJson(
  response: ServerResponse,
  { status = 200, headers = {}, body }: { status?: number; headers?: Record<string, string>; body: unknown },
): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}
