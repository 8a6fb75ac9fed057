import { z } from 'zod';
import type { TransportKind } from '../../ports/alert-transport.ts';
import { byBytes, fit } from './fit.ts';
import { httpTransport } from './http-transport.ts';
import type { Network } from './network.ts';
import { HttpSettings, WebAddress } from './target-schemas.ts';
import { fieldsOf, judgeCode, requireSuccess, type CodeTables } from './verdict.ts';

const secrets = z.strictObject({
  url: WebAddress.refine(({ searchParams }) => (searchParams.get('key') ?? '') !== '', {
    message: 'must be the whole webhook address (Webhook 地址) of a group robot: …/cgi-bin/webhook/send?key=…',
  }),
});

const codes: CodeTables = {
  provider: 'WeCom',
  busy: new Set([-1, 45_009, 45_033]),
  final: {
    40_008: 'WeCom cannot read the notice',
    40_058: 'WeCom cannot read the notice',
    44_004: 'WeCom cannot read the notice',
    93_000: 'WeCom does not know this key: the robot was removed, or the address is not complete',
    93_004: 'The robot is switched off',
    93_008: 'The robot is not in the group any more',
  },
};

/** The most that WeCom takes, in UTF-8. */
const longestBytes = 2048;

/** WeCom 企业微信: robot of one group. */
export function wecomTransport(network: Network): TransportKind {
  return httpTransport(
    {
      kind: 'wecom',
      secretFields: ['url'],
      schemas: { settings: HttpSettings, secrets },
      urlOf: (target) => target.secrets.url,
      write: (_notice, { title, body }, target) => ({
        url: target.secrets.url,
        // `<@userid>` calls people in Markdown messages; whether it ever does in plain ones is not written down.
        body: JSON.stringify({
          msgtype: 'text',
          text: { content: fit(`${title}\n\n${body}`.replaceAll('<', '＜'), longestBytes, byBytes) },
        }),
        needsBody: true,
      }),
      judge: (answer, quote) => {
        const { errcode, errmsg } = fieldsOf(answer.body);
        if (errcode === undefined) requireSuccess(answer, quote);
        judgeCode(errcode, quote(typeof errmsg === 'string' ? errmsg : ''), codes);
        return 'taken by WeCom';
      },
    },
    network,
  );
}
