/** Help texts of `agentpod alert`, Chinese. */
export const zhAlertHelp = {
  alert: { summary: '查看告警，设置通知方式、静默和维护时段', options: {} },
  'alert list': {
    summary: '列出正在发生的告警',
    options: { all: '连同已经结束的和尚未通知的一起列出', tenant: '只看某个客户' },
  },
  'alert show': { summary: '查看一条告警，以及为它发出过的通知', options: {} },
  'alert silence': {
    summary: '静默：在一段时间内不再通知符合条件的告警（默认一小时）',
    options: {
      tenant: '某个客户的全部智能体',
      rule: '只针对某条规则，如 AgentDown、ChannelDown',
      for: '持续多久，如 30m、2h、1d12h（默认 1h）',
      until: '到什么时候为止，如 2026-11-01T22:00（本机时间）',
      comment: '原因，供其他人查看',
    },
    examples: `
示例：
  agentpod alert silence acme --for 2h --comment "正在更换密钥"
  agentpod alert silence --tenant acme --rule ChannelDown --until 2026-11-02T09:00

静默结束时仍未恢复的告警会在那时通知；已经通知过的告警恢复时照常通知。`,
  },
  'alert silences': { summary: '列出生效中的静默', options: {} },
  'alert unsilence': { summary: '提前结束一条静默', options: {} },
  'alert maintenance': { summary: '管理维护时段：期间不通知，也不计入可用率', options: {} },
  'alert maintenance add': {
    summary: '登记一个维护时段（默认从现在起一小时）',
    options: {
      tenant: '某个客户的全部智能体',
      everything: '所有智能体和主机',
      from: '从什么时候开始（默认现在），如 2026-11-01T22:00（本机时间）',
      for: '持续多久，如 30m、2h（默认 1h）',
      until: '到什么时候为止，如 2026-11-01T23:00',
      comment: '原因，供其他人查看',
    },
    examples: `
示例：
  agentpod alert maintenance add acme --for 30m
  agentpod alert maintenance add --everything --from 2026-11-01T22:00 --until 2026-11-01T23:00 --comment "主机升级"`,
  },
  'alert maintenance list': { summary: '列出将要开始的、进行中的和最近的维护时段', options: {} },
  'alert maintenance remove': { summary: '立即结束进行中的维护，或取消尚未开始的维护', options: {} },
  'alert transport': { summary: '管理通知方式', options: {} },
  'alert transport add': {
    summary: '添加或修改一种通知方式（可重复执行；没有提到的密钥保持不变）',
    options: {
      set: '设置项，可多次使用，见示例',
      setFile: '取值来自文件的设置项，如 ca=./ca.pem',
      secretFile: '存放密钥的文件，如 password=./smtp.password；文件写 - 表示从标准输入读取',
      minimumSeverity: '低于这个级别的不通知',
      language: '通知使用的语言（默认与命令行一致）',
      onlyTenant: '只通知这个客户的告警，可多次使用',
      disabled: '先停用',
    },
    examples: `
种类：webhook、smtp、feishu、dingtalk、wecom、slack、telegram。
示例：
  agentpod alert transport add ops feishu --secret-file url=./feishu.url --secret-file sign=./feishu.sign
  agentpod alert transport add mail smtp --set host=smtp.example.com --set security=tls \\
      --set from=agentpod@example.com --set to=ops@example.com --set user=agentpod --secret-file password=./smtp.password
  agentpod alert transport add hook webhook --set url=https://example.com/hook --secret-file secret=./hook.secret
  agentpod alert transport test ops`,
  },
  'alert transport list': { summary: '列出通知方式，以及各自还有多少条没有送达', options: {} },
  'alert transport remove': { summary: '删除一种通知方式，连同它还没有送达的通知', options: {} },
  'alert transport test': { summary: '立即发送一条测试通知，并显示结果', options: {} },
  'alert deliveries': {
    summary: '查看通知的发送记录',
    options: { transport: '只看某种通知方式', tail: '最近多少条' },
  },
  'alert apply': {
    summary: '按文件设置通知方式、静默和维护时段（可重复执行）',
    options: { file: 'YAML 文件；- 表示从标准输入读取' },
    examples: `
文件示例：
  apiVersion: agentpod/v1
  kind: Alerts
  spec:
    transports:
      ops:
        kind: smtp
        settings: { host: smtp.example.com, security: tls, from: agentpod@example.com, to: ops@example.com, user: agentpod }
        secretFiles: { password: ./smtp.password }
        minimumSeverity: warning
        language: zh
    silences:
      - { agent: acme/hr, until: "2026-12-01T00:00:00Z", comment: 试用 }
    maintenance:
      - { tenant: acme, from: "2026-11-07T14:00:00Z", until: "2026-11-07T15:00:00Z", comment: 升级 }

文件里没有提到的保持不变。密钥只写文件路径，从不写在文件里。`,
  },
};

/** Arguments of `agentpod alert`, Chinese. */
export const zhAlertArgs = {
  alert: '告警 ID，见 agentpod alert list',
  silence: '静默 ID，见 agentpod alert silences',
  maintenance: '维护时段 ID，见 agentpod alert maintenance list',
  transport: '通知方式的名字，如 ops',
  transportKind: '种类，如 webhook、smtp、feishu',
};

/** What `agentpod alert` says, Chinese. */
export const zhAlerts = {
  severities: { critical: '严重', warning: '警告' },
  states: { pending: '未通知', firing: '告警中', resolved: '已恢复' },
  kinds: { firing: '告警', escalated: '升级', resolved: '恢复', test: '测试' },
  outcomes: { delivered: '已送达', retrying: '将重试', failed: '被拒绝', 'given-up': '已放弃' },
  muted: { silence: '已静默', maintenance: '维护中' },
  flapping: '反复',
  held: (rule: string) => `由 ${rule} 引起`,
  onOff: { on: '启用', off: '停用' },
  allTenants: '全部',
  everybody: '全部',
  wholeTenant: (tenant: string) => `${tenant} 的全部智能体`,
  columns: {
    severity: '级别',
    state: '状态',
    who: '对象',
    rule: '规则',
    reason: '原因',
    since: '多久以前',
    id: 'ID',
    told: '时间',
    notice: '通知',
    until: '到',
    from: '从',
    by: '操作人',
    comment: '说明',
    name: '名称',
    kind: '种类',
    enabled: '状态',
    minimum: '起始级别',
    language: '语言',
    tenants: '客户',
    waiting: '待送达',
    lastError: '最近的错误',
    transport: '通知方式',
    outcome: '结果',
    attempts: '次数',
    detail: '详情',
  },
  labels: {
    id: 'ID',
    rule: '规则',
    who: '对象',
    state: '状态',
    severity: '级别',
    reason: '原因',
    message: '说明',
    lastError: '最近的错误',
    since: '开始于',
    until: '结束于',
  },
  none: '现在没有告警。',
  noneEver: '还没有过告警。',
  nobodyTold: '没有为它发出过通知。',
  noSilence: '没有生效中的静默。',
  noMaintenance: '没有维护时段。',
  noTransport: '还没有通知方式，告警不会通知任何人。添加方法：agentpod alert transport add --help',
  noDelivery: '还没有发送过通知。',
  silenced: (until: string, id: string) => `在 ${until} 之前不再通知。提前结束：agentpod alert unsilence ${id}`,
  unsilenced: (id: string) => `静默 ${id} 已结束`,
  announced: (from: string, until: string, id: string) =>
    `维护时段：${from} 至 ${until}。提前结束：agentpod alert maintenance remove ${id}`,
  maintenanceEnded: (id: string) => `维护时段 ${id} 已结束`,
  transportSet: (name: string) => `通知方式 ${name} 已设置`,
  tryIt: (name: string) => `发一条测试通知：agentpod alert transport test ${name}`,
  transportRemoved: (name: string) => `通知方式 ${name} 已删除`,
  tested: (name: string, detail: string, milliseconds: number) =>
    `测试通知已通过 ${name} 送达（${detail}，${milliseconds} 毫秒）`,
  noPair: (option: string) => `${option} 后面应写成 名字=取值`,
  pairRemedy: (option: string) =>
    option === '--set' ? '例如：--set host=smtp.example.com' : `例如：${option} 名字=./文件`,
  fileRemedy: '文件的写法见 agentpod alert apply --help',
  appliedLine: {
    applied: (what: 'transport' | 'silence' | 'maintenance', name: string) => `${zhWhat[what]} ${name}：已设置`,
    unchanged: (what: 'transport' | 'silence' | 'maintenance', name: string) => `${zhWhat[what]} ${name}：已经存在`,
    over: (what: 'transport' | 'silence' | 'maintenance', name: string) => `${zhWhat[what]} ${name}：时间已过，跳过`,
  },
};

const zhWhat = { transport: '通知方式', silence: '静默', maintenance: '维护时段' };
