import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { aNotice, aText, transportContract } from '../../testing/transport-contract.ts';
import { loopbackTlsFixture } from '../../testing/tls-fixture.ts';
import { hastyMs, testNetwork } from './listener-under-test.ts';
import { mailServer, type MailServer } from './mail-server-under-test.ts';
import { smtpTransport } from './smtp.ts';

const password = 'planted-mail-password';
const login = { user: 'alerts', password };
const from = 'alerts@example.com';
const tls = loopbackTlsFixture;

const { cert: ca } = loopbackTlsFixture;

const onAuth: NonNullable<Parameters<typeof mailServer>[0]['onAuth']> = (auth, _session, done) =>
  auth.username === login.user && auth.password === password
    ? done(null, { user: auth.username })
    : done(Object.assign(new Error(`535 no: ${auth.password}`), { responseCode: 535 }));

/** Folded lines joined, encoded words and quoted-printable or Base64 text decoded. */
function readable(raw: string): { head: string; body: string } {
  const [head = '', body = ''] = raw.split(/\r\n\r\n([\s\S]*)/);
  const decoded = head
    .replace(/\r\n[ \t]+/g, ' ')
    .replace(/\?=\s+=\?/g, '?==?')
    .replace(/=\?utf-8\?b\?([^?]*)\?=/gi, (_, text: string) => Buffer.from(text, 'base64').toString())
    .replace(/(?:=\?utf-8\?q\?([^?]*)\?=)+/gi, (words) =>
      decodeURIComponent(
        words
          .replace(/=\?utf-8\?q\?|\?=/gi, '')
          .replace(/_/g, ' ')
          .replace(/=/g, '%'),
      ),
    );
  const isBase64 = /content-transfer-encoding: base64/i.test(head);
  const isQuoted = /content-transfer-encoding: quoted-printable/i.test(head);
  const text = isBase64 ? Buffer.from(body, 'base64') : Buffer.from(isQuoted ? unquoted(body) : body, 'latin1');
  return { head: decoded, body: isBase64 || isQuoted ? text.toString() : body };
}

function unquoted(body: string): string {
  return body
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

const kinds = [
  [
    'without encryption and log-in',
    { security: 'none' },
    {},
    { authOptional: true, disabledCommands: ['STARTTLS', 'AUTH'] },
  ],
  ['over STARTTLS, with a log-in', { security: 'starttls', user: login.user, ca }, { password }, { ...tls, onAuth }],
  [
    'over TLS, with a log-in',
    { security: 'tls', user: login.user, ca },
    { password },
    { ...tls, secure: true, onAuth },
  ],
  ['over TLS, without a log-in', { security: 'tls', ca }, {}, { ...tls, secure: true, authOptional: true }],
] as const;

describe.each(kinds)('smtp %s', (_how, settings, secrets, options) => {
  transportContract(async () => {
    const server = await mailServer({
      ...options,
      disabledCommands: [...('disabledCommands' in options ? options.disabledCommands : [])],
    });
    const network = testNetwork();
    return {
      transport: smtpTransport(network),
      target: { settings: { host: '127.0.0.1', port: server.port, from, to: 'ops@example.com', ...settings }, secrets },
      secrets: 'password' in secrets ? [password, Buffer.from(password).toString('base64')] : [],
      receive: (how) => {
        server.silent = how === 'silent';
        network.expectSilence(server.silent);
        server.refuseWith = {
          well: undefined,
          silent: undefined,
          busy: { code: 450, message: 'too many messages, slow down' },
          failing: { code: 451, message: `local error, ${password}` },
          refusing: { code: 554, message: `refused ${Buffer.from(password).toString('base64')}` },
        }[how];
      },
      seen: () => server.mails.map(({ raw }) => `${readable(raw).head}\n${readable(raw).body}`),
      stop: () => server.stop(),
    };
  });
});

let server: MailServer | undefined;
afterEach(async () => server?.stop());

async function open(
  options: Parameters<typeof mailServer>[0] = { authOptional: true, disabledCommands: ['STARTTLS'] },
) {
  server = await mailServer(options);
  return server;
}

function send(
  settings: Record<string, unknown>,
  secrets: Record<string, string> = {},
  notice = aNotice(),
  text = aText,
  network = testNetwork(),
) {
  const target = {
    settings: { host: '127.0.0.1', security: 'none', from, to: 'ops@example.com', ...settings },
    secrets,
  };
  return smtpTransport(network).deliver(notice, text, target, new AbortController().signal);
}

describe('a mail', () => {
  test('goes to everybody who is listed and says so', async () => {
    const { port, mails } = await open();
    expect(await send({ port, to: 'ops@example.com, li@example.com' })).toEqual({
      detail: 'accepted for 2 recipients',
    });
    expect(mails[0]?.to).toEqual(['ops@example.com', 'li@example.com']);
  });

  test('has the same Message-ID each time the same notice is sent', async () => {
    const { port, mails } = await open();
    await send({ port });
    await send({ port });
    await send({ port }, {}, aNotice({ id: 'notice 2 <x>' }));
    const ids = mails.map(({ raw }) => /^message-id: (.*)$/im.exec(readable(raw).head)?.[1]?.trim());
    expect(ids.slice(0, 2)).toEqual(['<notice-1@example.com>', '<notice-1@example.com>']);
    expect(ids[2]).toMatch(/^<[0-9a-f]{64}@example\.com>$/);
  });

  test('says that no person wrote it, so that no absence note answers', async () => {
    const { port, mails } = await open();
    await send({ port });
    expect(readable(mails[0]?.raw ?? '').head).toMatch(/^auto-submitted: auto-generated$/im);
  });

  test('gets no header and no recipient out of what an agent said', async () => {
    const { port, mails } = await open();
    const hostile = 'x\r\nBcc: everyone@example.com\r\n\r\n<script>';
    await send({ port }, {}, aNotice({ id: hostile }), {
      title: hostile,
      body: `${hostile}\r\n.\r\nMAIL FROM:<evil@example.com>`,
    });
    expect(mails).toHaveLength(1);
    expect(mails[0]?.to).toEqual(['ops@example.com']);
    const { head } = readable(mails[0]?.raw ?? '');
    expect(head).not.toMatch(/^bcc:/im);
    expect(head).toMatch(/^content-type: text\/plain/im);
    expect(head).toContain('Subject: x Bcc: everyone@example.com <script>');
  });

  test('that is refused for some recipients only was delivered, and says for how many not', async () => {
    const { port } = await open({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      onRcptTo: ({ address }, _session, done) =>
        done(address.startsWith('gone') ? Object.assign(new Error('no such user'), { responseCode: 550 }) : null),
    });
    expect(await send({ port, to: 'gone@example.com,ops@example.com' })).toEqual({
      detail: 'accepted for 1 recipient, refused for 1',
    });
  });
});

describe('a mail server', () => {
  test('that refuses the log-in is not tried again, and the password is not repeated', async () => {
    const { port } = await open({ ...tls, secure: true, onAuth });
    const wrong = 'planted-wrong-password';
    const settings = { port, security: 'tls', user: login.user, ca };
    const error = await send(settings, { password: wrong }).catch((failure: unknown) => failure);
    expect(error).toMatchObject({ kind: 'terminal', message: expect.stringContaining('refused user and password') });
    expect(String(error)).not.toContain(wrong);
  });

  test('that offers no encryption gets neither log-in nor mail when STARTTLS was asked for', async () => {
    const { port, mails } = await open();
    await expect(send({ port, security: 'starttls' })).rejects.toMatchObject({ name: 'AppError' });
    expect(mails).toEqual([]);
  });

  test('with a certificate that nobody knows gets nothing', async () => {
    const { port, mails } = await open({ ...tls, secure: true, authOptional: true });
    await expect(send({ port, security: 'tls' })).rejects.toMatchObject({ kind: 'unavailable' });
    expect(mails).toEqual([]);
  });

  test.each([
    ['never greets', () => {}],
    [
      'greets drop by drop',
      (socket: Socket) => {
        const timer = setInterval(() => socket.write('2'), 50);
        socket.once('close', () => clearInterval(timer));
      },
    ],
    [
      'answers drop by drop',
      (socket: Socket) => {
        socket.write('220 hello\r\n');
        socket.once('data', () => {
          const timer = setInterval(() => socket.write('2'), 50);
          socket.once('close', () => clearInterval(timer));
        });
      },
    ],
    [
      'talks without end',
      (socket: Socket) => {
        const chunk = `220-${'x'.repeat(500)}\r\n`.repeat(100);
        const more = (): void => {
          while (socket.writable && socket.write(chunk));
          socket.once('drain', more);
        };
        more();
      },
    ],
    ['speaks another language', (socket: Socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ])('that %s is given up and tried again', async (_how, greet) => {
    const plain = createServer((socket) => {
      socket.on('error', () => {});
      greet(socket);
    });
    plain.listen(0, '127.0.0.1');
    await once(plain, 'listening');
    const began = performance.now();
    const hasty = testNetwork({ timeoutMs: hastyMs });
    const { port } = plain.address() as AddressInfo;
    await expect(send({ port }, {}, aNotice(), aText, hasty)).rejects.toMatchObject({ kind: 'unavailable' });
    expect(performance.now() - began).toBeLessThan(2000);
    plain.close();
    // Whoever gives up also hangs up, or this would never come.
    await once(plain, 'close');
  });

  test('whose name cannot be resolved is tried again', async () => {
    await expect(send({ host: 'nobody.invalid', port: 25 })).rejects.toMatchObject({ kind: 'unavailable' });
  });
});

describe('what is entered', () => {
  const good = { host: 'smtp.example.com', security: 'tls', from, to: 'ops@example.com' };
  const check =
    (settings: Record<string, unknown>, secrets: Record<string, string> = {}) =>
    () =>
      smtpTransport(testNetwork()).check({ ...good, ...settings }, secrets);

  test.each([
    [{ user: 'alerts' }, {}, 'secrets.password'],
    [{}, { password }, 'settings.user'],
    [{ security: 'none', user: 'alerts' }, { password }, 'settings.security'],
    [{ security: 'maybe' }, {}, 'settings.security'],
    [{ to: '' }, {}, 'settings.to.0'],
    [{ to: 'ops@example.com\r\nRCPT TO:<x@example.com>' }, {}, 'settings.to.0'],
    [{ from: 'nobody' }, {}, 'settings.from'],
    [{ host: 'a b' }, {}, 'settings.host'],
    [{ port: '99999' }, {}, 'settings.port'],
  ])('%o with %o is refused, naming the field', (settings, secrets, field) => {
    expect(check(settings, secrets as Record<string, string>)).toThrow(
      expect.objectContaining({ kind: 'invalid', field }),
    );
  });

  test('words as a command line has them are accepted', () => {
    expect(check({ port: '465', to: 'a@example.com,b@example.com' })).not.toThrow();
  });
});
