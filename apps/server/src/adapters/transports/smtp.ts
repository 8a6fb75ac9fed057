import { createHash } from 'node:crypto';
import { AppError, plainText } from '@agentpod/core';
import { z } from 'zod';
import type { AlertNotice, TransportKind, TransportTarget } from '../../ports/alert-transport.ts';
import type { AlertText } from './http-transport.ts';
import type { Network } from './network.ts';
import { hidden, withoutSecrets } from './redact.ts';
import { smtpFailure } from './smtp-failure.ts';
import { Certificate, parseTarget } from './target-schemas.ts';

const usualPort = { tls: 465, starttls: 587, none: 25 } as const;

const Mailbox = z.email('must be an e-mail address');

const settings = z.strictObject({
  host: z.string().regex(/^[\w.:-]+$/, 'must be a host name or an IP address'),
  port: z.coerce.number().int().min(1).max(65_535).optional(),
  security: z.enum(['tls', 'starttls', 'none'], 'must be tls, starttls or none'),
  from: Mailbox,
  to: z
    .union([z.string().transform((list) => list.split(',').map((one) => one.trim())), z.array(z.string())])
    .pipe(z.array(Mailbox).min(1).max(50)),
  user: z.string().min(1).optional(),
  ca: Certificate,
});

const secrets = z.strictObject({ password: z.string().min(1).optional() });

/** E-mail. The server may stand anywhere, this machine included: that is where mail relays are. */
export function smtpTransport(network: Network): TransportKind {
  return {
    kind: 'smtp',
    secretFields: ['password'],
    check: (settings, secrets) => {
      parse({ settings, secrets });
    },
    async deliver(notice, text, target, signal) {
      const parsed = parse(target);
      const { host, port, security, user, ca } = parsed.settings;
      const { password } = parsed.secrets;
      // Not before somebody wants e-mail: it takes 8 MB of memory.
      const { createTransport } = await import('nodemailer');
      const timeout = AbortSignal.timeout(network.timeoutMs);
      const transport = createTransport({
        host,
        port: port ?? usualPort[security],
        secure: security === 'tls',
        requireTLS: security === 'starttls',
        ignoreTLS: security === 'none',
        ...(user !== undefined && { auth: { user, pass: password ?? '' } }),
        ...(ca !== undefined && { tls: { ca } }),
        connectionTimeout: network.timeoutMs,
        greetingTimeout: network.timeoutMs,
        socketTimeout: network.timeoutMs,
        dnsTimeout: network.timeoutMs,
        maxResponseSize: 64 * 1024,
        disableFileAccess: true,
        disableUrlAccess: true,
      });
      try {
        const sent = await transport.sendMail({
          ...mail(notice, text, parsed.settings),
          signal: AbortSignal.any([signal, timeout]),
        });
        return { detail: accepted(sent.accepted.length, sent.rejected.length) };
      } catch (error) {
        const failure = smtpFailure(error, { host, stopped: signal.aborted, timeoutMs: network.timeoutMs });
        throw withoutSecrets(failure, hiddenOf(user, password));
      } finally {
        transport.close();
      }
    },
  };
}

function parse(target: TransportTarget) {
  const parsed = parseTarget('smtp', { settings, secrets }, target);
  const { user, security } = parsed.settings;
  const { password } = parsed.secrets;
  if (user !== undefined && password === undefined)
    throw wrong('secrets.password', 'is missing although there is a user');
  if (user === undefined && password !== undefined)
    throw wrong('settings.user', 'is missing although there is a password');
  if (password !== undefined && security === 'none') {
    throw wrong('settings.security', 'must be tls or starttls: a password is never sent unencrypted');
  }
  return parsed;
}

function wrong(field: string, what: string): AppError {
  return new AppError('invalid', 'InvalidTransport', `smtp: ${field}: ${what}`, { field });
}

function mail(notice: AlertNotice, { title, body }: AlertText, { from, to }: z.output<typeof settings>) {
  return {
    from: { name: 'AgentPod', address: from },
    to,
    // One line, whatever an agent chose to say: a line break would begin another header.
    subject: plainText(title.replace(/\s+/g, ' '), 200),
    text: body,
    messageId: messageId(notice.id, from),
    headers: { 'Auto-Submitted': 'auto-generated', 'X-AgentPod-Id': notice.id.replace(/[^\x21-\x7e]/g, '_') },
  };
}

/** The same for every attempt, so that mail programs show a notice that came twice once. */
function messageId(noticeId: string, from: string): string {
  const id = /^[\w.-]{1,64}$/.test(noticeId) ? noticeId : createHash('sha256').update(noticeId).digest('hex');
  return `<${id}@${from.slice(from.lastIndexOf('@') + 1)}>`;
}

function accepted(taken: number, rejected: number): string {
  const recipients = `${taken} ${taken === 1 ? 'recipient' : 'recipients'}`;
  return rejected === 0 ? `accepted for ${recipients}` : `accepted for ${recipients}, refused for ${rejected}`;
}

/** Servers may echo what they were sent, and log-ins are sent in Base64. */
function hiddenOf(user: string | undefined, password: string | undefined): readonly string[] {
  return password === undefined ? [] : hidden({ password, login: `\0${user ?? ''}\0${password}` });
}
