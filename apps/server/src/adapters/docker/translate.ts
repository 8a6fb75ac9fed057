import { AppError, type ErrorKind } from '@agentpod/core';

/** What dockerode rejects with: an answer of the engine (`statusCode`) or a failure of the socket (`code`). */
interface DockerFailure extends Error {
  readonly statusCode?: number;
  readonly code?: string;
  readonly json?: { readonly message?: string } | null;
}

const kindOfStatus: Readonly<Record<number, ErrorKind>> = { 400: 'terminal', 404: 'not-found', 409: 'conflict' };

/** Refusals whose status does not say what they are; the engine's wording has been the same since 1.13. */
const knownRefusals: readonly { readonly says: RegExp; readonly kind: ErrorKind; readonly reason: string }[] = [
  { says: /pool overlaps|overlapping ipv4|address already in use/i, kind: 'conflict', reason: 'AddressTaken' },
  { says: /same bridge name/i, kind: 'conflict', reason: 'ForeignObject' },
  { says: /has active endpoints|volume is in use/i, kind: 'conflict', reason: 'InUse' },
];

/** The only place that knows what a failure of Docker looks like. `doing` begins the message. */
export function translate(doing: string, thrown: unknown): unknown {
  if (thrown instanceof AppError || !(thrown instanceof Error)) return thrown;
  const failure: DockerFailure = thrown;
  if (failure.statusCode !== undefined) {
    const said = failure.json?.message ?? failure.message;
    const known = knownRefusals.find(({ says }) => says.test(said));
    const kind = known?.kind ?? kindOfStatus[failure.statusCode] ?? 'unavailable';
    return new AppError(kind, known?.reason ?? 'RuntimeFailed', `${doing}: ${said.trim()}`, { cause: thrown });
  }
  // A failure without status and without code did not come from the socket: it is a mistake of ours.
  return failure.code === undefined ? thrown : unreachable(doing, failure);
}

function unreachable(doing: string, failure: DockerFailure): AppError {
  const remedy =
    failure.code === 'EACCES'
      ? 'Run AgentPod as root or as a member of the group "docker".'
      : 'Start it ("systemctl start docker"), or set AGENTPOD_DOCKER_SOCKET to its socket.';
  const message = `${doing}: the container engine does not answer (${failure.code ?? failure.message})`;
  return new AppError('unavailable', 'EngineUnreachable', message, { cause: failure, remedy });
}

export function isKind(error: unknown, kind: ErrorKind): boolean {
  return error instanceof AppError && error.kind === kind;
}

/** For acts whose object may be gone already: `.catch(ignore('not-found'))`. */
export function ignore(kind: ErrorKind): (error: unknown) => undefined {
  return (error) => {
    if (!isKind(error, kind)) throw error;
    return undefined;
  };
}
