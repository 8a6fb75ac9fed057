import { type ChannelReport, plainText } from '@agentpod/core';
import { z } from 'zod';
import { hideTokens } from './hide-tokens.ts';

const mostChannels = 50;
const longestDetail = 300;
const longestName = 60;

// What is of another type than expected is taken as not said: one odd field must not hide a broken channel.
const flag = z.boolean().optional().catch(undefined);
const words = z.string().optional().catch(undefined);
const time = z.number().optional().catch(undefined);

const Account = z.object({
  accountId: z.string().catch('default'),
  enabled: flag,
  configured: flag,
  running: flag,
  connected: flag,
  linked: flag,
  statusState: words,
  lifecycle: words,
  healthState: words,
  terminalDisconnect: flag,
  lastError: words,
  lastInboundAt: time,
  lastOutboundAt: time,
});
type Account = z.infer<typeof Account>;

/** OpenClaw's answer to `channels.status`. */
export const ChannelsStatus = z.object({
  channelAccounts: z.record(z.string(), z.array(Account)),
  channelDefaultAccountId: z.record(z.string(), z.string()).catch({}),
});
export type ChannelsStatus = z.infer<typeof ChannelsStatus>;

export function channelReports({ channelAccounts, channelDefaultAccountId }: ChannelsStatus): ChannelReport[] {
  return Object.entries(channelAccounts)
    .flatMap(([channel, accounts]) =>
      accounts.filter(isWanted).map((account) => {
        const isFirst = account.accountId === (channelDefaultAccountId[channel] ?? 'default');
        return reportOf(isFirst ? channel : `${channel}/${account.accountId}`, account);
      }),
    )
    .slice(0, mostChannels);
}

/** Of the newest messages in and out of each channel. */
export function messageTimes({ channelAccounts }: ChannelsStatus): number[] {
  return Object.values(channelAccounts)
    .flat()
    .flatMap(({ lastInboundAt, lastOutboundAt }) => [lastInboundAt, lastOutboundAt])
    .filter((at) => at !== undefined);
}

function isWanted({ enabled, configured }: Account): boolean {
  return enabled !== false && configured !== false;
}

function reportOf(name: string, account: Account): ChannelReport {
  const state = stateOf(account);
  const isTrouble = state !== 'connected' && state !== 'stopped';
  return { name: plainText(name, longestName), state, detail: isTrouble ? detailOf(account) : undefined };
}

function stateOf(account: Account): ChannelReport['state'] {
  const { lifecycle, running, connected, lastError } = account;
  if (account.linked === false || account.statusState === 'not-linked') return 'needs-link';
  // It has given up for good: OpenClaw itself does not try again.
  if (lifecycle === 'blocked' || account.terminalDisconnect || account.healthState === 'terminal-disconnect') {
    return 'rejected';
  }
  if (running && connected !== false) {
    if (lifecycle === 'ready' || (lifecycle === undefined && lastError === undefined)) return 'connected';
    return 'connecting';
  }
  // Who stops a channel leaves no error; OpenClaw's own emergency brake does.
  return !running && lifecycle === 'stopped' && lastError === undefined ? 'stopped' : 'connecting';
}

/** OpenClaw counts ends without a clean shutdown, ours included, and starts without its channels after three. */
const heldBack = /restart-loop breaker tripped/;

function detailOf({ lastError }: Account): string | undefined {
  if (lastError === undefined) return undefined;
  if (heldBack.test(lastError))
    return 'it ended abruptly several times and keeps its channels off for about five minutes';
  return plainText(hideTokens(lastError), longestDetail);
}
