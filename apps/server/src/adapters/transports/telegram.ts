import { z } from 'zod';
import type { TransportKind } from '../../ports/alert-transport.ts';
import { byUnits, fit } from './fit.ts';
import { httpTransport, type AlertText } from './http-transport.ts';
import type { Network } from './network.ts';
import type { Answer } from './post.ts';
import { HttpSettings, WebAddress } from './target-schemas.ts';
import { fieldsOf, notNow, refused, requireSuccess } from './verdict.ts';

const settings = HttpSettings.extend({
  chatId: z
    .union([z.string(), z.number().int()])
    .transform(String)
    .refine(
      (id) => /^(-?\d{1,20}|@[A-Za-z]\w{3,31})$/.test(id),
      'must be a number such as -1001234567890, or @channel',
    ),
  apiUrl: WebAddress.default(() => new URL('https://api.telegram.org')),
});

const secrets = z.strictObject({
  token: z.string().regex(/^\d+:[\w-]{20,}$/, 'must be a bot token as @BotFather gives it: 123456789:AA…'),
});

/** Telegram: a bot that writes into one chat. */
export function telegramTransport(network: Network): TransportKind {
  return httpTransport(
    {
      kind: 'telegram',
      secretFields: ['token'],
      schemas: { settings, secrets },
      urlOf: (target) => target.settings.apiUrl,
      write: (_notice, text, target) => ({
        url: methodUrl(target.settings.apiUrl, target.secrets.token),
        body: JSON.stringify({ chat_id: target.settings.chatId, ...message(text) }),
        needsBody: true,
      }),
      judge,
    },
    network,
  );
}

function methodUrl(apiUrl: URL, token: string): URL {
  const url = new URL(apiUrl);
  url.pathname = `${apiUrl.pathname.replace(/\/$/, '')}/bot${token}/sendMessage`;
  return url;
}

/** No parse mode, so nothing is markup; and in preformatted text Telegram makes no links, mentions and commands. */
function message({ title, body }: AlertText): object {
  const head = fit(title, 300, byUnits);
  const text = fit(`${head}\n\n${body}`, 4096, byUnits);
  const start = head.length + 2;
  return {
    text,
    entities: [
      { type: 'bold', offset: 0, length: head.length },
      { type: 'pre', offset: start, length: text.length - start },
    ].filter(({ length }) => length > 0),
    link_preview_options: { is_disabled: true },
  };
}

function judge(answer: Answer, quote: (text: string) => string): string {
  const { ok, error_code: code, description, parameters } = fieldsOf(answer.body);
  if (ok === true) return 'taken by Telegram';
  if (ok !== false || typeof code !== 'number') {
    requireSuccess(answer, quote);
    throw notNow('UnknownAnswer', 'Telegram answered, but not in a way that says whether the notice was taken');
  }
  const words = `Telegram ${code}: ${quote(typeof description === 'string' ? description : '')}`;
  if (code === 429) throw notNow('TooManyNotices', `Telegram takes no more notices for now (${words})`);
  if (code >= 500) throw notNow('ReceiverFailed', `Telegram failed (${words})`);
  if (code === 401 || code === 404) {
    throw refused('NoticeRefused', `Telegram does not know this bot token: it was revoked or mistyped (${words})`);
  }
  const movedTo = (parameters as { migrate_to_chat_id?: unknown } | undefined)?.migrate_to_chat_id;
  if (typeof movedTo === 'number') {
    throw refused('NoticeRefused', `The group became a supergroup: set chatId to ${movedTo} (${words})`);
  }
  const chat = 'The bot may not write into this chat: compare chatId, and add the bot to the group';
  throw refused('NoticeRefused', `${chat} (${words})`);
}
