import { expect, test } from 'vitest';
import { channelFinding, channelPatienceMs, type ChannelReport, channelTroubles } from './channel-health.ts';

const channel = (state: ChannelReport['state'], name = 'telegram', detail?: string): ChannelReport => ({
  name,
  state,
  detail,
});
const now = 1_000_000;
const long = channelPatienceMs;

/** As the prober does: the same reports, seen first `ago` before now. */
function judged(reports: readonly ChannelReport[], ago: number) {
  const since = channelTroubles(reports, new Map(), now - ago);
  return channelFinding(reports, channelTroubles(reports, since, now), now);
}

test('an agent without channels, or with none that is meant to run, has no trouble with them', () => {
  expect(judged([], 0)).toMatchObject({ status: 'True', reason: 'NoChannels' });
  expect(judged([channel('stopped')], long)).toMatchObject({ status: 'True', reason: 'NoChannels' });
});

test('channels that are connected are named', () => {
  expect(judged([channel('connected'), channel('connected', 'slack'), channel('stopped', 'x')], 0)).toMatchObject({
    status: 'True',
    reason: 'Connected',
    message: 'Connected: telegram, slack',
  });
});

test.each([
  ['rejected', 'ChannelRejected'],
  ['needs-link', 'ChannelNeedsLink'],
  ['connecting', 'ChannelRecovering'],
] as const)('one that is %s is told as %s, but only when it lasts', (state, reason) => {
  expect(judged([channel(state)], long - 1)).toBeUndefined();
  expect(judged([channel(state, 'telegram', 'why')], long)).toMatchObject({
    type: 'ChannelsConnected',
    status: 'False',
    reason,
    message: expect.stringMatching(/^telegram .*: why$/),
  });
});

test('the worst gives the reason, and all that last are told', () => {
  const finding = judged([channel('connecting', 'slack'), channel('rejected'), channel('connected', 'discord')], long);
  expect(finding).toMatchObject({ reason: 'ChannelRejected', message: expect.stringMatching(/slack.*telegram/) });
});

test('a trouble that changes its shape is as old as it was; one that went and came back is new', () => {
  const first = channelTroubles([channel('connecting')], new Map(), now);
  expect(channelTroubles([channel('rejected')], first, now + 5)).toEqual(new Map([['telegram', now]]));
  const gone = channelTroubles([channel('connected')], first, now + 5);
  expect(gone).toEqual(new Map());
  expect(channelTroubles([channel('connecting')], gone, now + 9)).toEqual(new Map([['telegram', now + 9]]));
});

test('however much channels say, the message is bounded and plain', () => {
  const reports = Array.from({ length: 50 }, (_, at) => channel('rejected', `c${at}`, `\u001b[2J${'x'.repeat(300)}`));
  const { message } = judged(reports, long) ?? { message: '' };
  expect(message.length).toBeLessThanOrEqual(500);
  expect(message).not.toMatch(/\u001b/);
});
