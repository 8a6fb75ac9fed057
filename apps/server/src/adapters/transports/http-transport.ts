import { AppError } from '@agentpod/core';
import type { AlertNotice, TransportKind, TransportTarget } from '../../ports/alert-transport.ts';
import { hostOf, refuseLiteral } from './checked-addresses.ts';
import type { Network } from './network.ts';
import { post, type Answer, type Post } from './post.ts';
import { hidden, quotable, withoutSecrets } from './redact.ts';
import { parseTarget, type TargetSchemas } from './target-schemas.ts';

export interface AlertText {
  readonly title: string;
  readonly body: string;
}

/** What distinguishes one provider from the next: where, what, and how it says no. */
export interface HttpDialect<Settings, Secrets> {
  readonly kind: string;
  readonly secretFields: readonly string[];
  readonly schemas: TargetSchemas<Settings, Secrets>;
  /** Throws `invalid` where a schema of one part alone cannot say it. */
  urlOf(target: { readonly settings: Settings; readonly secrets: Secrets }): URL;
  write(
    notice: AlertNotice,
    text: AlertText,
    target: { readonly settings: Settings; readonly secrets: Secrets },
    nowMs: number,
  ): Omit<Post, 'allowPrivate' | 'ca'>;
  /** What the delivery log says of an answer; throws when it is a refusal. `quote` makes the answer's words fit for it. */
  judge(answer: Answer, quote: (text: string) => string): string;
}

interface CommonSettings {
  readonly allowPrivate: boolean;
  readonly ca?: string | undefined;
}

export function httpTransport<Settings extends CommonSettings, Secrets>(
  dialect: HttpDialect<Settings, Secrets>,
  network: Network,
): TransportKind {
  const parse = (target: TransportTarget) => {
    const parsed = parseTarget(dialect.kind, dialect.schemas, target);
    refuseLiteral(hostOf(dialect.urlOf(parsed)), parsed.settings.allowPrivate, network);
    return parsed;
  };
  return {
    kind: dialect.kind,
    secretFields: dialect.secretFields,
    check(settings, secrets) {
      try {
        parse({ settings, secrets });
      } catch (error) {
        throw asInvalid(withoutSecrets(error, hiddenOf({ settings, secrets })));
      }
    },
    async deliver(notice, text, target, signal) {
      const hide = hiddenOf(target);
      try {
        const parsed = parse(target);
        const { allowPrivate, ca } = parsed.settings;
        const written = dialect.write(notice, text, parsed, network.nowMs());
        const answer = await post({ ...written, allowPrivate, ca }, network, signal);
        return { detail: dialect.judge(answer, (words) => quotable(words, hide)) };
      } catch (error) {
        throw withoutSecrets(error, hide);
      }
    },
  };
}

/** The address of a webhook stands in its settings, and may still hold a token. */
function hiddenOf({ settings, secrets }: TransportTarget): readonly string[] {
  return hidden(secrets, typeof settings['url'] === 'string' ? [settings['url']] : []);
}

/** An address that is refused while it is entered is a wrong entry. */
function asInvalid(error: AppError): AppError {
  if (error.kind !== 'forbidden') return error;
  const { reason, message, remedy } = error;
  return new AppError('invalid', reason, message, {
    field: error.field ?? 'settings',
    ...(remedy !== undefined && { remedy }),
  });
}
