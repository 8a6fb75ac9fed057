import { z } from 'zod';
import { AppError } from './errors.ts';

/** One DNS label, at most 40 characters so that `tenant-agent` stays within the 63 of a label. */
const label = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;

const labelHelp = 'use 1 to 40 of a-z, 0-9 and "-", not at either end';

/** Host names that the control plane itself answers on. */
export const reservedNames: readonly string[] = ['agentpod', 'api', 'console', 'gateway', 'www'];

export const TenantName = z
  .string()
  .regex(label, `not a valid tenant name: ${labelHelp}`)
  .refine((name) => !reservedNames.includes(name), 'this name is reserved for AgentPod itself');

export const AgentName = z.string().regex(label, `not a valid agent name: ${labelHelp}`);

/** The name of the first agent of a tenant; `acme` is short for `acme/main`. */
export const mainAgent = 'main';

export interface AgentRef {
  readonly tenant: string;
  readonly agent: string;
}

/** `acme` or `acme/hr`. Throws `invalid` naming the field that is wrong. */
export function parseAgentRef(text: string): AgentRef {
  const [tenant = '', agent = mainAgent, ...rest] = text.split('/');
  if (rest.length > 0) {
    throw new AppError('invalid', 'InvalidName', `"${text}" is not an agent: write "tenant" or "tenant/agent"`, {
      field: 'name',
    });
  }
  for (const [field, schema, value] of [
    ['tenant', TenantName, tenant],
    ['agent', AgentName, agent],
  ] as const) {
    const result = schema.safeParse(value);
    if (!result.success) {
      throw new AppError('invalid', 'InvalidName', `"${value}": ${result.error.issues[0]?.message ?? labelHelp}`, {
        field,
      });
    }
  }
  return { tenant, agent };
}

/** The shortest way to write it: the first agent of a tenant goes by the tenant's name. */
export function formatAgentRef(ref: AgentRef): string {
  return ref.agent === mainAgent ? ref.tenant : `${ref.tenant}/${ref.agent}`;
}

/** `acme.<base>` for the main agent, `acme-hr.<base>` for `acme/hr`. */
export function hostOf(ref: AgentRef, baseDomain: string): string {
  const first = ref.agent === mainAgent ? ref.tenant : `${ref.tenant}-${ref.agent}`;
  return `${first}.${baseDomain}`;
}

/**
 * What the engine knows an agent by: the last 12 hex digits of its id. They are random in a UUIDv7, and `agp` + 12
 * is exactly the 15 characters Linux allows for the name of a bridge.
 */
export function handleOf(agentId: string): string {
  return agentId.replaceAll('-', '').slice(-12);
}
