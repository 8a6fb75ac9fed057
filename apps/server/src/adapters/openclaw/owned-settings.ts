import { AppError, isJsonObject } from '@agentpod/core';
import type { AgentCredentials } from '../../ports/agent-driver.ts';

/** What AgentPod renders and answers for: how the agent is reached and by whom, its model and its key, its chatter. */
const owned: readonly { readonly path: string; readonly remedy?: string }[] = [
  { path: 'gateway' },
  { path: 'models.providers', remedy: 'Choose the model with "agentpod model set".' },
  { path: 'models.mode' },
  { path: 'agents.defaults.model.primary', remedy: 'Choose the model with "agentpod model set".' },
  { path: 'secrets' },
  // Would put variables into the agent that overrule its command line.
  { path: 'env' },
  { path: 'plugins.load' },
  { path: 'update' },
  { path: 'telemetry' },
  { path: 'discovery' },
];

/**
 * Settings that the running agent takes over by itself (2026.9.6: its reload rules). For everything else it would end, to
 * be started anew: then the new container is ours to make.
 */
const live: ReadonlySet<string> = new Set([
  'acp',
  'agents',
  'audio',
  'bindings',
  'broadcast',
  'channels',
  'cron',
  'hooks',
  'logging',
  'messages',
  'models',
  'plugins',
  'session',
  'skills',
  'talk',
  'tools',
  'transcripts',
  'ui',
]);

type Overrides = Readonly<Record<string, unknown>>;

/** Throws `invalid` naming `spec.config.<path>`. */
export function checkOverrides(overrides: Overrides, credentials: AgentCredentials): void {
  for (const { path, remedy } of owned) {
    const reached = reachOf(overrides, path.split('.'));
    if (reached) throw refused(reached, 'is set by AgentPod itself', remedy);
  }
  const { controlUser, ingressUser, probeUser } = credentials;
  const users: readonly string[] = [controlUser, ingressUser, probeUser];
  for (const { path, key, value } of entriesOf(overrides)) {
    // Reads another file, which the agent may have written.
    if (key === '$include') throw refused(path, 'would take settings from another file');
    const names = typeof value === 'string' ? [key, value] : [key];
    if (names.some((name) => users.includes(name))) throw refused(path, "names a user of AgentPod's own");
  }
}

/** The part that only a new container takes over; empty for most people. */
export function bootOverrides(overrides: Overrides): Overrides {
  return Object.fromEntries(Object.entries(overrides).filter(([key]) => !live.has(key)));
}

/** How far the overrides lead along the path: to its end, or to what replaces everything from there on. */
function reachOf(overrides: Overrides, path: readonly string[]): string | undefined {
  let at: unknown = overrides;
  for (const [depth, key] of path.entries()) {
    if (!isJsonObject(at)) return path.slice(0, depth).join('.');
    if (!Object.hasOwn(at, key)) return undefined;
    at = at[key];
  }
  return path.join('.');
}

function* entriesOf(value: unknown, path = ''): Generator<{ path: string; key: string; value: unknown }> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    const here = path ? `${path}.${key}` : key;
    yield { path: here, key, value: inner };
    yield* entriesOf(inner, here);
  }
}

function refused(path: string, why: string, remedy = 'Leave it out.'): AppError {
  const field = `spec.config.${path}`;
  return new AppError('invalid', 'OwnedSetting', `"${path}" ${why}`, { field, remedy });
}
