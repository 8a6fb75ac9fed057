import { createHmac } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import type { TransportKind } from '../../ports/alert-transport.ts';
import { aNotice, aText, transportContract, type Receiving } from '../../testing/transport-contract.ts';
import { dingtalkTransport } from './dingtalk.ts';
import { feishuTransport } from './feishu.ts';
import {
  answer,
  hastyMs,
  listen,
  silence,
  testNetwork,
  type Listener,
  type Received,
  type Reply,
} from './listener-under-test.ts';
import type { Network } from './network.ts';
import { slackTransport } from './slack.ts';
import { telegramTransport } from './telegram.ts';
import { wecomTransport } from './wecom.ts';

const token = '5f0c2e9a-planted-token-b1d7';
const sign = 'SECplantedsignsecret0123456789';
const botToken = '123456789:AAplantedBotTokenplantedBotToken12';

interface Provider {
  readonly create: (network: Network) => TransportKind;
  readonly settings: (port: number) => Record<string, unknown>;
  readonly secrets: (port: number) => Record<string, string>;
  readonly replies: Record<Exclude<Receiving, 'silent'>, Reply>;
  readonly textOf: (received: Received) => string;
}

const local = (port: number, path: string) => `http://127.0.0.1:${port}${path}`;
const open = () => ({ allowPrivate: true });

const feishu: Provider = {
  create: feishuTransport,
  settings: open,
  secrets: (port) => ({ url: local(port, `/open-apis/bot/v2/hook/${token}`), sign }),
  replies: {
    well: answer(200, { code: 0, msg: 'success', data: {} }),
    busy: answer(400, { code: 9499, msg: 'too many request', data: {} }),
    failing: answer(502, '<html>bad gateway</html>'),
    refusing: answer(200, { code: 19001, msg: `param invalid: incoming webhook access token invalid ${token}` }),
  },
  textOf: ({ body }) => {
    const { title, content } = JSON.parse(body).content.post.zh_cn;
    return [title, ...content.map((line: { text: string }[]) => line.map(({ text }) => text).join(''))].join('\n');
  },
};

const dingtalk: Provider = {
  create: dingtalkTransport,
  settings: open,
  secrets: (port) => ({ url: local(port, `/robot/send?access_token=${token}`), sign }),
  replies: {
    well: answer(200, { errcode: 0, errmsg: 'ok' }),
    busy: answer(200, { errcode: 130101, errmsg: 'send too fast, exceed 20 times per minute' }),
    failing: answer(500, { errcode: -1, errmsg: 'system busy' }),
    refusing: answer(200, { errcode: 300005, errmsg: `token is not exist: ${token}` }),
  },
  textOf: ({ body }) => JSON.parse(body).text.content,
};

const wecom: Provider = {
  create: wecomTransport,
  settings: open,
  secrets: (port) => ({ url: local(port, `/cgi-bin/webhook/send?key=${token}`) }),
  replies: {
    well: answer(200, { errcode: 0, errmsg: 'ok' }),
    busy: answer(200, { errcode: 45009, errmsg: 'api freq out of limit' }),
    failing: answer(503, ''),
    refusing: answer(200, { errcode: 93000, errmsg: `invalid webhook url, key ${token}` }),
  },
  textOf: ({ body }) => JSON.parse(body).text.content,
};

const slack: Provider = {
  create: slackTransport,
  settings: open,
  secrets: (port) => ({ url: local(port, `/services/T0000/B0000/${token}`) }),
  replies: {
    well: answer(200, 'ok'),
    busy: answer(429, 'rate_limited', { 'retry-after': '30' }),
    failing: answer(500, 'rollup_error'),
    refusing: answer(403, `invalid_token ${token}`),
  },
  textOf: ({ body }) => {
    const [header, section] = JSON.parse(body).blocks;
    return `${header.text.text}\n${section.text.text}`;
  },
};

const telegram: Provider = {
  create: telegramTransport,
  settings: (port) => ({ allowPrivate: true, chatId: -1001234567890, apiUrl: local(port, '') }),
  secrets: () => ({ token: botToken }),
  replies: {
    well: answer(200, { ok: true, result: { message_id: 1 } }),
    busy: answer(429, {
      ok: false,
      error_code: 429,
      description: 'Too Many Requests: retry after 34',
      parameters: { retry_after: 34 },
    }),
    failing: answer(502, { ok: false, error_code: 502, description: 'Bad Gateway' }),
    refusing: answer(401, { ok: false, error_code: 401, description: `Unauthorized ${botToken}` }),
  },
  textOf: ({ body }) => JSON.parse(body).text,
};

const providers = { feishu, dingtalk, wecom, slack, telegram };

describe.each(Object.entries(providers))('%s', (kind, provider) => {
  transportContract(async () => {
    const listener = await listen(silence);
    const received: Received[] = [];
    const network = testNetwork();
    return {
      transport: provider.create(network),
      target: { settings: provider.settings(listener.port), secrets: provider.secrets(listener.port) },
      secrets: [token, sign, botToken],
      receive: (how) => {
        network.expectSilence(how === 'silent');
        const reply = how === 'silent' ? silence : provider.replies[how];
        listener.reply = (response, request) => {
          if (how === 'well') received.push(request);
          reply(response, request);
        };
      },
      seen: () => received.map((one) => provider.textOf(one)),
      stop: () => listener.stop(),
    };
  });

  test('is known by its own name', () => {
    expect(provider.create(testNetwork()).kind).toBe(kind);
  });
});

let listener: Listener | undefined;
afterEach(async () => listener?.stop());

/** What one delivery sent, or the error it ended with. */
async function delivered(provider: Provider, reply: Reply, text = aText, network = testNetwork()) {
  listener = await listen(reply);
  const { port, received } = listener;
  const target = { settings: provider.settings(port), secrets: provider.secrets(port) };
  const error: unknown = await provider
    .create(network)
    .deliver(aNotice(), text, target, new AbortController().signal)
    .then(
      () => undefined,
      (failure: unknown) => failure,
    );
  const [request] = received;
  return { error, path: request?.path ?? '', body: JSON.parse(request?.body ?? '{}') };
}

describe('signatures', () => {
  const seconds = '1764042000';

  test('feishu: the secret is part of the key, and what is signed is empty', async () => {
    const { body } = await delivered(feishu, feishu.replies.well);
    const expected = createHmac('sha256', `${seconds}\n${sign}`).update('').digest('base64');
    expect(body).toMatchObject({ timestamp: seconds, sign: expected });
  });

  test('dingtalk: milliseconds and secret are signed with the secret, beside the token in the address', async () => {
    const { path } = await delivered(dingtalk, dingtalk.replies.well);
    const { searchParams } = new URL(path, 'http://x');
    const expected = createHmac('sha256', sign).update(`${seconds}000\n${sign}`).digest('base64');
    expect(Object.fromEntries(searchParams)).toEqual({
      access_token: token,
      timestamp: `${seconds}000`,
      sign: expected,
    });
  });

  test('robots without a sign secret are sent none', async () => {
    listener = await listen(feishu.replies.well);
    const { port, received } = listener;
    const { sign: _, ...secrets } = feishu.secrets(port);
    const target = { settings: open(), secrets: secrets as Record<string, string> };
    await feishuTransport(testNetwork()).deliver(aNotice(), aText, target, new AbortController().signal);
    expect(JSON.parse(received[0]?.body ?? '')).not.toHaveProperty('sign');
  });
});

describe('refusals are told apart', () => {
  test.each([
    [feishu, { code: 19021, msg: 'sign match fail or timestamp is not within one hour' }, /签名校验.*clock/],
    [feishu, { code: 19022, msg: 'Ip Not Allowed' }, /IP 白名单/],
    [feishu, { code: 19024, msg: 'Key Words Not Found' }, /自定义关键词.*AgentPod/],
    [feishu, { code: 9499, msg: 'Bad Request' }, /cannot read/],
    [dingtalk, { errcode: 310000, errmsg: 'sign not match' }, /加签.*sign not match/],
    [dingtalk, { errcode: 300001, errmsg: 'token is not exist' }, /access token/],
    [dingtalk, { errcode: 400102, errmsg: '机器人已停用' }, /switched off/],
    [wecom, { errcode: 93000, errmsg: 'invalid webhook url' }, /does not know this key/],
    [wecom, { errcode: 93008, errmsg: 'not in group' }, /not in the group/],
    [telegram, { ok: false, error_code: 400, description: 'Bad Request: chat not found' }, /chatId.*chat not found/],
    [telegram, { ok: false, error_code: 403, description: 'Forbidden: bot was kicked' }, /add the bot/],
    [
      telegram,
      { ok: false, error_code: 400, description: 'upgraded', parameters: { migrate_to_chat_id: -1009876543210 } },
      /set chatId to -1009876543210/,
    ],
  ] as const)(
    '%#: an answer with status 200 that says no is final and says what to do',
    async (provider, said, words) => {
      const { error } = await delivered(provider, answer(200, said));
      expect(error).toMatchObject({ kind: 'terminal', message: expect.stringMatching(words) });
    },
  );

  test.each([
    [feishu, { code: 11232, msg: 'frequency limited psm[lark.oapi.app_platform_runtime]appID[1500]' }],
    [feishu, { code: 99991400, msg: 'request trigger frequency limit' }],
    [feishu, { code: 10000, msg: 'something nobody wrote down' }],
    [dingtalk, { errcode: 410100, errmsg: '发送速度太快而限流' }],
    [dingtalk, { errcode: 660026, errmsg: '限流' }],
    [dingtalk, { errcode: -1, errmsg: '系统繁忙' }],
    [wecom, { errcode: -1, errmsg: 'system busy' }],
    [wecom, { errcode: 45033, errmsg: 'concurrent limit' }],
    [telegram, { surprising: true }],
    [wecom, []],
    [dingtalk, { errcode: '0' }],
    [feishu, 'not JSON at all'],
  ] as const)('%#: limits, troubles and answers nobody knows are tried again', async (provider, said) => {
    const { error } = await delivered(provider, answer(200, said));
    expect(error).toMatchObject({ kind: 'unavailable' });
  });

  test.each([
    [404, 'no_service', /revoked/],
    [404, 'channel_not_found', /channel/],
    [410, 'channel_is_archived', /archived/],
    [403, 'action_prohibited', /forbids/],
    [400, 'invalid_payload', /400: invalid_payload/],
  ])('slack: %i %s is final and says what to do', async (status, said, words) => {
    const { error } = await delivered(slack, answer(status, said));
    expect(error).toMatchObject({ kind: 'terminal', message: expect.stringMatching(words) });
  });

  test('an answer that is too long to be one is tried again', async () => {
    const { error } = await delivered(wecom, answer(200, `{"errcode":0,"x":"${'x'.repeat(70_000)}"}`));
    expect(error).toMatchObject({ kind: 'unavailable', reason: 'AnswerTooLong' });
  });

  test('an answer that never ends is given up and tried again', async () => {
    const endless: Reply = (response) => {
      response.writeHead(200);
      response.write('{"errcode":0');
    };
    const { error } = await delivered(wecom, endless, aText, testNetwork({ timeoutMs: hastyMs }));
    expect(error).toMatchObject({ kind: 'unavailable', reason: 'ReceiverTooSlow' });
  });

  test('old answers of feishu with StatusCode are understood', async () => {
    expect((await delivered(feishu, answer(200, { StatusCode: 0, StatusMessage: 'success' }))).error).toBeUndefined();
  });
});

describe('hostile text', () => {
  const hostile = {
    title: 'x <at user_id="all">y</at> <!channel>',
    body: '# h\n<at user_id="all">all</at> <@U1> <!everyone> <https://evil.example|here> [a](b) *b* `c` &amp; @all /kick',
  };

  test('feishu: it stands in text elements of rich text, without tags', async () => {
    const { body } = await delivered(feishu, feishu.replies.well, hostile);
    expect(body.msg_type).toBe('post');
    expect(body.content.post.zh_cn.content.flat().every(({ tag }: { tag: string }) => tag === 'text')).toBe(true);
    expect(JSON.stringify(body)).not.toMatch(/<\/?at/);
  });

  test('dingtalk: it is plain text that calls nobody', async () => {
    const { body } = await delivered(dingtalk, dingtalk.replies.well, hostile);
    expect(body).toMatchObject({ msgtype: 'text', at: { isAtAll: false } });
  });

  test('wecom: it is plain text without tags and calls nobody', async () => {
    const { body } = await delivered(wecom, wecom.replies.well, hostile);
    expect(body.msgtype).toBe('text');
    expect(Object.keys(body.text)).toEqual(['content']);
    expect(body.text.content).not.toContain('<');
  });

  test('slack: it is plain text, and its control characters are escaped', async () => {
    const { body } = await delivered(slack, slack.replies.well, hostile);
    expect(body.blocks.map(({ text }: { text: { type: string } }) => text.type)).toEqual(['plain_text', 'plain_text']);
    expect(body).toMatchObject({ unfurl_links: false });
    expect(JSON.stringify(body)).not.toMatch(/[<>]/);
    expect(body.blocks[1].text.text).toContain('&lt;!everyone&gt;');
    expect(body.blocks[1].text.text).toContain('&amp;amp;');
  });

  test('telegram: nothing is parsed, and all but the title is preformatted', async () => {
    const { body } = await delivered(telegram, telegram.replies.well, hostile);
    expect(body).not.toHaveProperty('parse_mode');
    expect(body.link_preview_options).toEqual({ is_disabled: true });
    expect(body.entities).toEqual([
      { type: 'bold', offset: 0, length: hostile.title.length },
      { type: 'pre', offset: hostile.title.length + 2, length: hostile.body.length },
    ]);
    expect(body.text.slice(body.entities[1].offset)).toBe(hostile.body);
  });

  test('each provider gets no more than it takes, and no half character', async () => {
    const long = { title: '&'.repeat(500), body: '😀字&'.repeat(20_000) };
    const feishuBody = (await delivered(feishu, feishu.replies.well, long)).body;
    expect(Buffer.byteLength(JSON.stringify(feishuBody))).toBeLessThan(20_000);
    const wecomText = (await delivered(wecom, wecom.replies.well, long)).body.text.content;
    expect(Buffer.byteLength(wecomText)).toBeLessThanOrEqual(2048);
    expect(wecomText).toMatch(/(😀|字|&)…$/u);
    const slackBlocks = (await delivered(slack, slack.replies.well, long)).body.blocks;
    expect(slackBlocks[0].text.text.length).toBeLessThanOrEqual(150);
    expect(slackBlocks[1].text.text.length).toBeLessThanOrEqual(3000);
    expect(slackBlocks[1].text.text).toMatch(/(😀|字|&amp;)…$/u);
    expect((await delivered(telegram, telegram.replies.well, long)).body.text.length).toBeLessThanOrEqual(4096);
    expect((await delivered(dingtalk, dingtalk.replies.well, long)).body.text.content.length).toBeLessThanOrEqual(4500);
  });
});

describe('addresses that are not complete are refused while they are entered', () => {
  test.each([
    ['feishu', feishuTransport(testNetwork()), 'https://open.feishu.cn/'],
    ['dingtalk', dingtalkTransport(testNetwork()), 'https://oapi.dingtalk.com/robot/send'],
    ['wecom', wecomTransport(testNetwork()), '5f0c2e9a-bare-key'],
    ['slack', slackTransport(testNetwork()), 'ftp://hooks.slack.com/services/x'],
    ['slack', slackTransport(testNetwork()), 'https://user:pass@hooks.slack.com/services/x'],
  ])('%s: %#', (_kind, transport, url) => {
    expect(() => transport.check({}, { url })).toThrow(
      expect.objectContaining({ kind: 'invalid', field: 'secrets.url' }),
    );
  });

  test('the public address of each provider is accepted without more', () => {
    const network = testNetwork();
    expect(() =>
      feishuTransport(network).check({}, { url: `https://open.feishu.cn/open-apis/bot/v2/hook/${token}` }),
    ).not.toThrow();
    expect(() =>
      dingtalkTransport(network).check({}, { url: `https://oapi.dingtalk.com/robot/send?access_token=${token}` }),
    ).not.toThrow();
    expect(() =>
      wecomTransport(network).check({}, { url: `https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=${token}` }),
    ).not.toThrow();
    expect(() =>
      slackTransport(network).check({}, { url: `https://hooks.slack.com/services/T0/B0/${token}` }),
    ).not.toThrow();
    expect(() => telegramTransport(network).check({ chatId: '-1001' }, { token: botToken })).not.toThrow();
  });
});
