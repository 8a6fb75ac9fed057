import { AppError } from '@agentpod/core';
import type { PullProgress } from '../../ports/runtime.ts';
import type { EngineConnection } from './engine-connection.ts';
import { jsonLines } from './json-lines.ts';
import { ignore, translate } from './translate.ts';

/** A pull has no limit as a whole, slow lines exist, but it must go on. */
const silenceMs = 120_000;

/** The registry answered, and the answer is no. */
const refused =
  /not found|manifest unknown|name unknown|does not exist|access.*denied|denied:|unauthorized|forbidden|no matching manifest|invalid reference/i;

/** The line to the registry, not the registry. */
const diskFull = /no space left/i;

const remedy = 'Build it here with "agentpod image build <type> <version>".';

export interface Image {
  readonly Id: string;
  readonly Config: { readonly Entrypoint?: readonly string[] | string | null } | null;
}

/** By name or id; `undefined` when it is not on this machine. */
export async function findImage(
  connection: EngineConnection,
  reference: string,
  signal: AbortSignal,
): Promise<Image | undefined> {
  const answer = connection.get(`look at image ${reference}`, `/images/${encodeURI(reference)}/json`, signal);
  return (await answer.catch(ignore('not-found'))) as Image | undefined;
}

export async function pullImage(
  connection: EngineConnection,
  reference: string,
  onProgress: (progress: PullProgress) => void,
  signal: AbortSignal,
): Promise<void> {
  const doing = `pull ${reference}`;
  try {
    const body = await connection.stream(
      doing,
      { method: 'POST', path: '/images/create', query: { fromImage: withTag(reference) } },
      signal,
      silenceMs,
    );
    const tooSilent = new AppError(
      'unavailable',
      'RegistryUnreachable',
      `${doing}: no progress for ${silenceMs / 1000} s`,
      { remedy },
    );
    body.setTimeout(silenceMs, () => body.destroy(tooSilent));
    for await (const line of jsonLines(body)) {
      const { status, id, progress, error } = line as Partial<Record<'status' | 'id' | 'progress' | 'error', string>>;
      if (error !== undefined) throw pullFailure(doing, error);
      if (status === undefined) continue;
      onProgress({ message: [id === undefined ? status : `${id}: ${status}`, progress].filter(Boolean).join(' ') });
    }
  } catch (thrown) {
    if (signal.aborted) throw signal.reason;
    const error = translate(doing, thrown);
    // What the engine said before the first progress is about the registry, too.
    throw error instanceof AppError && error.reason === 'RuntimeFailed'
      ? pullFailure(doing, error.message, error)
      : error;
  }
}

export function imageUnavailable(message: string, cause?: unknown): AppError {
  return new AppError('terminal', 'ImageUnavailable', message, { cause, remedy });
}

function pullFailure(doing: string, said: string, cause?: unknown): AppError {
  const message = said.startsWith(doing) ? said : `${doing}: ${said}`;
  if (diskFull.test(said)) return new AppError('unavailable', 'DiskFull', message, { cause });
  if (refused.test(said)) return imageUnavailable(message, cause);
  return new AppError('unavailable', 'RegistryUnreachable', message, { cause, remedy });
}

/** Without a tag the engine would pull every tag there is. */
function withTag(reference: string): string {
  const last = reference.slice(reference.lastIndexOf('/') + 1);
  return last.includes(':') || last.includes('@') ? reference : `${reference}:latest`;
}
