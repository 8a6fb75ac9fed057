import type { IncomingHttpHeaders } from 'node:http';
import type { Agent } from '../snapshot/snapshot.ts';

const passedOn: readonly string[] = [
  'accept',
  'anthropic-beta',
  'anthropic-version',
  'content-length',
  'content-type',
  'idempotency-key',
  'openai-beta',
  'user-agent',
];

const passedBack: readonly RegExp[] = [
  /^content-type$/,
  /^cache-control$/,
  /^retry-after(-ms)?$/,
  /^(x-)?request-id$/,
  /^(x|anthropic)-ratelimit-/,
  /^openai-(processing-ms|version|model)$/,
];

/** What the provider is told: the agent's own words that matter there, and the tenant's key in place of the agent's. */
export function toProvider(headers: IncomingHttpHeaders, { model }: Agent): Record<string, string> {
  const sent: Record<string, string> = {
    // A proxy on the way that compresses holds tokens back until it has a block full of them.
    'accept-encoding': 'identity',
    'content-type': 'application/json',
  };
  for (const name of passedOn) {
    const value = headers[name];
    if (typeof value === 'string') sent[name] = value;
  }
  if (model.dialect === 'anthropic') {
    sent['anthropic-version'] ??= '2023-06-01';
    if (model.key !== undefined) sent['x-api-key'] = model.key;
  } else if (model.key !== undefined) {
    sent['authorization'] = `Bearer ${model.key}`;
  }
  return sent;
}

/** What the agent may see of the answer's headers. */
export function fromProvider(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  redact: (text: string) => string,
): Record<string, string> {
  const kept = Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    typeof value === 'string' && passedBack.some((allowed) => allowed.test(name)) ? [[name, redact(value)]] : [],
  );
  return Object.fromEntries(kept);
}
