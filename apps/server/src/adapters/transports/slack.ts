import { z } from 'zod';
import type { TransportKind } from '../../ports/alert-transport.ts';
import { fit } from './fit.ts';
import { httpTransport, type AlertText } from './http-transport.ts';
import type { Network } from './network.ts';
import { HttpSettings, WebAddress } from './target-schemas.ts';
import { refused, requireSuccess } from './verdict.ts';

const secrets = z.strictObject({ url: WebAddress });

const meanings: Readonly<Record<string, string>> = {
  action_prohibited: 'A rule of the workspace forbids this webhook to post',
  channel_is_archived: 'The channel of the webhook is archived',
  channel_not_found: 'The channel of the webhook does not exist any more',
  invalid_token: 'Slack does not know this webhook address: it was revoked, or it is not complete',
  no_active_hooks: 'The webhook is switched off',
  no_service: 'Slack does not know this webhook address: it was revoked, or it is not complete',
  no_service_id: 'Slack does not know this webhook address: it was revoked, or it is not complete',
  no_team: 'The workspace of the webhook does not exist any more',
  team_disabled: 'The workspace of the webhook is switched off',
};

/** Slack: incoming webhook of one channel. */
export function slackTransport(network: Network): TransportKind {
  return httpTransport(
    {
      kind: 'slack',
      secretFields: ['url'],
      schemas: { settings: HttpSettings, secrets },
      urlOf: (target) => target.secrets.url,
      write: (_notice, text, target) => ({
        url: target.secrets.url,
        body: JSON.stringify(message(text)),
        needsBody: false,
      }),
      judge: (answer, quote) => {
        const meaning = answer.status >= 500 ? undefined : meanings[answer.body.trim()];
        if (meaning !== undefined) throw refused('NoticeRefused', `${meaning} (Slack: ${quote(answer.body)})`);
        requireSuccess(answer, quote);
        return 'taken by Slack';
      },
    },
    network,
  );
}

/** `plain_text` knows no markup; `text` is what the notification on a phone shows. */
function message({ title, body }: AlertText): object {
  return {
    text: escaped(title, 300),
    blocks: [
      { type: 'header', text: plain(title, 150) },
      { type: 'section', text: plain(body, 3000) },
    ],
    unfurl_links: false,
    unfurl_media: false,
  };
}

function plain(text: string, most: number): object {
  return { type: 'plain_text', text: escaped(text, most), emoji: false };
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** Slack's three control characters: `<!channel>` calls everybody, `<https://…|word>` is a link. */
function escaped(text: string, most: number): string {
  const entityOf = (character: string) => entities[character] ?? character;
  return fit(text, most, (character) => entityOf(character).length).replaceAll(/[&<>]/g, entityOf);
}
