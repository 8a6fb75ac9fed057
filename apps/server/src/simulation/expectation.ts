import { engineNames, findCondition, isAlive, isTrue } from '@agentpod/core';
import type { AgentRecord } from './records.ts';
import { markerOf } from './run.ts';
import type { World } from './world.ts';

/** What is not yet as it has to be once nobody disturbs any more; undefined when all is well. */
export function unfinished(world: World): string | undefined {
  for (const record of world.records.all()) {
    const trouble = troubleOf(record, world);
    if (trouble !== undefined) return `${record.ref}: ${trouble}`;
  }
  return undefined;
}

function troubleOf(record: AgentRecord, { machine }: World): string | undefined {
  const { id, deletion, isGone, spec, recorded, status } = record;
  const conditions = status?.conditions ?? [];
  const names = engineNames(id);
  const containers = machine.containersOf(id);
  const alive = containers.filter(([, container]) => isAlive(container));
  const { volumes, networks } = machine.engine;
  const hasState = volumes.has(names.state);
  if (deletion) {
    if (!isGone) return 'its deletion is not finished';
    if (containers.length > 0 || networks.has(names.network) || volumes.has(names.config))
      return 'something is left of it';
    return deletion.purge && hasState ? 'its data was not purged' : undefined;
  }
  const ready = isTrue(conditions, 'Ready');
  const stalled = isTrue(conditions, 'Stalled');
  const dataIsGone = recorded.stateVolumeCreatedAt !== undefined && !hasState;
  if (alive.length > 1) return 'it runs twice';
  if (dataIsGone) {
    if (alive.length > 0) return 'it runs without its data';
    return stalled || spec.suspended ? undefined : 'nobody is told that its data is gone';
  }
  if (spec.suspended) {
    if (alive.length > 0) return 'it runs although it is stopped';
    return ready ? 'it is called Ready although it is stopped' : undefined;
  }
  const isSpoilt = markerOf(spec.identity.soul, spec.model.name) !== 'ok';
  // One that crashed from the beginning for other reasons was taken back as well; nobody could tell.
  const isRejected = recorded.good !== undefined && recorded.rejected?.generation === record.generation;
  if (isSpoilt && !recorded.good) {
    // What runs may not have read it yet, or not have been given it.
    return stalled || (ready && machine.answers(id)) ? undefined : 'its configuration is bad, and it is not stalled';
  }
  if (!machine.answers(id)) return 'it does not answer';
  if (!ready) return `it answers and is not Ready: ${findCondition(conditions, 'Ready')?.reason}`;
  if (stalled) return 'it answers and is Stalled';
  if (isRejected) {
    const configured = findCondition(conditions, 'Configured');
    return configured?.reason === 'ConfigRejected' ? undefined : 'nobody is told that its configuration was taken back';
  }
  if (!isSpoilt && status?.observedGeneration !== record.generation) return 'its status is about an older generation';
  return undefined;
}
