import { AppError } from '@agentpod/core';
import { z } from 'zod';
import type { TransportTarget } from '../../ports/alert-transport.ts';

/** Settings and secrets of one kind, as it wants them. */
export interface TargetSchemas<Settings, Secrets> {
  readonly settings: z.ZodType<Settings>;
  readonly secrets: z.ZodType<Secrets>;
}

/** Throws `invalid`/`InvalidTransport` naming the field, never its value: it may be a secret in the wrong place. */
export function parseTarget<Settings, Secrets>(
  kind: string,
  schemas: TargetSchemas<Settings, Secrets>,
  target: TransportTarget,
): { readonly settings: Settings; readonly secrets: Secrets } {
  return {
    settings: parsePart(kind, 'settings', schemas.settings, target.settings),
    secrets: parsePart(kind, 'secrets', schemas.secrets, target.secrets),
  };
}

function parsePart<T>(kind: string, part: 'settings' | 'secrets', schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const unknownKey = issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
  const field = [part, ...(issue?.path ?? []), ...unknownKey].join('.');
  const message = unknownKey.length > 0 ? 'there is no such field' : (issue?.message ?? 'not valid');
  throw new AppError('invalid', 'InvalidTransport', `${kind}: ${field}: ${message}`, { field });
}

/** An address that notices are sent to. What it leads to is checked before each delivery. */
export const WebAddress = z.string().transform((text, context) => {
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : undefined;
  const message =
    url === undefined || !/^https?:$/.test(url.protocol)
      ? 'must be a whole address that begins with https:// or http://'
      : url.username !== '' || url.password !== ''
        ? 'must not contain a user name or a password'
        : undefined;
  if (url !== undefined && message === undefined) return url;
  context.addIssue({ code: 'custom', message: message ?? 'not an address' });
  return z.NEVER;
});

/** Command line and files give booleans as words too. */
export const Switch = z.union([z.boolean(), z.enum(['true', 'false']).transform((word) => word === 'true')]);

export const Certificate = z
  .string()
  .regex(/^\s*-----BEGIN CERTIFICATE-----/, 'must be a certificate in PEM form')
  .optional();

/** What every kind over HTTP has. */
export const HttpSettings = z.strictObject({ allowPrivate: Switch.default(false), ca: Certificate });
