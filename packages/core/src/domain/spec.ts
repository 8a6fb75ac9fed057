import { z } from 'zod';
import { ConfigOverrides } from './config-overrides.ts';
import { AppError } from './errors.ts';
import { findModelProvider, modelProviders } from './models.ts';
import { ByteSize } from './quantity.ts';

/** Which model an agent talks to. The key is a secret's name; its value never stands in a spec. */
export const ModelSpec = z.strictObject({
  provider: z.string().min(1),
  name: z.string().min(1).max(200),
  /** Overrides the provider's own address. */
  baseUrl: z.url({ protocol: /^https?$/ }).optional(),
  key: z.strictObject({ secret: z.string().min(1) }).optional(),
});
export type ModelSpec = z.infer<typeof ModelSpec>;

/** Texts that make an agent this customer's employee. Absent means: leave what the agent has. */
export const IdentitySpec = z.strictObject({
  soul: z.string().max(64_000).optional(),
  memory: z.string().max(64_000).optional(),
  instructions: z.string().max(64_000).optional(),
});

export const ResourceSpec = z.strictObject({
  memoryBytes: z.number().int().positive(),
  cpus: z.number().min(0.01).max(512),
  pids: z.number().int().min(16).max(65_536),
});
export type ResourceSpec = z.infer<typeof ResourceSpec>;

/** What a person wants, complete: every default has been filled in and is kept as it was on that day. */
export const AgentSpec = z.strictObject({
  type: z.string(),
  version: z.string(),
  plan: z.string(),
  resources: ResourceSpec,
  model: ModelSpec,
  identity: IdentitySpec,
  config: ConfigOverrides.optional(),
  /** Stopped by a person: nothing runs, everything is kept. */
  suspended: z.boolean(),
});
export type AgentSpec = z.infer<typeof AgentSpec>;

/** What a person says. Whatever is left out is the default on create and unchanged on update. */
export const AgentSpecInput = z.strictObject({
  type: z.string().optional(),
  version: z.string().optional(),
  plan: z.string().optional(),
  resources: z
    .strictObject({
      memory: ByteSize.optional(),
      cpus: z.number().min(0.01).max(512).optional(),
      pids: z.number().int().min(16).max(65_536).optional(),
    })
    .optional(),
  model: ModelSpec.omit({ key: true }).optional(),
  identity: IdentitySpec.optional(),
  /** Replaces what there was as a whole; `null` removes it. */
  config: ConfigOverrides.nullable().optional(),
});
export type AgentSpecInput = z.infer<typeof AgentSpecInput>;

/** Throws `invalid` naming the field when the model cannot be reached as described. */
export function checkModel(model: ModelSpec): void {
  const provider = findModelProvider(model.provider);
  if (!provider) {
    throw new AppError('invalid', 'UnknownProvider', `"${model.provider}" is not a known model provider`, {
      field: 'spec.model.provider',
      remedy: `Use one of: ${modelProviders.map((known) => known.name).join(', ')}.`,
    });
  }
  if (provider.baseUrl === undefined && provider.name !== 'demo' && model.baseUrl === undefined) {
    throw new AppError('invalid', 'MissingBaseUrl', `provider "${provider.name}" needs a base URL`, {
      field: 'spec.model.baseUrl',
      remedy: 'Give the address of your server with --model-base-url.',
    });
  }
  if (provider.needsKey && model.key === undefined) {
    throw new AppError('invalid', 'MissingModelKey', `provider "${provider.name}" needs a key`, {
      field: 'modelKey',
      remedy: 'Give it with --model-key-file, or "-" to read it from standard input.',
    });
  }
}
