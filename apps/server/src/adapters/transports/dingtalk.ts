import { createHmac } from 'node:crypto';
import { z } from 'zod';
import type { TransportKind } from '../../ports/alert-transport.ts';
import { byUnits, fit } from './fit.ts';
import { httpTransport } from './http-transport.ts';
import type { Network } from './network.ts';
import { HttpSettings, WebAddress } from './target-schemas.ts';
import { fieldsOf, judgeCode, requireSuccess, type CodeTables } from './verdict.ts';

const secrets = z.strictObject({
  url: WebAddress.refine(({ searchParams }) => (searchParams.get('access_token') ?? '') !== '', {
    message: 'must be the whole webhook address (Webhook) of a custom robot: …/robot/send?access_token=…',
  }),
  sign: z.string().min(1).optional(),
});

const unknownToken = 'DingTalk does not know this access token: the robot was removed, or the address is not complete';

const codes: CodeTables = {
  provider: 'DingTalk',
  busy: new Set([-1, 90_018, 130_101, 410_100, 660_026]),
  final: {
    40_035: 'DingTalk cannot read the notice',
    300_001: unknownToken,
    300_005: unknownToken,
    310_000:
      'The security settings (安全设置) of the robot refused the notice: compare the sign secret (加签) and the clock, ' +
      'the keyword (AgentPod), or the IP list',
    400_013: 'The group of the robot was dissolved',
    400_101: unknownToken,
    400_102: 'The robot is switched off',
    400_105: 'DingTalk cannot read the notice',
    400_106: 'The robot does not exist any more',
    430_101: 'DingTalk refused the content of the notice',
    430_102: 'DingTalk refused the content of the notice',
    430_104: 'DingTalk refused the content of the notice',
  },
};

/** DingTalk 钉钉: custom robot of one group. */
export function dingtalkTransport(network: Network): TransportKind {
  return httpTransport(
    {
      kind: 'dingtalk',
      secretFields: ['url', 'sign'],
      schemas: { settings: HttpSettings, secrets },
      urlOf: (target) => target.secrets.url,
      write: (_notice, { title, body }, target, nowMs) => ({
        url: signed(target.secrets.url, target.secrets.sign, nowMs),
        // In a plain text message only the list `at` calls people.
        body: JSON.stringify({
          msgtype: 'text',
          text: { content: fit(`${title}\n\n${body}`, 4500, byUnits) },
          at: { isAtAll: false },
        }),
        needsBody: true,
      }),
      judge: (answer, quote) => {
        const { errcode, errmsg } = fieldsOf(answer.body);
        if (errcode === undefined) requireSuccess(answer, quote);
        judgeCode(errcode, quote(typeof errmsg === 'string' ? errmsg : ''), codes);
        return 'taken by DingTalk';
      },
    },
    network,
  );
}

function signed(address: URL, sign: string | undefined, nowMs: number): URL {
  if (sign === undefined) return address;
  const url = new URL(address);
  url.searchParams.set('timestamp', String(nowMs));
  url.searchParams.set('sign', createHmac('sha256', sign).update(`${nowMs}\n${sign}`).digest('base64'));
  return url;
}
