/**
 * The layers at which an agent is looked at, from the inside out, and what may be done when one of them fails. Only what
 * a restart can heal may restart: a channel whose token was revoked stays revoked, and reconnecting in a loop gets
 * customers banned by their provider.
 */
export const healthLayers = {
  process: { remedy: 'restart' },
  eventLoop: { remedy: 'restart' },
  started: { remedy: 'restart' },
  rpc: { remedy: 'alert' },
  channels: { remedy: 'alert' },
  model: { remedy: 'alert' },
  memory: { remedy: 'alert' },
  route: { remedy: 'repair' },
} as const satisfies Record<string, { readonly remedy: 'restart' | 'alert' | 'repair' }>;

export type HealthLayer = keyof typeof healthLayers;

/** Which layer speaks when a run has to end or has ended, by the reason that is counted. */
const layerOfReason: Readonly<Record<string, HealthLayer>> = {
  Exited: 'process',
  OutOfMemory: 'process',
  InstanceGone: 'process',
  NetworkGone: 'process',
  EngineRestarted: 'process',
  Hung: 'eventLoop',
  HungBusy: 'eventLoop',
  StartDeadlineExceeded: 'started',
};

export function mayRestart(reason: string): boolean {
  const layer = layerOfReason[reason];
  return layer !== undefined && healthLayers[layer].remedy === 'restart';
}
