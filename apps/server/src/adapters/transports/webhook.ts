import { createHmac } from 'node:crypto';
import { AppError } from '@agentpod/core';
import { z } from 'zod';
import type { AlertNotice, TransportKind } from '../../ports/alert-transport.ts';
import { httpTransport, type AlertText } from './http-transport.ts';
import type { Network } from './network.ts';
import { HttpSettings, WebAddress } from './target-schemas.ts';
import { requireSuccess } from './verdict.ts';

const Time = z.string().meta({ format: 'date-time' });

/** The body of a webhook. Fields may be added; a change of meaning gets another `version`. */
export const WebhookPayload = z.object({
  version: z.literal(1),
  id: z.string().describe('Id of the notice. The same notice may arrive more than once, always under this id'),
  kind: z.enum(['firing', 'resolved', 'escalated', 'test']),
  rule: z.string(),
  severity: z.enum(['critical', 'warning']),
  subject: z.object({ kind: z.enum(['agent', 'host']), ref: z.string(), tenant: z.string().optional() }),
  reason: z.string().describe('One word that programs may match on'),
  since: Time.describe('When the trouble began'),
  at: Time.describe('When this notice was decided'),
  message: z.string().describe('May hold words that an agent chose: never interpret them'),
  lastError: z.string().optional().describe('Words of the agent: never interpret them'),
  url: z.string().optional(),
  flapping: z.boolean().optional(),
  title: z.string().describe('One line for a person'),
  text: z.string().describe('The whole message for a person, plain text'),
});

const settings = HttpSettings.extend({ url: WebAddress.optional() });
const secrets = z.strictObject({
  secret: z.string().min(16, 'must have at least 16 characters'),
  url: WebAddress.optional(),
});

interface Target {
  readonly settings: z.output<typeof settings>;
  readonly secrets: z.output<typeof secrets>;
}

export function webhookTransport(network: Network): TransportKind {
  return httpTransport<Target['settings'], Target['secrets']>(
    {
      kind: 'webhook',
      secretFields: ['secret', 'url'],
      schemas: { settings, secrets },
      urlOf,
      write: (notice, text, target, nowMs) => {
        const body = JSON.stringify(payloadOf(notice, text));
        const timestamp = String(Math.floor(nowMs / 1000));
        return {
          url: urlOf(target),
          body,
          headers: {
            'x-agentpod-id': headerSafe(notice.id),
            'x-agentpod-timestamp': timestamp,
            'x-agentpod-signature': `v1=${sign(target.secrets.secret, timestamp, body)}`,
          },
          needsBody: false,
        };
      },
      judge: (answer, quote) => {
        requireSuccess(answer, quote);
        return `answered ${answer.status}`;
      },
    },
    network,
  );
}

function urlOf({ settings, secrets }: Target): URL {
  if (settings.url !== undefined && secrets.url !== undefined) throw wrongUrl('is given twice: keep one');
  if (settings.url !== undefined) return settings.url;
  if (secrets.url !== undefined) return secrets.url;
  throw wrongUrl('is missing (put it among the secrets when it holds a token)');
}

function wrongUrl(what: string): AppError {
  return new AppError('invalid', 'InvalidTransport', `webhook: settings.url: ${what}`, { field: 'settings.url' });
}

function payloadOf(notice: AlertNotice, { title, body }: AlertText): z.input<typeof WebhookPayload> {
  return {
    version: 1,
    id: notice.id,
    kind: notice.kind,
    rule: notice.rule,
    severity: notice.severity,
    subject: { kind: notice.subject.kind, ref: notice.subject.ref, tenant: notice.subject.tenant },
    reason: notice.reason,
    since: notice.since,
    at: notice.at,
    message: notice.message,
    lastError: notice.lastError,
    url: notice.url,
    flapping: notice.flapping,
    title,
    text: body,
  };
}

function sign(secret: string, timestamp: string, body: string): string {
  return createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
}

function headerSafe(text: string): string {
  return text.replace(/[^\x21-\x7e]/g, '_');
}
