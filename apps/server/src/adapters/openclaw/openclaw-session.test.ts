import { describe, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import type { AgentSession } from '../../ports/agent-driver.ts';
import { endpointAt, type FakeRequest, FakeOpenClaw, hello } from '../../testing/fake-openclaw.ts';
import { OpenClawDriver } from './openclaw-driver.ts';

const driver = new OpenClawDriver();
const soon = () => AbortSignal.timeout(5000);
const atOnce = () => AbortSignal.timeout(300);
const start = 1_800_000_000_000;

/** What a healthy agent says; `said` replaces answers by method. */
function speaking(
  said: Record<string, object> = {},
  also: (request: FakeRequest, socket: WebSocket) => void = () => {},
) {
  return new FakeOpenClaw((request, socket) => {
    if (request.method === 'connect') return hello();
    also(request, socket);
    const payload: Record<string, object> = {
      health: { ok: true },
      'channels.status': { channelAccounts: {} },
      'sessions.list': { sessions: [] },
    };
    return said[request.method] ?? { ok: true, payload: payload[request.method] };
  });
}

const telegram = (account: object) => ({
  'channels.status': {
    ok: true,
    payload: {
      channelAccounts: {
        telegram: [{ accountId: 'default', enabled: true, configured: true, lastError: null, ...account }],
      },
      channelDefaultAccountId: { telegram: 'default' },
      statusIssues: [],
    },
  },
});

class Clock {
  now = start;
  readonly read = () => this.now;
}

async function sessionWith(agent: FakeOpenClaw, clock = new Clock()): Promise<AgentSession> {
  return await driver.openSession(await agent.start(), soon(), clock.read);
}

describe('a session', () => {
  test('asks as often as wanted through one connection, and closes it', async () => {
    const agent = speaking();
    const session = await sessionWith(agent);
    for (let look = 0; look < 3; look++) {
      expect(await session.check(soon())).toEqual({
        healthy: { ok: true, detail: undefined },
        lastActivityAt: undefined,
        channels: [],
      });
    }
    expect(agent.sockets).toHaveLength(1);
    expect(agent.requests.filter(({ method }) => method === 'connect')).toHaveLength(1);
    session.close();
    await expect.poll(() => agent.closedSockets).toBe(1);
    expect(await session.ended).toBe('the connection was closed');
  });

  test('is not opened for an agent that grants less than is needed', async () => {
    const agent = new FakeOpenClaw(() => hello(['operator.read']));
    await expect(sessionWith(agent)).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringMatching(/does not grant .*operator\.admin/),
    });
    await expect.poll(() => agent.closedSockets).toBe(1);
  });

  test('tells when the last frame came, whatever it was: an answer, a tick, a ping', async () => {
    const clock = new Clock();
    const agent = speaking();
    const session = await sessionWith(agent, clock);
    expect(session.lastFrameAt()).toBe(start);
    clock.now += 10_000;
    expect(session.lastFrameAt()).toBe(start);
    await session.check(soon());
    expect(session.lastFrameAt()).toBe(start + 10_000);
    clock.now += 15_000;
    agent.sockets[0]?.send('{"type":"event","event":"tick","payload":{"ts":1}}');
    await expect.poll(session.lastFrameAt).toBe(start + 25_000);
    clock.now += 15_000;
    agent.sockets[0]?.ping();
    await expect.poll(session.lastFrameAt).toBe(start + 40_000);
  });

  test('ends with a sentence when the agent goes away, and every question after that with the same', async () => {
    const agent = speaking();
    const session = await sessionWith(agent);
    agent.sockets[0]?.close(1012, 'service restart\u0007');
    const why = await session.ended;
    expect(why).toBe('the agent closed the connection (1012: service restart)');
    await expect(session.check(soon())).rejects.toMatchObject({ kind: 'unavailable', message: why });
  });

  test('that gets no answer says so in time, and can be asked again', async () => {
    let mute = true;
    const agent = new FakeOpenClaw(({ method }) => {
      if (method === 'connect') return hello();
      if (mute) return undefined;
      return { ok: true, payload: { ok: true, channelAccounts: {}, sessions: [] } };
    });
    const session = await sessionWith(agent);
    await expect(session.check(atOnce())).rejects.toMatchObject({ kind: 'unavailable', reason: 'AgentTimeout' });
    mute = false;
    expect(await session.check(soon())).toMatchObject({ healthy: { ok: true } });
  });
});

describe('what a check reports', () => {
  const reportOf = async (said: Record<string, object>) => (await sessionWith(speaking(said))).check(soon());

  test.each([
    ['says that it is not well', { ok: true, payload: { ok: false } }, /not healthy/],
    ['answers nonsense', { ok: true, payload: ['fine'] }, /not healthy/],
    ['refuses to say', { ok: false, error: { message: 'missing scope' } }, /missing scope/],
  ])('is not healthy for an agent that %s', async (_what, health, detail) => {
    const { healthy } = await reportOf({ health });
    expect(healthy).toEqual({ ok: false, detail: expect.stringMatching(detail) });
  });

  test.each([
    ['connected', { running: true, connected: true, lifecycle: 'ready' }, 'connected', undefined],
    ['without a word about its connection', { running: true }, 'connected', undefined],
    [
      'recovered, with an old error',
      { running: true, connected: true, lifecycle: 'ready', lastError: 'x' },
      'connected',
      undefined,
    ],
    ['starting', { running: true, connected: false, lifecycle: 'starting' }, 'connecting', undefined],
    [
      'polled by another program too',
      { running: true, connected: false, lifecycle: 'recovering', lastError: 'Telegram getUpdates conflict' },
      'connecting',
      'Telegram getUpdates conflict',
    ],
    [
      'whose token was revoked',
      { running: false, connected: false, lifecycle: 'blocked', terminalDisconnect: true, lastError: 'Unauthorized' },
      'rejected',
      'Unauthorized',
    ],
    ['never linked', { running: false, linked: false, statusState: 'not-linked' }, 'needs-link', undefined],
    ['stopped by a person', { running: false, lifecycle: 'stopped' }, 'stopped', undefined],
    [
      'held back after abrupt ends',
      { running: false, lifecycle: 'stopped', lastError: 'gateway restart-loop breaker tripped: 4 unclean boot(s)' },
      'connecting',
      'it ended abruptly several times and keeps its channels off for about five minutes',
    ],
  ])('of a channel %s is right', async (_what, account, state, detail) => {
    expect((await reportOf(telegram(account))).channels).toEqual([{ name: 'telegram', state, detail }]);
  });

  test('names accounts beside the first, and leaves out what nobody configured or enabled', async () => {
    const running = { running: true, connected: true, lifecycle: 'ready' };
    const said = {
      'channels.status': {
        ok: true,
        payload: {
          channelAccounts: {
            slack: [
              { accountId: 'main', ...running },
              { accountId: 'sales', ...running },
              { accountId: 'old', enabled: false, ...running },
            ],
            discord: [{ accountId: 'default', configured: false }],
          },
          channelDefaultAccountId: { slack: 'main' },
        },
      },
    };
    expect((await reportOf(said)).channels.map(({ name }) => name)).toEqual(['slack', 'slack/sales']);
  });

  test('repeats no token of a bot, and nothing that takes over a terminal', async () => {
    const lastError =
      '\u001b[2Jcall to https://api.telegram.org/bot123456789:AAfakefakefakefakefakefakefake123/getMe failed';
    const { channels } = await reportOf(telegram({ running: true, connected: false, lastError }));
    expect(channels[0]?.detail).toBe('[2Jcall to https://api.telegram.org/bot[token]/getMe failed');
  });

  test('knows the newest message, in a session or in a channel, and no time that cannot be', async () => {
    const newest = (sessions: object[], account: object = {}) =>
      reportOf({ ...telegram(account), 'sessions.list': { ok: true, payload: { sessions } } });
    const at = start - 5000;
    expect(await newest([{ updatedAt: at - 1, lastInteractionAt: at }])).toMatchObject({ lastActivityAt: at });
    expect(await newest([{ updatedAt: at }])).toMatchObject({ lastActivityAt: at });
    expect(await newest([], { lastInboundAt: at - 3, lastOutboundAt: at - 2 })).toMatchObject({
      lastActivityAt: at - 2,
    });
    const tomorrow = { lastInboundAt: start + 86_400_000, lastOutboundAt: -1 };
    expect(await newest([{ updatedAt: at }], tomorrow)).toMatchObject({ lastActivityAt: at });
    expect(await newest([], tomorrow)).toMatchObject({ lastActivityAt: undefined });
    expect(await newest([{ updatedAt: 'now' }])).toMatchObject({ lastActivityAt: undefined });
    const refusing = await reportOf({ 'sessions.list': { ok: false, error: { message: 'no' } } });
    expect(refusing).toMatchObject({ healthy: { ok: true }, lastActivityAt: undefined });
  });

  test.each([
    ['no channels at all', {}],
    ['a word', 'none'],
    ['accounts that are none', { channelAccounts: { telegram: 'yes' } }],
  ])('is none when the agent answers %s: that is not the news that all is well', async (_what, payload) => {
    const session = await sessionWith(speaking({ 'channels.status': { ok: true, payload } }));
    await expect(session.check(soon())).rejects.toMatchObject({ kind: 'unavailable' });
  });

  test('survives fields of other types: one odd word hides no broken channel', async () => {
    const { channels } = await reportOf(
      telegram({ running: 'yes', connected: 1, lifecycle: 'blocked', lastError: {} }),
    );
    expect(channels).toEqual([{ name: 'telegram', state: 'rejected', detail: undefined }]);
  });
});

describe('a hostile agent', () => {
  const event = (payload: string) => `{"type":"event","event":"noise","payload":"${payload}"}`;

  async function doing(attack: (socket: WebSocket) => void): Promise<AgentSession> {
    return await sessionWith(speaking({}, ({ method }, socket) => method === 'health' && attack(socket)));
  }

  test('that sends a frame of 10 MB loses the connection', async () => {
    const session = await doing((socket) => socket.send(`"${'x'.repeat(10 * 1024 ** 2)}"`));
    await expect(session.check(soon())).rejects.toMatchObject({ kind: 'unavailable' });
    expect(await session.ended).toMatch(/payload size exceeded/i);
  });

  test('that never ends a frame loses the connection when it has become too long', async () => {
    const session = await doing((socket) => {
      for (let part = 0; part < 40; part++) socket.send('x'.repeat(100_000), { fin: false });
    });
    await session.check(soon()).catch(() => undefined);
    expect(await session.ended).toMatch(/payload size exceeded/i);
  });

  test('that trickles one costs nothing but the answer', async () => {
    const agent = new FakeOpenClaw(({ method }, socket) => {
      if (method === 'connect') return hello();
      socket.send('x', { fin: false });
      return undefined;
    });
    const session = await sessionWith(agent);
    await expect(session.check(atOnce())).rejects.toMatchObject({ reason: 'AgentTimeout' });
  });

  test.each<[string, RegExp, (socket: WebSocket) => void]>([
    ['long events', /sends without end/, (socket) => repeat(40, () => socket.send(event('x'.repeat(900_000))))],
    ['short events', /sends without end/, (socket) => repeat(31_000, () => socket.send(event('x')))],
    ['pings', /broke/, (socket) => repeat(31_000, () => socket.ping())],
    ['empty parts', /too many message fragments/i, (socket) => repeat(31_000, () => socket.send('', { fin: false }))],
  ])('that floods with %s loses the connection', async (_what, why, attack) => {
    const session = await doing(attack);
    await session.check(soon()).catch(() => undefined);
    expect(await session.ended).toMatch(why);
  });

  test('that has said so much in an hour, but never in a minute, keeps it', async () => {
    const clock = new Clock();
    const agent = speaking();
    const session = await sessionWith(agent, clock);
    for (let minute = 0; minute < 3; minute++) {
      clock.now += 60_000;
      repeat(20, () => agent.sockets[0]?.send(event('x'.repeat(900_000))));
      expect(await session.check(soon())).toMatchObject({ healthy: { ok: true } });
    }
  });

  test('that speaks another language loses the connection', async () => {
    const session = await doing((socket) => socket.send('<html>'));
    await expect(session.check(soon())).rejects.toMatchObject({ reason: 'AgentRefused' });
    expect(await session.ended).toMatch(/another language/);
  });

  test('that answers what nobody asked is not believed', async () => {
    const session = await doing((socket) => socket.send('{"type":"res","id":"999","ok":true,"payload":{"ok":false}}'));
    expect(await session.check(soon())).toMatchObject({ healthy: { ok: true } });
  });
});

test('an agent that is not there is told as that', async () => {
  const agent = speaking();
  const { port } = await agent.start();
  agent.stop();
  const session = driver.openSession(endpointAt(port), soon(), () => start);
  await expect(session).rejects.toMatchObject({
    kind: 'unavailable',
    message: expect.stringMatching(/nothing listens/),
  });
});

function repeat(times: number, act: () => void): void {
  for (let done = 0; done < times; done++) act();
}
