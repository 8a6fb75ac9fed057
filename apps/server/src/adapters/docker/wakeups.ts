import { AppError } from '@agentpod/core';
import { z } from 'zod';
import type { EngineConnection } from './engine-connection.ts';
import { jsonLines } from './json-lines.ts';
import type { Instances } from './instances.ts';
import type { Networks } from './networks.ts';
import type { Ownership } from './ownership.ts';
import { translate } from './translate.ts';
import type { Volumes } from './volumes.ts';

/** Named one by one: events of `exec` carry the command line, which nobody here has a need to know. */
const actions = ['create', 'start', 'die', 'stop', 'kill', 'oom', 'pause', 'unpause', 'rename', 'update', 'destroy'];

const EngineEvent = z.object({
  Type: z.enum(['container', 'network', 'volume']),
  Action: z.string(),
  /** Since 1970. */
  timeNano: z.number().optional(),
  Actor: z.object({ ID: z.string(), Attributes: z.record(z.string(), z.string()).nullish() }),
});
type EngineEvent = z.infer<typeof EngineEvent>;

export interface WakeupDeps {
  readonly connection: EngineConnection;
  readonly ownership: Ownership;
  readonly networks: Networks;
  readonly volumes: Volumes;
  readonly instances: Pick<Instances, 'noteOutOfMemory'>;
}

/**
 * Ids of agents whose objects changed. Events of networks and volumes come without labels, and after a removal nobody
 * can be asked any more, so their owners are kept while the stream lasts.
 */
export async function* wakeups(deps: WakeupDeps, signal: AbortSignal): AsyncGenerator<string> {
  const doing = 'follow the events of the engine';
  try {
    const filters = JSON.stringify({ type: ['container', 'network', 'volume'], event: actions });
    const body = await deps.connection.stream(doing, { method: 'GET', path: '/events', query: { filters } }, signal);
    // After the subscription, so that nothing falls between the two.
    const owners = new Map<string, string>();
    await learnOwners(owners, deps, signal);
    for await (const line of jsonLines(body)) {
      const event = EngineEvent.safeParse(line);
      const agentId = event.success ? await agentOf(event.data, owners, deps, signal) : undefined;
      if (agentId !== undefined) yield agentId;
    }
  } catch (error) {
    // A stream that is ended by us breaks with ECONNRESET.
    if (!signal.aborted) throw translate(doing, error);
  }
  if (!signal.aborted) throw new AppError('unavailable', 'EngineUnreachable', `${doing}: the engine ended the stream`);
}

async function agentOf(
  event: EngineEvent,
  owners: Map<string, string>,
  deps: WakeupDeps,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { Type, Action, Actor } = event;
  if (Type === 'container') {
    const labels = Actor.Attributes ?? {};
    if (Action === 'oom') deps.instances.noteOutOfMemory(Actor.ID, (event.timeNano ?? 0) / 1e6);
    return deps.ownership.isOurs(labels, { role: 'instance' }) ? deps.ownership.agentOf(labels) : undefined;
  }
  const key = `${Type} ${Actor.ID}`;
  if (Action === 'create') {
    // A volume is "created" again whenever a container is made that mounts it.
    if (owners.has(key)) return undefined;
    await learnOwners(owners, deps, signal);
  }
  const agentId = owners.get(key);
  if (Action === 'destroy') owners.delete(key);
  return agentId;
}

async function learnOwners(owners: Map<string, string>, deps: WakeupDeps, signal: AbortSignal): Promise<void> {
  const { networks, volumes, ownership } = deps;
  const [ourNetworks, ourVolumes] = await Promise.all([networks.ours.all(signal), volumes.ours.all(signal)]);
  for (const [key, labels] of [
    ...ourNetworks.map(({ Id, Labels }) => [`network ${Id}`, Labels] as const),
    ...ourVolumes.map(({ Name, Labels }) => [`volume ${Name}`, Labels] as const),
  ]) {
    const agentId = ownership.agentOf(labels);
    if (agentId !== undefined) owners.set(key, agentId);
  }
}
