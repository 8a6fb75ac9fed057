import { z } from 'zod';
import { AppError, type ErrorKind, errorKinds } from '../domain/errors.ts';

/** RFC 9457 problem details, `application/problem+json`. */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  kind: z.enum(Object.keys(errorKinds) as [ErrorKind, ...ErrorKind[]]),
  reason: z.string(),
  field: z.string().optional(),
  remedy: z.string().optional(),
});
export type Problem = z.infer<typeof Problem>;

/** A bug's own words stay in the log: they may contain what the reader must not see. */
export function toProblem(error: AppError): Problem {
  const detail = error.kind === 'bug' ? 'AgentPod made a mistake. The server log has the details.' : error.message;
  return {
    type: 'about:blank',
    title: error.reason,
    status: errorKinds[error.kind].http,
    detail,
    kind: error.kind,
    reason: error.reason,
    ...(error.field === undefined ? {} : { field: error.field }),
    ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
  };
}

export function fromProblem(problem: Problem): AppError {
  return new AppError(problem.kind, problem.reason, problem.detail, {
    ...(problem.field === undefined ? {} : { field: problem.field }),
    ...(problem.remedy === undefined ? {} : { remedy: problem.remedy }),
  });
}
