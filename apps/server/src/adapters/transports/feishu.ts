import { createHmac } from 'node:crypto';
import { z } from 'zod';
import type { TransportKind } from '../../ports/alert-transport.ts';
import { byBytes, fit } from './fit.ts';
import { httpTransport, type AlertText } from './http-transport.ts';
import type { Network } from './network.ts';
import { HttpSettings, WebAddress } from './target-schemas.ts';
import { fieldsOf, judgeCode, requireSuccess, type CodeTables } from './verdict.ts';

const secrets = z.strictObject({
  url: WebAddress.refine(({ pathname }) => /\/hook\/[^/]+/.test(pathname), {
    message: 'must be the whole webhook address (Webhook 地址) of a custom bot: …/open-apis/bot/v2/hook/…',
  }),
  sign: z.string().min(1).optional(),
});

const codes: CodeTables = {
  provider: 'Feishu',
  // 9499 means both "too many request" and "bad request"; the words tell which.
  busy: new Set([11232, 11233, 99_991_400]),
  final: {
    9499: 'Feishu cannot read the notice',
    19001: 'Feishu does not know this webhook address: the bot was removed, or the address is not complete',
    19002: 'Feishu cannot read the notice',
    19021: 'The signature was refused: compare the sign secret (签名校验) with the bot, and the clock of this machine',
    19022: 'The address of this machine is not on the IP allow-list (IP 白名单) of the bot',
    19024: 'The bot has custom keywords (自定义关键词) and the notice has none of them: add the keyword AgentPod',
    19036: 'The notice is too long for Feishu',
  },
};

/** Feishu 飞书 (and Lark): custom bot of one group. */
export function feishuTransport(network: Network): TransportKind {
  return httpTransport(
    {
      kind: 'feishu',
      secretFields: ['url', 'sign'],
      schemas: { settings: HttpSettings, secrets },
      urlOf: (target) => target.secrets.url,
      write: (_notice, text, target, nowMs) => ({
        url: target.secrets.url,
        body: JSON.stringify({ ...signature(target.secrets.sign, nowMs), ...message(text) }),
        needsBody: true,
      }),
      judge: (answer, quote) => {
        const { code, StatusCode: oldCode, msg } = fieldsOf(answer.body);
        const verdict = code ?? oldCode;
        if (verdict === undefined) requireSuccess(answer, quote);
        judgeCode(verdict, quote(typeof msg === 'string' ? msg : ''), codes);
        return 'taken by Feishu';
      },
    },
    network,
  );
}

function signature(sign: string | undefined, nowMs: number): { timestamp?: string; sign?: string } {
  if (sign === undefined) return {};
  const timestamp = String(Math.floor(nowMs / 1000));
  // Key and message are the other way round than one expects: the message is empty.
  return { timestamp, sign: createHmac('sha256', `${timestamp}\n${sign}`).update('').digest('base64') };
}

/** Rich text, because its text elements are literal: `<at user_id="all">` in a plain `text` message calls everybody. */
function message({ title, body }: AlertText): object {
  const lines = fit(body, 15_000, byBytes).split('\n');
  const content = lines.map((line) => [{ tag: 'text', text: withoutTags(line) }]);
  return { msg_type: 'post', content: { post: { zh_cn: { title: withoutTags(title), content } } } };
}

function withoutTags(text: string): string {
  return text.replaceAll('<', '＜');
}
