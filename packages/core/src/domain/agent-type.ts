import { z } from 'zod';
import { AppError } from './errors.ts';
import { LoopProbe } from './event-loop.ts';
import { HttpProbe } from './http-probe.ts';
import { ByteSize, formatBytes } from './quantity.ts';
import type { AgentSpec, AgentSpecInput, ModelSpec, ResourceSpec } from './spec.ts';

const seconds = z.number().positive();

/**
 * What AgentPod must know of a kind of agent. Whatever can be said as data is said here; the driver named by
 * `driver` adds only what data cannot say (a config file's shape, an RPC protocol).
 */
export const AgentType = z.strictObject({
  apiVersion: z.literal('agentpod/v1'),
  kind: z.literal('AgentType'),
  metadata: z.strictObject({
    name: z.string().regex(/^[a-z][a-z0-9-]{0,30}$/),
    title: z.string(),
    license: z.string().optional(),
    homepage: z.url().optional(),
  }),
  /** The driver that renders and speaks to this type; `manifest` needs no code. */
  driver: z.string().default('manifest'),
  versions: z.strictObject({ default: z.string(), tested: z.array(z.string()).min(1), pattern: z.string() }),
  image: z.strictObject({
    /** Looked for on the engine first; what `agentpod image build` makes. `${version}` is filled in. */
    local: z.string(),
    /** Pulled when the local one is absent. */
    registry: z.string().optional(),
  }),
  container: z.strictObject({
    user: z.string().regex(/^\d+:\d+$/),
    entrypoint: z.array(z.string()).optional(),
    command: z.array(z.string()).optional(),
    env: z.record(z.string(), z.string()).default({}),
    readOnlyRoot: z.boolean().default(false),
    tmpfs: z.record(z.string(), z.string()).default({}),
    stop: z.strictObject({ signal: z.string().default('SIGTERM'), graceSeconds: seconds.default(30) }),
    /** Exit codes after which starting again cannot help: configuration or data is wrong. */
    unhealableExitCodes: z.array(z.number().int()).default([]),
  }),
  mounts: z.strictObject({ state: z.string().startsWith('/'), config: z.string().startsWith('/') }),
  /**
   * How the agent's own software checks its configuration, read at the config mount, without state and without network.
   * Exit code 0 means that it is valid. Absent: it cannot be known beforehand.
   */
  validate: z.strictObject({ command: z.array(z.string()).min(1) }).optional(),
  port: z.number().int().positive(),
  /** Headers that the ingress sets on every request to the agent, whatever the client sent. */
  requestHeaders: z.record(z.string(), z.string()).default({}),
  /** Paths of the agent that are never routed. */
  closedPaths: z.array(z.string().startsWith('/')).default([]),
  pids: z.number().int().min(16),
  plans: z.record(z.string(), z.strictObject({ memory: ByteSize, cpus: z.number().positive() })),
  defaultPlan: z.string(),
  /** Settings that fit a memory limit; the largest `minMemory` that fits is used. */
  memoryProfiles: z
    .array(
      z.strictObject({
        name: z.string(),
        minMemory: ByteSize,
        /** Resident after the first conversation: what admission counts. */
        workingSet: ByteSize,
        env: z.record(z.string(), z.string()).default({}),
      }),
    )
    .min(1),
  probes: z.strictObject({
    started: HttpProbe.extend({ deadlineSeconds: seconds }),
    /** Absent: a hang is not told from silence, and nothing is restarted for it. */
    loop: LoopProbe.optional(),
  }),
  /** Files below the state mount that hold the agent's identity. */
  identity: z.strictObject({ soul: z.string(), memory: z.string(), instructions: z.string() }),
});
export type AgentType = z.infer<typeof AgentType>;
export type MemoryProfile = AgentType['memoryProfiles'][number];

/** The settings for a memory limit. Throws `invalid` when even the smallest profile does not fit. */
export function memoryProfileOf(type: AgentType, memoryBytes: number): MemoryProfile {
  const fitting = type.memoryProfiles.filter((profile) => profile.minMemory <= memoryBytes);
  const best = fitting.toSorted((a, b) => b.minMemory - a.minMemory)[0];
  if (best) return best;
  const least = Math.min(...type.memoryProfiles.map((profile) => profile.minMemory));
  throw new AppError(
    'invalid',
    'NotEnoughMemory',
    `${type.metadata.title} does not survive its first conversation with ${formatBytes(memoryBytes)}`,
    { field: 'spec.resources.memory', remedy: `Give it at least ${formatBytes(least)}.` },
  );
}

/** Fills in what the person left out: from the existing spec on update, from the type's defaults on create. */
export function resolveSpec(type: AgentType, input: AgentSpecInput, existing?: AgentSpec): AgentSpec {
  const version = input.version ?? existing?.version ?? type.versions.default;
  if (!new RegExp(type.versions.pattern).test(version)) {
    throw new AppError('invalid', 'InvalidVersion', `"${version}" is not a version of ${type.metadata.title}`, {
      field: 'spec.version',
      remedy: `Versions look like ${type.versions.default}.`,
    });
  }
  const planName = input.plan ?? existing?.plan ?? type.defaultPlan;
  const plan = Object.hasOwn(type.plans, planName) ? type.plans[planName] : undefined;
  if (!plan) {
    throw new AppError('invalid', 'UnknownPlan', `${type.metadata.title} has no plan "${planName}"`, {
      field: 'spec.plan',
      remedy: `Use one of: ${Object.keys(type.plans).join(', ')}.`,
    });
  }
  // A new plan brings its own sizes; sizes given beside it win over both.
  const kept = input.plan === undefined || input.plan === existing?.plan ? existing?.resources : undefined;
  const resources: ResourceSpec = {
    memoryBytes: input.resources?.memory ?? kept?.memoryBytes ?? plan.memory,
    // Engines count in billionths; what is finer than they can say would look changed for ever.
    cpus: Math.round((input.resources?.cpus ?? kept?.cpus ?? plan.cpus) * 100) / 100,
    pids: input.resources?.pids ?? kept?.pids ?? type.pids,
  };
  memoryProfileOf(type, resources.memoryBytes);
  const model: ModelSpec = input.model ?? existing?.model ?? { provider: 'demo', name: 'canned-reply' };
  const config = input.config === undefined ? existing?.config : (input.config ?? undefined);
  const key = existing?.model.provider === model.provider ? existing.model.key : undefined;
  return {
    type: type.metadata.name,
    version,
    plan: planName,
    resources,
    model: key && !('key' in model) ? { ...model, key } : model,
    identity: { ...existing?.identity, ...input.identity },
    ...(config && Object.keys(config).length > 0 && { config }),
    suspended: existing?.suspended ?? false,
  };
}

/** `agentpod/openclaw:${version}` → `agentpod/openclaw:2026.9.6`. */
export function imageReference(template: string, version: string): string {
  return template.replaceAll('${version}', version);
}
