import type { Finding } from './condition.ts';
import { plainText } from './plain-text.ts';

/** What an agent says of one of its ways to people. */
export interface ChannelReport {
  /** `telegram`; `telegram/sales` for an account beside the first. */
  readonly name: string;
  /** `stopped` is what a person asked for. */
  readonly state: 'connected' | 'connecting' | 'needs-link' | 'rejected' | 'stopped';
  /** One sentence, plain and bounded. */
  readonly detail: string | undefined;
}

/** Reconnecting is daily business: only what lasts is told. */
export const channelPatienceMs = 60_000;
const longestMessage = 500;

type Trouble = Exclude<ChannelReport['state'], 'connected' | 'stopped'>;

/** The worst first: it names the reason. */
const troubles: readonly { readonly state: Trouble; readonly reason: string; readonly words: string }[] = [
  { state: 'rejected', reason: 'ChannelRejected', words: 'is refused and not tried again' },
  { state: 'needs-link', reason: 'ChannelNeedsLink', words: 'is not linked' },
  { state: 'connecting', reason: 'ChannelRecovering', words: 'does not connect' },
];

/** Since when each channel has not been connected, by name. `before` is the answer to the last report. */
export function channelTroubles(
  reports: readonly ChannelReport[],
  before: ReadonlyMap<string, number>,
  now: number,
): ReadonlyMap<string, number> {
  return new Map(reports.filter(isTroubled).map(({ name }) => [name, before.get(name) ?? now]));
}

/**
 * Judges the channels, which never decide whether an agent is ready and never restart it. `undefined` while a trouble is
 * too young to speak of: what was said before still stands. `since` is what `channelTroubles` answered.
 */
export function channelFinding(
  reports: readonly ChannelReport[],
  since: ReadonlyMap<string, number>,
  now: number,
): Finding | undefined {
  const troubled = reports.filter(isTroubled);
  const lasting = troubled.filter(({ name }) => now - (since.get(name) ?? now) >= channelPatienceMs);
  const worst = troubles.find(({ state }) => lasting.some((report) => report.state === state));
  if (worst) return finding('False', worst.reason, lasting.map(sentenceOf).join('. '));
  if (troubled.length > 0) return undefined;
  const connected = reports.filter(({ state }) => state === 'connected').map(({ name }) => name);
  if (connected.length === 0) return finding('True', 'NoChannels', 'It has no channels of its own');
  return finding('True', 'Connected', `Connected: ${connected.join(', ')}`);
}

function isTroubled({ state }: ChannelReport): boolean {
  return state !== 'connected' && state !== 'stopped';
}

function sentenceOf({ name, state, detail }: ChannelReport): string {
  const words = troubles.find((trouble) => trouble.state === state)?.words ?? '';
  return detail === undefined ? `${name} ${words}` : `${name} ${words}: ${detail}`;
}

function finding(status: Finding['status'], reason: string, message: string): Finding {
  return { type: 'ChannelsConnected', status, reason, message: plainText(message, longestMessage) };
}
