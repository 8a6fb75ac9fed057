import type { zhTroubles } from './alert-texts-zh.ts';
import type { AlertRule } from './alerts/rules.ts';

export type Trouble = keyof typeof zhTroubles;

/** Where reason and rule alone do not say what to tell: by reason first, else by rule. */
const ofReason: Readonly<Record<string, Trouble>> = {
  AddressTaken: 'addressTaken',
  Booting: 'startingLong',
  Bug: 'ownMistake',
  Busy: 'busy',
  ChannelNeedsLink: 'channelNeedsLink',
  ChannelRecovering: 'channelRecovering',
  ChannelRejected: 'channelRejected',
  ConfigInvalid: 'configInvalid',
  ConfigRefused: 'configRefused',
  ConfigRejected: 'configRejected',
  CrashLoop: 'crashLoop',
  Creating: 'startingLong',
  DataMissing: 'dataMissing',
  Deleted: 'stopped',
  Deleting: 'stopped',
  Delivering: 'startingLong',
  DiskFull: 'diskLow',
  DiskLow: 'diskLow',
  EngineRestarted: 'engineRestarted',
  EngineTimeout: 'engineAway',
  EngineTooNew: 'engineAway',
  EngineTooOld: 'engineAway',
  EngineUnreachable: 'engineAway',
  Exited: 'exited',
  Failed: 'certificate',
  ForeignObject: 'objectInTheWay',
  GatewayDown: 'gatewayDown',
  GroundMissing: 'stepFailed',
  CheckFailed: 'stepFailed',
  HelperFailed: 'stepFailed',
  Hung: 'hung',
  HungBusy: 'hungBusy',
  ImageUnavailable: 'imageMissing',
  InUse: 'objectInTheWay',
  InstanceGone: 'instanceGone',
  InvalidPath: 'ownMistake',
  InvalidUser: 'ownMistake',
  MasterKeyMissing: 'masterKey',
  MemoryGrowing: 'memoryGrowing',
  ModelKeyRejected: 'modelKey',
  ModelNotFound: 'modelUnknown',
  ModelQuotaExhausted: 'modelQuota',
  ModelRateLimited: 'modelBusy',
  ModelUnreachable: 'modelAway',
  NetworkDiffers: 'objectInTheWay',
  NetworkGone: 'networkGone',
  NoAddressLeft: 'noAddressLeft',
  NoCertificate: 'certificate',
  NoImage: 'ownMistake',
  NotAnswering: 'notAnswering',
  NotLive: 'notReachable',
  NotReachable: 'notReachable',
  NotRouted: 'notReachable',
  OtherRevision: 'stepFailed',
  OutOfDate: 'startingLong',
  OutOfMemory: 'outOfMemory',
  Paused: 'paused',
  Progressing: 'startingLong',
  ProxyDown: 'proxyDown',
  PullingImage: 'startingLong',
  RegistryUnreachable: 'imageMissing',
  Restarting: 'startingLong',
  RuntimeFailed: 'stepFailed',
  SecretMissing: 'secretMissing',
  StartDeadlineExceeded: 'startDeadline',
  StartRefused: 'startRefused',
  Starting: 'startingLong',
  Stopping: 'stopped',
  Suspended: 'stopped',
  VolumeGone: 'stepFailed',
  Waiting: 'startingLong',
};

const ofRule: Record<AlertRule, Trouble> = {
  AgentDown: 'unknown',
  ConfigRejected: 'configRejected',
  ChannelDown: 'channel',
  ModelFailing: 'modelAway',
  MemoryGrowing: 'memoryGrowing',
  CertificateFailing: 'certificate',
  EngineUnreachable: 'engineAway',
  EngineFailing: 'engineAway',
  GatewayDown: 'gatewayDown',
  ProxyDown: 'proxyDown',
  DiskLow: 'diskLow',
  MasterKeyMissing: 'masterKey',
};

/** Rules whose reasons mean something else elsewhere, or come from one agent although they speak of the host. */
const ruleDecides: ReadonlySet<string> = new Set(['CertificateFailing', 'EngineFailing']);

export function troubleOf(rule: string, reason: string): Trouble {
  const byReason = Object.hasOwn(ofReason, reason) ? ofReason[reason] : undefined;
  const byRule = Object.hasOwn(ofRule, rule) ? ofRule[rule as AlertRule] : undefined;
  return (ruleDecides.has(rule) ? (byRule ?? byReason) : (byReason ?? byRule)) ?? 'unknown';
}

/** `{ref}` is the agent. One command that can be typed as it stands, and that changes nothing unless the text says so. */
export const commandOf: Record<Trouble, string> = {
  addressTaken: 'agentpod doctor',
  busy: 'agentpod logs {ref}',
  certificate: 'agentpod doctor',
  channel: 'agentpod status {ref}',
  channelNeedsLink: 'agentpod status {ref}',
  channelRecovering: 'agentpod status {ref}',
  channelRejected: 'agentpod status {ref}',
  configInvalid: 'agentpod status {ref}',
  configRefused: 'agentpod logs {ref}',
  configRejected: 'agentpod status {ref}',
  crashLoop: 'agentpod logs {ref}',
  dataMissing: 'agentpod status {ref}',
  diskLow: 'agentpod doctor',
  engineAway: 'agentpod doctor',
  engineRestarted: 'agentpod list',
  exited: 'agentpod logs {ref}',
  gatewayDown: 'agentpod up',
  hung: 'agentpod logs {ref}',
  hungBusy: 'agentpod logs {ref}',
  imageMissing: 'agentpod status {ref}',
  instanceGone: 'agentpod events {ref}',
  masterKey: 'agentpod doctor',
  memoryGrowing: 'agentpod restart {ref}',
  modelAway: 'agentpod model show {ref}',
  modelBusy: 'agentpod model show {ref}',
  modelKey: 'agentpod model show {ref}',
  modelQuota: 'agentpod model show {ref}',
  modelUnknown: 'agentpod model show {ref}',
  networkGone: 'agentpod events {ref}',
  noAddressLeft: 'agentpod list',
  notAnswering: 'agentpod logs {ref}',
  notReachable: 'agentpod doctor',
  objectInTheWay: 'agentpod status {ref}',
  outOfMemory: 'agentpod status {ref}',
  ownMistake: 'agentpod doctor',
  paused: 'agentpod restart {ref}',
  proxyDown: 'agentpod up',
  secretMissing: 'agentpod model set --help',
  startDeadline: 'agentpod logs {ref}',
  startRefused: 'agentpod status {ref}',
  startingLong: 'agentpod status {ref}',
  stepFailed: 'agentpod status {ref}',
  stopped: 'agentpod status {ref}',
  unknown: 'agentpod status {ref}',
};

/** About the machine there is no agent to look at. */
export function commandFor(
  trouble: Trouble,
  subject: { readonly kind: 'agent' | 'host'; readonly ref: string },
): string {
  const command = commandOf[trouble];
  if (subject.kind === 'host' && command.includes('{ref}')) return 'agentpod doctor';
  return command.replace('{ref}', subject.ref);
}
