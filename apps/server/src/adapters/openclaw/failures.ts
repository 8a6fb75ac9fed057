/** A line of OpenClaw's log that tells what is wrong. */
export interface KnownFailure {
  readonly kind: string;
  /** Against one message of at most 2,000 characters; linear, because an agent writes what it likes. */
  readonly says: RegExp;
  /** `$1` is the first group. */
  readonly message: string;
  /** Whether it can be why the process ended. What cannot is no reason for an end, however new it is. */
  readonly ends: boolean;
  readonly transient?: true;
}

/**
 * The first that matches counts, so the special come before the general. Each was seen with OpenClaw 2026.9.6, or with
 * 2026.6.11 where it says so.
 */
export const knownFailures: readonly KnownFailure[] = [
  {
    kind: 'OwnerLeaseHeld',
    says: /owner lease is still active/i,
    message: 'Its data is still held in the name of the instance before it; that passes within five minutes',
    ends: true,
    transient: true,
  },
  {
    kind: 'DataInUse',
    says: /agent database is in use/i,
    message: 'Another process works on its data',
    ends: true,
    transient: true,
  },
  {
    kind: 'DataNotAccessible',
    says: /EACCES: permission denied(?:, \w{1,20} '([^']{1,200})')?/,
    message: 'It may not read or write its data ($1)',
    ends: true,
  },
  {
    kind: 'DiskFull',
    says: /database or disk is full|ENOSPC/,
    message: 'There is no space left for its data',
    ends: true,
  },
  {
    kind: 'DataDamaged',
    says: /database disk image is malformed|file is not a database|database is unreadable|Sessions remain unavailable/i,
    message: 'Its database is damaged; restore a backup',
    ends: true,
  },
  {
    kind: 'VersionTooOld',
    says: /older than the config last written by OpenClaw ([\w.-]{0,40}\w)/,
    message: 'Its data was written by the newer version $1, and there is no way back',
    ends: true,
  },
  {
    kind: 'MigrationNeeded',
    says: /requires legacy credential migration|requires state migration|AUTH_PROFILE_MIGRATION_REQUIRED/,
    message: 'Its data is of an older version and has to be migrated first',
    ends: true,
  },
  {
    kind: 'ConfigInvalid',
    says: /Invalid config at [^\n]{1,300}\n\s{0,20}([^\n]{1,400})/,
    message: 'Its configuration is invalid: $1',
    ends: true,
  },
  {
    // Of its own check, `config validate`.
    kind: 'ConfigInvalid',
    says: /^\s{0,20}× ([\s\S]{1,400})/,
    message: 'Its configuration is invalid: $1',
    ends: true,
  },
  {
    kind: 'ConfigInvalid',
    says: /OpenClaw config is invalid/,
    message: 'A channel or plugin is configured in a way that it does not take',
    ends: true,
  },
  {
    // 2026.6.11, and whatever is invalid inside another message.
    kind: 'ConfigInvalid',
    says: /((?:Unrecognized keys?:|must not have additional properties:)[^\n]{1,200})/,
    message: 'Its configuration is invalid: $1',
    ends: true,
  },
  {
    kind: 'ConfigUnreadable',
    says: /existing config is missing gateway\.mode/,
    message: 'Its configuration is no JSON, or cut off',
    ends: true,
  },
  {
    kind: 'ConfigContradictory',
    says: /auth mode is trusted-proxy, but a shared token is also configured/,
    message: 'It has a gateway token although its users come through the ingress',
    ends: true,
  },
  {
    kind: 'PortInUse',
    says: /EADDRINUSE/,
    message: 'Its port is taken inside the container',
    ends: true,
  },
  {
    kind: 'HeapExhausted',
    says: /heap out of memory/i,
    message: 'Its heap is full; a plan with more memory gives it a larger one',
    ends: true,
  },
  {
    kind: 'ChannelsHeldBack',
    says: /restart-loop breaker tripped|autostart suppressed by crash-loop breaker/,
    message: 'It ended abruptly several times and keeps its channels off for about five minutes',
    ends: false,
  },
  {
    kind: 'ModelKeyHeldBack',
    says: /Inline API key for provider .{1,100} is temporarily disabled/,
    message: 'It holds the refusal of the model against the key and does not ask for some minutes',
    ends: false,
  },
  {
    kind: 'ModelQuotaExhausted',
    says: /billing error|quota exceeded|failoverReason=billing/i,
    message: 'The model provider says that the account has no credit or quota left',
    ends: false,
  },
  {
    kind: 'ModelKeyRejected',
    says: /authentication failed[^\n]{0,60}HTTP 401|incorrect api key|failoverReason=auth\b/i,
    message: 'The model provider rejects the key',
    ends: false,
  },
  {
    kind: 'ModelRateLimited',
    says: /rate-limited|failoverReason=rate_limit/i,
    message: 'The model provider answers "too many requests"',
    ends: false,
  },
  {
    kind: 'ChannelConflict',
    says: /getUpdates conflict/,
    message: 'Another program uses the same Telegram bot',
    ends: false,
  },
  {
    kind: 'ChannelRejected',
    says: /bot token unauthorized|channel exited: Unauthorized/i,
    message: 'Telegram refuses the token of the bot',
    ends: false,
  },
  {
    kind: 'ChannelLoggedOut',
    says: /\bloggedOut\b/,
    message: 'A channel was logged out and has to be linked again',
    ends: false,
  },
  {
    kind: 'PluginNotTrusted',
    says: /PLUGIN_TRUST_REFUSED/,
    message: 'A channel cannot receive, because its plugin is not installed but only loaded',
    ends: false,
  },
  {
    kind: 'PluginMissing',
    says: /Failed to install missing configured plugin "([^"]{1,60})"/,
    message: 'The plugin "$1" is configured, but not installed',
    ends: false,
  },
  {
    kind: 'NameNotFound',
    says: /ENOTFOUND ([\w.-]{1,200})/,
    message: 'It cannot find $1 on the network',
    ends: false,
  },
  {
    kind: 'ConfigReloadSkipped',
    says: /config reload skipped \(invalid config\):([^\n]{0,300})/,
    message: 'It runs on with its old configuration, because the new one is invalid:$1',
    ends: false,
  },
  {
    kind: 'VisitorRefused',
    says: /proxy_attribution_required|cause=(?:origin-mismatch|device-required|pairing-required)/,
    message: 'It refused a visitor who came through the ingress',
    ends: false,
  },
];

/** Lines that nobody knows and nobody needs: they speak about other lines, give advice, or are told at every start. */
export const noise: readonly RegExp[] = [
  /^Automatic triage/,
  /^Debugging prompt/,
  /^Next step/,
  /^Run ["`]?openclaw/,
  /^Inspect with openclaw/,
  /^Config write audit/,
  /^If startup is still blocked/,
  /^wrote stability bundle/,
  /^message (?:processed|dispatch completed):/,
  /^lane task error:/,
  /^Plugin command .{1,60} conflicts with an existing/,
  // The rest of a stack trace, and what Node.js prints around one.
  /^\s/,
  /^Node\.js v\d/,
  /^-{3,}/,
  /^\^+$/,
  /^\S{1,200}\.m?js:\d{1,7}$/,
];
