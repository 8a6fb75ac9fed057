import { AppError, type Problem, toAppError, toProblem } from '@agentpod/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { z } from 'zod';

/** What the framework itself refuses, in our words: its own may repeat parts of the request. */
const refusals: Readonly<Record<string, readonly [reason: string, message: string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['BodyTooLarge', 'the request is larger than 256 KiB'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['NotJson', 'send JSON, with content-type: application/json'],
  FST_ERR_CTP_INVALID_JSON_BODY: ['MalformedJson', 'the request is not valid JSON'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['MalformedJson', 'the request says it is JSON, but is empty'],
  FST_ERR_BAD_URL: ['BadUrl', 'the address is not a valid URL'],
};

const Refusal = z.object({ statusCode: z.number().int().min(400).max(499), code: z.string().optional() });
const UnknownKeys = z.object({ keys: z.array(z.string()).min(1) });

/** The one place where a failure becomes an answer. A mistake of ours says nothing of itself. */
export function answerProblem(thrown: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { error, status } = explain(thrown);
  log(error, request);
  if (error.kind === 'unauthorized') void reply.header('www-authenticate', 'Bearer');
  const problem: Problem = { ...toProblem(error), ...(status === undefined ? {} : { status }) };
  // Serialised here, because what a route says of its answers does not bind its failures.
  return reply
    .code(problem.status)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .serializer(JSON.stringify)
    .send(problem);
}

function explain(thrown: unknown): { error: AppError; status?: number } {
  if (thrown instanceof AppError) return { error: thrown };
  if (hasZodFastifySchemaValidationErrors(thrown)) return { error: invalidRequest(thrown.validation[0]) };
  const refusal = Refusal.safeParse(thrown);
  if (!refusal.success) return { error: toAppError(thrown) };
  const { statusCode: status, code } = refusal.data;
  if (status === 429) {
    const remedy = 'Wait a minute.';
    return { error: new AppError('unavailable', 'TooManyAttempts', 'too many attempts', { remedy }), status };
  }
  const [reason, message] = refusals[code ?? ''] ?? ['BadRequest', 'the request is not understood'];
  return { error: new AppError('invalid', reason, message), status };
}

function invalidRequest(
  issue: { instancePath: string; message?: string | undefined; params: unknown } | undefined,
): AppError {
  const unknownKeys = UnknownKeys.safeParse(issue?.params);
  const path = (issue?.instancePath ?? '').split('/').filter((part) => part !== '');
  // For a field that should not be there, the field itself is what is wrong, not the object around it.
  const field = [...path, ...(unknownKeys.success ? unknownKeys.data.keys.slice(0, 1) : [])].join('.');
  const message = issue?.message ?? 'the request is not understood';
  return new AppError(
    'invalid',
    'InvalidRequest',
    field === '' ? message : `${field}: ${message}`,
    field === '' ? {} : { field },
  );
}

function log(error: AppError, request: FastifyRequest): void {
  const { kind, reason } = error;
  if (kind === 'bug') request.log.error({ err: error.cause ?? error, reason }, 'request failed by a bug');
  else if (kind === 'unavailable' || kind === 'terminal') {
    request.log.warn({ kind, reason, detail: error.message }, 'request failed');
  } else request.log.info({ kind, reason }, 'request refused');
}
