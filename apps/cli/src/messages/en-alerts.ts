import type { zhAlertArgs, zhAlertHelp, zhAlerts } from './zh-alerts.ts';

export const enAlertHelp: typeof zhAlertHelp = {
  alert: { summary: 'see alerts, and say how and when people are told of them', options: {} },
  'alert list': {
    summary: 'list the alerts that fire',
    options: { all: 'also those that are over, and those nobody was told of', tenant: 'only those of one tenant' },
  },
  'alert show': { summary: 'show an alert, and what was said about it', options: {} },
  'alert silence': {
    summary: 'tell nobody of what matches, for a while (an hour unless you say otherwise)',
    options: {
      tenant: 'all agents of a tenant',
      rule: 'only this rule, such as AgentDown or ChannelDown',
      for: 'for how long, such as 30m, 2h or 1d12h (default: 1h)',
      until: 'until when, such as 2026-11-01T22:00 (local time)',
      comment: 'why, for others to read',
    },
    examples: `
Examples:
  agentpod alert silence acme --for 2h --comment "changing the key"
  agentpod alert silence --tenant acme --rule ChannelDown --until 2026-11-02T09:00

What is still wrong when the silence ends is told then; that something told before is over is told at once.`,
  },
  'alert silences': { summary: 'list the silences that are in force', options: {} },
  'alert unsilence': { summary: 'end a silence', options: {} },
  'alert maintenance': {
    summary: 'manage maintenance windows: nobody is told, and they do not count against availability',
    options: {},
  },
  'alert maintenance add': {
    summary: 'announce maintenance (from now, for an hour, unless you say otherwise)',
    options: {
      tenant: 'all agents of a tenant',
      everything: 'all agents and the host',
      from: 'from when (default: now), such as 2026-11-01T22:00 (local time)',
      for: 'for how long, such as 30m or 2h (default: 1h)',
      until: 'until when, such as 2026-11-01T23:00',
      comment: 'why, for others to read',
    },
    examples: `
Examples:
  agentpod alert maintenance add acme --for 30m
  agentpod alert maintenance add --everything --from 2026-11-01T22:00 --until 2026-11-01T23:00 --comment "new kernel"`,
  },
  'alert maintenance list': { summary: 'list maintenance windows: to come, now, and recent ones', options: {} },
  'alert maintenance remove': { summary: 'end maintenance now, or call it off', options: {} },
  'alert transport': { summary: 'manage the ways in which people are told', options: {} },
  'alert transport add': {
    summary: 'add a transport or change it (safe to repeat; secrets that are not named stay)',
    options: {
      set: 'a setting; may be repeated, see the examples',
      setFile: 'a setting whose value is in a file, such as ca=./ca.pem',
      secretFile: 'a secret and its file, such as password=./smtp.password; the file - is standard input',
      minimumSeverity: 'say nothing of less',
      language: 'language of the notices (default: that of this command line)',
      onlyTenant: 'only alerts of this tenant; may be repeated',
      disabled: 'keep it switched off',
    },
    examples: `
Kinds: webhook, smtp, feishu, dingtalk, wecom, slack, telegram.
Examples:
  agentpod alert transport add ops feishu --secret-file url=./feishu.url --secret-file sign=./feishu.sign
  agentpod alert transport add mail smtp --set host=smtp.example.com --set security=tls \\
      --set from=agentpod@example.com --set to=ops@example.com --set user=agentpod --secret-file password=./smtp.password
  agentpod alert transport add hook webhook --set url=https://example.com/hook --secret-file secret=./hook.secret
  agentpod alert transport test ops`,
  },
  'alert transport list': { summary: 'list the transports, and how much each has still to deliver', options: {} },
  'alert transport remove': { summary: 'remove a transport, and what it had still to deliver', options: {} },
  'alert transport test': { summary: 'deliver a test notice now, and show what came of it', options: {} },
  'alert deliveries': {
    summary: 'show the attempts to deliver notices',
    options: { transport: 'only those of one transport', tail: 'how many of the last ones' },
  },
  'alert apply': {
    summary: 'set transports, silences and maintenance from a file (safe to repeat)',
    options: { file: 'YAML file; - reads standard input' },
    examples: `
A file:
  apiVersion: agentpod/v1
  kind: Alerts
  spec:
    transports:
      ops:
        kind: smtp
        settings: { host: smtp.example.com, security: tls, from: agentpod@example.com, to: ops@example.com, user: agentpod }
        secretFiles: { password: ./smtp.password }
        minimumSeverity: warning
        language: en
    silences:
      - { agent: acme/hr, until: "2026-12-01T00:00:00Z", comment: trial }
    maintenance:
      - { tenant: acme, from: "2026-11-07T14:00:00Z", until: "2026-11-07T15:00:00Z", comment: upgrade }

What the file does not name stays as it is. Of secrets it has the paths, never the values.`,
  },
};

export const enAlertArgs: typeof zhAlertArgs = {
  alert: 'id of the alert, see agentpod alert list',
  silence: 'id of the silence, see agentpod alert silences',
  maintenance: 'id of the window, see agentpod alert maintenance list',
  transport: 'name of the transport, such as ops',
  transportKind: 'kind, such as webhook, smtp or feishu',
};

export const enAlerts: typeof zhAlerts = {
  severities: { critical: 'critical', warning: 'warning' },
  states: { pending: 'not told', firing: 'firing', resolved: 'resolved' },
  kinds: { firing: 'firing', escalated: 'escalated', resolved: 'resolved', test: 'test' },
  outcomes: { delivered: 'delivered', retrying: 'retrying', failed: 'refused', 'given-up': 'given up' },
  muted: { silence: 'silenced', maintenance: 'maintenance' },
  flapping: 'flapping',
  held: (rule) => `because of ${rule}`,
  onOff: { on: 'on', off: 'off' },
  allTenants: 'all',
  everybody: 'everything',
  wholeTenant: (tenant) => `all of ${tenant}`,
  columns: {
    severity: 'SEVERITY',
    state: 'STATE',
    who: 'WHO',
    rule: 'RULE',
    reason: 'REASON',
    since: 'AGE',
    id: 'ID',
    told: 'TIME',
    notice: 'NOTICE',
    until: 'UNTIL',
    from: 'FROM',
    by: 'BY',
    comment: 'COMMENT',
    name: 'NAME',
    kind: 'KIND',
    enabled: 'STATE',
    minimum: 'MINIMUM',
    language: 'LANGUAGE',
    tenants: 'TENANTS',
    waiting: 'WAITING',
    lastError: 'LAST ERROR',
    transport: 'TRANSPORT',
    outcome: 'OUTCOME',
    attempts: 'ATTEMPTS',
    detail: 'DETAIL',
  },
  labels: {
    id: 'ID',
    rule: 'Rule',
    who: 'Who',
    state: 'State',
    severity: 'Severity',
    reason: 'Reason',
    message: 'Message',
    lastError: 'Last error',
    since: 'Since',
    until: 'Until',
  },
  none: 'Nothing is wrong now.',
  noneEver: 'Nothing was ever wrong.',
  nobodyTold: 'Nobody was told of it.',
  noSilence: 'No silence is in force.',
  noMaintenance: 'There is no maintenance window.',
  noTransport: 'There is no transport yet: nobody hears of alerts. Add one: agentpod alert transport add --help',
  noDelivery: 'No notice was sent yet.',
  silenced: (until, id) => `Nobody is told until ${until}. To end it: agentpod alert unsilence ${id}`,
  unsilenced: (id) => `the silence ${id} is over`,
  announced: (from, until, id) =>
    `Maintenance from ${from} until ${until}. To end it: agentpod alert maintenance remove ${id}`,
  maintenanceEnded: (id) => `the maintenance ${id} is over`,
  transportSet: (name) => `the transport ${name} is set`,
  tryIt: (name) => `Try it: agentpod alert transport test ${name}`,
  transportRemoved: (name) => `the transport ${name} is removed`,
  tested: (name, detail, milliseconds) => `the test notice was delivered by ${name} (${detail}, ${milliseconds} ms)`,
  noPair: (option) => `${option} takes name=value`,
  pairRemedy: (option) =>
    option === '--set' ? 'For example: --set host=smtp.example.com' : `For example: ${option} name=./file`,
  fileRemedy: 'See how it is written: agentpod alert apply --help',
  appliedLine: {
    applied: (what, name) => `${enWhat[what]} ${name}: set`,
    unchanged: (what, name) => `${enWhat[what]} ${name}: there already`,
    over: (what, name) => `${enWhat[what]} ${name}: its time is over, skipped`,
  },
};

const enWhat = { transport: 'transport', silence: 'silence', maintenance: 'maintenance' };
