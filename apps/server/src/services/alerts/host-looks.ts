import { formatBytes } from '@agentpod/core';
import type { Ingress } from '../../ports/ingress.ts';
import type { RuntimeEngine } from '../../ports/runtime.ts';
import type { HostLook } from './host-checks.ts';

export interface HostLooksDeps {
  readonly runtime: Pick<RuntimeEngine, 'info'>;
  readonly ingress: Pick<Ingress, 'liveRevision'>;
  readonly gatewayAnswers: (signal: AbortSignal) => Promise<{ readonly visitors: boolean; readonly models: boolean }>;
  readonly disk: () => Promise<{ readonly freeBytes: number; readonly totalBytes: number }>;
  readonly masterKeyIsThere: () => Promise<boolean>;
}

const leastDiskBytes = 5 * 1024 ** 3;
const criticalDiskBytes = 1024 ** 3;

/** What the whole host stands on. `doctor` examines the same and more, and says what to do. */
export function hostLooks(deps: HostLooksDeps): readonly HostLook[] {
  return [
    {
      name: 'EngineUnreachable',
      look: async (signal) => {
        const { name, version } = await deps.runtime.info(signal);
        return { ok: true, message: `${name} ${version}` };
      },
    },
    {
      name: 'ProxyDown',
      look: async (signal) => {
        const ok = (await deps.ingress.liveRevision(signal)) !== undefined;
        return { ok, message: ok ? 'Traefik answers' : 'Traefik does not answer' };
      },
    },
    {
      name: 'GatewayDown',
      look: async (signal) => {
        // That nobody listens is the answer; how the connection failed helps nobody.
        const { visitors, models } = await deps
          .gatewayAnswers(signal)
          .catch(() => ({ visitors: false, models: false }));
        const message = !visitors
          ? 'The gateway does not answer: nobody can open an agent, and no agent reaches its model'
          : models
            ? 'The gateway answers'
            : 'The address of the gateway for agents is not on this machine: no agent reaches its model';
        return { ok: visitors && models, message };
      },
    },
    {
      name: 'DiskLow',
      look: async () => {
        const { freeBytes, totalBytes } = await deps.disk();
        return {
          ok: freeBytes >= leastDiskBytes,
          critical: freeBytes < criticalDiskBytes,
          message: `${formatBytes(freeBytes)} of ${formatBytes(totalBytes)} are free where AgentPod keeps its data`,
        };
      },
    },
    {
      name: 'MasterKeyMissing',
      look: async () => {
        const ok = await deps.masterKeyIsThere();
        const message = 'The file master.key is gone: after the next start no secret can be opened';
        return { ok, message: ok ? 'The master key is there' : message };
      },
    },
  ];
}
