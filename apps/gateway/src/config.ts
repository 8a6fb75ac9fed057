import { isIPv4 } from 'node:net';
import { isAbsolute, join } from 'node:path';
import { AppError } from '@agentpod/core';
import { z } from 'zod';

const endpoint = z
  .string()
  .refine(
    (text) => isIPv4(text.split(':')[0] ?? '') && /^[^:]*:\d{1,5}$/.test(text) && Number(text.split(':')[1]) < 65_536,
    {
      error: 'must be an IPv4 address and a port, as in 127.0.0.1:7201',
    },
  );

const Environment = z.object({
  AGENTPOD_DATA_DIR: z.string().refine(isAbsolute, 'must be an absolute path').default('/var/lib/agentpod'),
  /** Forward-auth and pages; loopback, because Traefik stands in front. */
  AGENTPOD_GATEWAY_LISTEN: endpoint.default('127.0.0.1:7201'),
  /** Model traffic; an address that agents reach and nobody else. */
  AGENTPOD_MODEL_LISTEN: endpoint.default('10.203.255.1:7200'),
  AGENTPOD_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
});

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export interface Config {
  readonly access: Endpoint;
  readonly models: Endpoint;
  readonly logLevel: string;
  readonly files: { readonly key: string; readonly snapshot: string };
}

/** The only reader of the environment. Throws `invalid` naming the variable. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const parsed = Environment.safeParse(env);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new AppError('invalid', 'InvalidConfig', issue?.message ?? 'not valid', { field: String(issue?.path[0]) });
  }
  const directory = join(parsed.data.AGENTPOD_DATA_DIR, 'gateway');
  return Object.freeze({
    access: toEndpoint(parsed.data.AGENTPOD_GATEWAY_LISTEN),
    models: toEndpoint(parsed.data.AGENTPOD_MODEL_LISTEN),
    logLevel: parsed.data.AGENTPOD_LOG_LEVEL,
    files: { key: join(directory, 'gateway.key'), snapshot: join(directory, 'gateway.snapshot') },
  });
}

function toEndpoint(text: string): Endpoint {
  const [address = '', port = ''] = text.split(':');
  return { address, port: Number(port) };
}
