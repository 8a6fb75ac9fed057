import { createHmac } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { aNotice, aText, transportContract } from '../../testing/transport-contract.ts';
import { tlsFixture } from '../../testing/tls-fixture.ts';
import { answer, hastyMs, listen, silence, testNetwork, type Listener, type Reply } from './listener-under-test.ts';
import { thisMachine, type Network } from './network.ts';
import { WebhookPayload, webhookTransport } from './webhook.ts';

const secret = 'planted-signing-secret';
const pathToken = 'planted-path-token-0123456789';

describe('webhook', () => {
  transportContract(async () => {
    const replies = {
      well: answer(204),
      busy: answer(429, 'slow down', { 'retry-after': '7' }),
      failing: answer(503, `no, /hooks/${pathToken} is away`),
      silent: silence,
      refusing: answer(410, `gone: ${secret} /hooks/${pathToken}`),
    };
    const listener = await listen(silence);
    const taken: string[] = [];
    const network = testNetwork();
    return {
      transport: webhookTransport(network),
      target: {
        settings: { allowPrivate: true },
        secrets: { url: `http://127.0.0.1:${listener.port}/hooks/${pathToken}`, secret },
      },
      secrets: [secret, pathToken],
      receive: (how) => {
        network.expectSilence(how === 'silent');
        listener.reply = (response, received) => {
          const { title, text } = JSON.parse(received.body);
          if (how === 'well') taken.push(`${title}\n${text}`);
          replies[how](response, received);
        };
      },
      seen: () => taken,
      stop: () => listener.stop(),
    };
  });
});

const listeners: Listener[] = [];
afterEach(async () => {
  await Promise.all(listeners.splice(0).map((listener) => listener.stop()));
});

async function listening(reply: Reply, tls?: { key: string; cert: string }): Promise<Listener> {
  const listener = await listen(reply, tls);
  listeners.push(listener);
  return listener;
}

function send(
  url: string,
  settings: Record<string, unknown> = { allowPrivate: true },
  network: Network = testNetwork(),
) {
  const target = { settings: { url, ...settings }, secrets: { secret } };
  return webhookTransport(network).deliver(aNotice({ lastError: 'boom' }), aText, target, new AbortController().signal);
}

describe('what is sent', () => {
  test('is the documented body, signed together with the time of this attempt', async () => {
    const { port, received } = await listening(answer(200));
    await send(`http://127.0.0.1:${port}/hooks?a=1`);
    const [request] = received;
    const body = request?.body ?? '';
    expect(WebhookPayload.parse(JSON.parse(body))).toMatchObject({
      version: 1,
      id: 'notice-1',
      kind: 'firing',
      subject: { kind: 'agent', ref: 'acme/hr', tenant: 'acme' },
      lastError: 'boom',
      title: aText.title,
      text: aText.body,
    });
    expect(request?.path).toBe('/hooks?a=1');
    expect(request?.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'x-agentpod-id': 'notice-1',
      'x-agentpod-timestamp': '1764042000',
      'x-agentpod-signature': `v1=${createHmac('sha256', secret).update(`1764042000.${body}`).digest('hex')}`,
    });
  });

  test('an id cannot begin another header', async () => {
    const { port, received } = await listening(answer(200));
    const target = { settings: { url: `http://127.0.0.1:${port}/`, allowPrivate: true }, secrets: { secret } };
    const notice = aNotice({ id: 'a\r\nx-evil: 1' });
    await webhookTransport(testNetwork()).deliver(notice, aText, target, new AbortController().signal);
    expect(received[0]?.headers).not.toHaveProperty('x-evil');
    expect(received[0]?.headers['x-agentpod-id']).toBe('a__x-evil:_1');
  });
});

describe('where it goes', () => {
  test.each([
    'http://127.0.0.1/',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://localhost:7100/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://169.254.169.254/latest/meta-data/',
    'http://10.203.255.1:7200/',
    'http://0.0.0.0/',
  ])('%s is refused while it is entered, and at delivery', async (url) => {
    const refusal = { reason: 'AddressRefused' };
    expect(() => webhookTransport(thisMachine).check({ url }, { secret })).toThrow(
      expect.objectContaining({ kind: 'invalid', ...refusal }),
    );
    await expect(send(url, {}, thisMachine)).rejects.toMatchObject({ kind: 'forbidden', ...refusal });
  });

  test('a name that leads into a private network is refused before anything is sent', async () => {
    const { port, received } = await listening(answer(200));
    await expect(send(`http://inside.example:${port}/`, {})).rejects.toMatchObject({
      kind: 'forbidden',
      reason: 'AddressRefused',
      remedy: expect.stringContaining('allowPrivate'),
    });
    expect(received).toEqual([]);
  });

  test('one of the addresses of this machine is refused like loopback', async () => {
    const network = testNetwork({
      resolve: () => Promise.resolve([{ address: '203.0.114.7', family: 4 }]),
      ownAddresses: () => ['203.0.114.7'],
    });
    await expect(send('http://self.example/', {}, network)).rejects.toMatchObject({ reason: 'AddressRefused' });
  });

  test('a name is asked for once, and the connection goes to the address that was checked', async () => {
    const { port, received } = await listening(answer(200));
    const answers = ['127.0.0.1', '169.254.169.254'];
    const network = testNetwork({ resolve: () => Promise.resolve([{ address: answers.shift() ?? '', family: 4 }]) });
    await send(`http://rebinding.invalid:${port}/`, { allowPrivate: true }, network);
    expect(received[0]?.headers.host).toBe(`rebinding.invalid:${port}`);
    expect(answers).toEqual(['169.254.169.254']);
  });

  test('a redirect is not followed and not tried again', async () => {
    const inside = await listening(answer(200));
    const { port } = await listening(answer(307, '', { location: `http://127.0.0.1:${inside.port}/?token=planted` }));
    const failed = send(`http://127.0.0.1:${port}/`);
    await expect(failed).rejects.toMatchObject({ kind: 'terminal', reason: 'RedirectRefused' });
    await expect(failed).rejects.not.toMatchObject({ message: expect.stringContaining('planted') });
    expect(inside.received).toEqual([]);
  });

  test('a name that cannot be resolved is tried again', async () => {
    const resolve = () => Promise.reject(Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' }));
    await expect(send('http://nobody.invalid/', {}, testNetwork({ resolve }))).rejects.toMatchObject({
      kind: 'unavailable',
      reason: 'NameNotFound',
      message: expect.stringContaining('nobody.invalid'),
    });
  });

  test('a resolver that never answers does not hold up the delivery', async () => {
    const resolve = () => Promise.withResolvers<never>().promise;
    await expect(send('http://slow.example/', {}, testNetwork({ resolve, timeoutMs: hastyMs }))).rejects.toMatchObject({
      kind: 'unavailable',
      reason: 'ReceiverTooSlow',
    });
  });
});

describe('what comes back', () => {
  const endless: (status: number) => Reply = (status) => (response) => {
    response.writeHead(status);
    const chunk = Buffer.alloc(16 * 1024, 'x');
    const more = (): void => {
      while (response.write(chunk));
      response.once('drain', more);
    };
    more();
  };
  const dripping: (status: number) => Reply = (status) => (response) => {
    response.writeHead(status);
    const timer = setInterval(() => response.write('x'), 20);
    response.once('close', () => clearInterval(timer));
  };

  test.each([
    ['endless', endless],
    ['dripping', dripping],
  ])('a %s answer after 200 was a delivery: the status line said so', async (_how, reply) => {
    const { port } = await listening(reply(200));
    const hasty = testNetwork({ timeoutMs: hastyMs });
    const result = await send(`http://127.0.0.1:${port}/`, { allowPrivate: true }, hasty);
    expect(result).toEqual({ detail: 'answered 200' });
  });

  test('an endless refusal is quoted with its beginning only', async () => {
    const { port } = await listening(endless(400));
    const error = await send(`http://127.0.0.1:${port}/`).catch((failure: unknown) => failure);
    expect(error).toMatchObject({ kind: 'terminal', message: expect.stringMatching(/^.{50,300}$/) });
  });

  test('what a receiver says is one line without control characters', async () => {
    const { port } = await listening(answer(400, 'bad\r\n\u001b[31mred\u202e <b>'));
    await expect(send(`http://127.0.0.1:${port}/`)).rejects.toMatchObject({
      message: 'The receiver refused the notice with 400: bad [31mred <b>',
    });
  });

  test.each([
    [500, 'unavailable'],
    [502, 'unavailable'],
    [408, 'unavailable'],
    [425, 'unavailable'],
    [400, 'terminal'],
    [401, 'terminal'],
    [404, 'terminal'],
  ])('status %i is %s', async (status, kind) => {
    const { port } = await listening(answer(status));
    await expect(send(`http://127.0.0.1:${port}/`)).rejects.toMatchObject({ kind });
  });

  test('a connection that is cut in the middle is tried again', async () => {
    const { port } = await listening((response) => response.destroy());
    await expect(send(`http://127.0.0.1:${port}/`)).rejects.toMatchObject({ kind: 'unavailable' });
  });
});

describe('TLS', () => {
  const url = (port: number, host = tlsFixture.host) => `https://${host}:${port}/hooks/${pathToken}`;

  test('a receiver whose authority was entered is trusted, under its own name', async () => {
    const { port, received } = await listening(answer(200), tlsFixture);
    await send(url(port), { allowPrivate: true, ca: tlsFixture.cert });
    expect(received).toHaveLength(1);
  });

  test.each([
    ['of an unknown authority', tlsFixture.host, {}, /self-signed/],
    ['for another name', 'other.invalid', { ca: tlsFixture.cert }, /another name/],
  ])('a certificate %s is refused before anything is sent', async (_what, host, settings, words) => {
    const { port, received } = await listening(answer(200), tlsFixture);
    await expect(send(url(port, host), { allowPrivate: true, ...settings })).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringMatching(words),
    });
    expect(received).toEqual([]);
  });
});

describe('what is entered', () => {
  const check = (settings: Record<string, unknown>, secrets: Record<string, string>) => () =>
    webhookTransport(testNetwork()).check(settings, secrets);
  const url = 'https://hooks.example.com/agentpod';

  test('an address among the settings or among the secrets, but one', () => {
    expect(check({ url }, { secret })).not.toThrow();
    expect(check({}, { secret, url })).not.toThrow();
    expect(check({}, { secret })).toThrow(expect.objectContaining({ kind: 'invalid', field: 'settings.url' }));
    expect(check({ url }, { secret, url })).toThrow(expect.objectContaining({ field: 'settings.url' }));
  });

  test('a secret that is worth something', () => {
    expect(check({ url }, {})).toThrow(expect.objectContaining({ field: 'secrets.secret' }));
    expect(check({ url }, { secret: 'short' })).toThrow(/16 characters/);
  });

  test('switches as words, as a command line has them', () => {
    expect(check({ url: 'http://10.0.0.1/', allowPrivate: 'true' }, { secret })).not.toThrow();
    expect(check({ url: 'http://10.0.0.1/', allowPrivate: 'false' }, { secret })).toThrow(/private network/);
  });
});
