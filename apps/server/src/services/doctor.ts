import { type Check, formatBytes, imageReference, roomFor } from '@agentpod/core';
import type { Accounts } from '../ports/accounts.ts';
import type { Clock } from '../ports/clock.ts';
import type { Host } from '../ports/host.ts';
import type { Ingress } from '../ports/ingress.ts';
import type { RuntimeEngine } from '../ports/runtime.ts';
import type { Store } from '../ports/store.ts';
import type { AgentTypes, KnownType } from './agent-types.ts';
import { capacityOf, memoryNeedOf } from './capacity.ts';

export interface DoctorDeps {
  readonly runtime: Pick<RuntimeEngine, 'info' | 'imageId'>;
  readonly host: Pick<Host, 'memoryBytes' | 'resolve' | 'localAddresses'>;
  readonly ingress: Pick<Ingress, 'liveRevision'>;
  /** What was written for the proxy last; `undefined` before the first time. */
  readonly appliedRevision: () => string | undefined;
  readonly store: Pick<Store, 'listManaged'>;
  readonly types: AgentTypes;
  readonly accounts: Pick<Accounts, 'isSetUp'>;
  readonly clock: Clock;
  /** Whether the gateway answers on the port where the proxy asks it. */
  readonly gatewayAnswers: (signal: AbortSignal) => Promise<{ readonly visitors: boolean; readonly models: boolean }>;
  readonly disk: () => Promise<{ freeBytes: number; totalBytes: number }>;
  readonly mode: 'local' | 'domain';
  readonly consoleHost: string;
  /** Addresses under which the world knows this machine, beside its own interfaces (NAT). */
  readonly publicAddresses: readonly string[];
}

type Finding = Omit<Check, 'name'>;

const timeoutMs = 5000;
const leastDiskBytes = 5 * 1024 ** 3;

/** Looks at everything AgentPod stands on. Every check has its own deadline, and what goes wrong in one is its result. */
export async function examine(deps: DoctorDeps): Promise<Check[]> {
  const checks: readonly (readonly [string, (signal: AbortSignal) => Promise<Finding>])[] = [
    ['engine', (signal) => engine(deps, signal)],
    ['memory', () => memory(deps)],
    ['disk', () => disk(deps)],
    ['proxy', (signal) => proxy(deps, signal)],
    ['gateway', (signal) => gateway(deps, signal)],
    ['console-host', () => consoleHost(deps)],
    ...deps.types
      .all()
      .map(
        (known) => [`image-${known.type.metadata.name}`, (signal: AbortSignal) => image(known, deps, signal)] as const,
      ),
    ['set-up', () => setUp(deps)],
  ];
  return Promise.all(checks.map(([name, check]) => inTime(name, check, deps.clock)));
}

async function inTime(name: string, check: (signal: AbortSignal) => Promise<Finding>, clock: Clock): Promise<Check> {
  const stop = new AbortController();
  const late = Promise.withResolvers<Finding>();
  const cancel = clock.after(timeoutMs, () => {
    stop.abort();
    late.resolve({ status: 'failed', message: `no answer within ${timeoutMs / 1000} s` });
  });
  try {
    return { name, ...(await Promise.race([check(stop.signal), late.promise])) };
  } catch (error) {
    return { name, status: 'failed', message: error instanceof Error ? error.message : String(error) };
  } finally {
    cancel();
  }
}

async function engine(deps: DoctorDeps, signal: AbortSignal): Promise<Finding> {
  try {
    const { name, version, apiVersion } = await deps.runtime.info(signal);
    return { status: 'ok', message: `${name} ${version}, API ${apiVersion}` };
  } catch (error) {
    return {
      status: 'failed',
      message: `the container engine does not answer: ${(error as Error).message}`,
      remedy: 'Start Docker and see that AGENTPOD_DOCKER_SOCKET is its socket.',
    };
  }
}

async function memory(deps: DoctorDeps): Promise<Finding> {
  const capacity = await capacityOf(deps);
  const { type } = deps.types.default;
  const plans = Object.entries(type.plans).toSorted(([, a], [, b]) => a.memory - b.memory);
  const [name, plan] = plans[0] ?? [];
  if (name === undefined || !plan) return { status: 'ok', message: formatBytes(capacity.hostMemoryBytes) };
  const resources = { memoryBytes: plan.memory, cpus: plan.cpus, pids: type.pids };
  const room = roomFor(capacity, memoryNeedOf({ type: type.metadata.name, resources }, deps.types));
  const message = `${formatBytes(capacity.hostMemoryBytes)}, room for ${room} more "${name}"`;
  if (room > 0) return { status: 'ok', message };
  return { status: 'warning', message, remedy: 'Stop an agent, or give this machine more memory.' };
}

async function disk(deps: DoctorDeps): Promise<Finding> {
  const { freeBytes, totalBytes } = await deps.disk();
  const message = `${formatBytes(freeBytes)} of ${formatBytes(totalBytes)} are free`;
  if (freeBytes >= leastDiskBytes) return { status: 'ok', message };
  return {
    status: freeBytes < leastDiskBytes / 5 ? 'failed' : 'warning',
    message,
    remedy: `Keep ${formatBytes(leastDiskBytes)} free where AgentPod keeps its data.`,
  };
}

async function proxy(deps: DoctorDeps, signal: AbortSignal): Promise<Finding> {
  const live = await deps.ingress.liveRevision(signal);
  if (live === undefined) {
    return { status: 'failed', message: 'Traefik does not answer', remedy: 'Start it with "agentpod up".' };
  }
  if (live === deps.appliedRevision()) return { status: 'ok', message: 'Traefik runs the newest routes' };
  return {
    status: 'warning',
    message: 'Traefik does not run the newest routes',
    remedy: 'Look again in a few seconds; if it stays so, look for errors in the log of Traefik.',
  };
}

async function gateway(deps: DoctorDeps, signal: AbortSignal): Promise<Finding> {
  const answers = await deps.gatewayAnswers(signal);
  if (answers.visitors && answers.models) return { status: 'ok', message: 'the gateway answers' };
  if (answers.visitors) {
    return {
      status: 'failed',
      message: 'no agent reaches its model: the address of the gateway for agents is not on this machine',
      remedy:
        'See "gateway network" in the log of the server; another installation may use the same AGENTPOD_SUPERNET.',
    };
  }
  return {
    status: 'failed',
    message: 'the gateway does not answer: nobody can open an agent, and no agent reaches its model',
    remedy: 'Start it with "agentpod up".',
  };
}

async function consoleHost(deps: DoctorDeps): Promise<Finding> {
  const { consoleHost: name } = deps;
  if (deps.mode === 'local') return { status: 'ok', message: `${name} is for this machine alone` };
  const [resolved, local] = await Promise.all([deps.host.resolve(name), deps.host.localAddresses()]);
  const ours = new Set([...local, ...deps.publicAddresses]);
  const remedy = `Create a DNS record for ${name} that points to this machine.`;
  if (resolved.length === 0) return { status: 'failed', message: `${name} does not resolve`, remedy };
  const strangers = resolved.filter((address) => !ours.has(address));
  if (strangers.length === 0) return { status: 'ok', message: `${name} points to this machine` };
  return { status: 'failed', message: `${name} points to ${strangers.join(', ')}, not to this machine`, remedy };
}

async function image({ type }: KnownType, deps: DoctorDeps, signal: AbortSignal): Promise<Finding> {
  const version = type.versions.default;
  const local = imageReference(type.image.local, version);
  const registry = type.image.registry === undefined ? undefined : imageReference(type.image.registry, version);
  for (const reference of [local, registry]) {
    if (reference !== undefined && (await deps.runtime.imageId(reference, signal)) !== undefined) {
      return { status: 'ok', message: `${reference} is here` };
    }
  }
  return {
    status: 'warning',
    message: registry === undefined ? `${local} is not here` : `neither ${local} nor ${registry} is here`,
    remedy: `Build it with "agentpod image build ${type.metadata.name} ${version}".`,
  };
}

async function setUp(deps: DoctorDeps): Promise<Finding> {
  if (await deps.accounts.isSetUp()) return { status: 'ok', message: 'the first account exists' };
  return {
    status: 'warning',
    message: 'nobody has an account yet',
    remedy: 'Open the link that "agentpod setup-link" prints.',
  };
}
