/** `what` follows the name of the subject; `did` and `can` are whole sentences. `can` is followed by one command. */
export interface TroubleText {
  readonly what: string;
  readonly did: string;
  readonly can: string;
}

const retries = '正在以越来越长的间隔重试，没有改动任何数据。';
const watchesOn = '没有重启它：重启解决不了这个问题。正在继续观察。';

export const zhTroubles = {
  exited: {
    what: '意外退出',
    did: '已把它重新启动；如果再次退出，重启间隔会越来越长。',
    can: '看它的日志，找出退出的原因。',
  },
  outOfMemory: {
    what: '内存耗尽，被系统终止',
    did: '已把它重新启动；它的数据没有受影响。',
    can: '如果反复出现，请给它更多内存。查看它的用量：',
  },
  hung: {
    what: '失去响应，也不占用 CPU',
    did: '已强制重启它。',
    can: '看它的日志，找出卡住的原因。',
  },
  hungBusy: {
    what: '长时间忙碌，没有响应',
    did: '等待了一分钟，之后重启了它。',
    can: '看它在忙什么；如果常常如此，请给它更多 CPU。',
  },
  busy: {
    what: '正忙，暂时没有响应',
    did: '正在等它忙完；一分钟之后仍没有响应才会重启。',
    can: '看它在忙什么。',
  },
  crashLoop: {
    what: '反复崩溃',
    did: '已停止连续重启，改为每十分钟尝试一次。',
    can: '看它的日志；改正之后用 agentpod restart 立即再试。',
  },
  configRejected: {
    what: '无法使用新配置，正以上一份可用的配置运行',
    did: '已恢复上一份可用的配置；你写的配置原样保留，没有生效。',
    can: '看它拒绝了什么，改正后重新提交。',
  },
  configRefused: {
    what: '拒绝了自己的配置或数据，已停止',
    did: '没有再启动它：再启动也没有用。',
    can: '看它的日志，改正配置，然后执行 agentpod restart。',
  },
  configInvalid: {
    what: '的软件检查后拒绝了它的配置，也没有更早的配置可用',
    did: '没有启动它，也没有改动它的数据。',
    can: '看它拒绝了什么，改正后重新提交。',
  },
  instanceGone: {
    what: '的容器被人删除',
    did: '正在用原来的数据重新创建容器。',
    can: '如果不是你删除的，看看发生过什么。',
  },
  networkGone: {
    what: '的网络被人删除',
    did: '正在重新创建网络和容器，数据不变。',
    can: '如果不是你删除的，看看发生过什么。',
  },
  engineRestarted: {
    what: '因容器引擎或主机重启而中断',
    did: '正在把智能体错开时间逐个启动。',
    can: '看哪些已经恢复。',
  },
  startingLong: {
    what: '启动得比平时久',
    did: '正在继续启动，还没有放弃。',
    can: '看它停在哪一步。',
  },
  startDeadline: {
    what: '没有在规定时间内启动完成',
    did: '已按重启策略处理；如果有可用的旧配置，会恢复旧配置。',
    can: '看它启动时的日志。',
  },
  notAnswering: {
    what: '在运行，但没有正常应答',
    did: '正在持续检查；只有确认它卡死时才会重启。',
    can: '看它的日志。',
  },
  notReachable: {
    what: '在运行，但通过它的网址访问不到',
    did: '已重写路由并在检查；没有重启它，因为问题不在它身上。',
    can: '检查域名、代理和证书。',
  },
  paused: {
    what: '的容器被人暂停',
    did: '没有动它：是有人在 AgentPod 之外暂停的。',
    can: '恢复运行：',
  },
  stopped: {
    what: '已按要求停止或删除',
    did: '按要求执行，不再监视它。',
    can: '如果这不是你要的，请查看它的状态。',
  },
  dataMissing: {
    what: '的数据卷不见了',
    did: '已停在这里，没有创建空的数据卷：空的智能体看起来像正常的一样。',
    can: '先恢复数据卷，或者删除这个智能体。查看缺少的是哪个卷：',
  },
  addressTaken: {
    what: '的网络地址被别的网络占用',
    did: '正在把它换到空闲的地址。',
    can: '检查主机上的网络。',
  },
  objectInTheWay: {
    what: '无法继续：容器引擎里有不属于它或正在被占用的对象',
    did: `没有碰这些对象。${retries}`,
    can: '看是哪个对象挡住了。',
  },
  stepFailed: {
    what: '的一个步骤失败',
    did: retries,
    can: '看是哪一步、为什么失败。',
  },
  startRefused: {
    what: '无法启动：容器引擎拒绝启动它的容器',
    did: '没有再试：怎么试都会被拒绝。',
    can: '看容器引擎给出的原因，改正后执行 agentpod restart。',
  },
  imageMissing: {
    what: '的镜像取不到',
    did: `旧的容器（如果有）仍在服务。${retries}`,
    can: '检查镜像仓库，或用 agentpod image build 在本机构建。',
  },
  secretMissing: {
    what: '的模型密钥不存在或打不开',
    did: '没有启动新的容器；密钥从不写进日志。',
    can: '重新设置模型和密钥。',
  },
  ownMistake: {
    what: '遇到 AgentPod 或智能体类型定义里的错误',
    did: `已写入控制面的日志。${retries}`,
    can: '检查控制面，并把这条告警报告给我们。',
  },
  channel: {
    what: '的消息通道断开',
    did: watchesOn,
    can: '看是哪个通道、为什么。',
  },
  channelRejected: {
    what: '的消息通道凭据被服务商拒绝',
    did: watchesOn,
    can: '给这个通道换一个令牌。看是哪个通道：',
  },
  channelNeedsLink: {
    what: '的消息通道需要重新关联',
    did: '没有自动重连：反复登录会让客户的账号被封。',
    can: '重新扫码关联。看是哪个通道：',
  },
  channelRecovering: {
    what: '的消息通道断开，正在重连',
    did: '没有重启它，由智能体自己重连。',
    can: '如果一直连不上，看是哪个通道、为什么。',
  },
  modelKey: {
    what: '的模型密钥被服务商拒绝',
    did: watchesOn,
    can: '换一个有效的密钥（agentpod model set）。查看当前的模型：',
  },
  modelQuota: {
    what: '的模型账户余额或额度用完',
    did: watchesOn,
    can: '到服务商处充值，或换一个密钥。查看当前的模型：',
  },
  modelUnknown: {
    what: '的模型名或地址不对',
    did: watchesOn,
    can: '用 agentpod model set 改正。查看当前的模型：',
  },
  modelBusy: {
    what: '的模型服务商一直限流',
    did: watchesOn,
    can: '等一等，提高额度，或换一个模型。查看当前的模型：',
  },
  modelAway: {
    what: '的模型没有应答',
    did: watchesOn,
    can: '看服务商的状态页；若长时间不恢复，换一个模型。查看当前的模型：',
  },
  memoryGrowing: {
    what: '占用的内存持续增长',
    did: '只是提醒，没有重启它。',
    can: '在方便的时候重启，可以避免它在忙时内存耗尽。',
  },
  certificate: {
    what: '还没有有效的证书',
    did: '会自动重新申请；已有的证书在过期前继续使用。',
    can: '检查域名是否指向这台主机，80 和 443 端口是否可达。',
  },
  engineAway: {
    what: '容器引擎没有应答',
    did: '没有动任何容器：看不见的不等于不存在。正在重试。',
    can: '检查容器引擎和控制面。',
  },
  gatewayDown: {
    what: '网关没有应答，登录检查和模型请求会失败',
    did: '正在继续检查；网关不由 AgentPod 的控制器重启。',
    can: '重新启动控制面的容器（可以放心重复执行）：',
  },
  proxyDown: {
    what: '入口代理没有应答，客户的网址打不开',
    did: '正在继续检查；代理不由 AgentPod 的控制器重启。',
    can: '重新启动控制面的容器（可以放心重复执行）：',
  },
  diskLow: {
    what: '磁盘空间不足',
    did: '没有删除任何东西，数据卷永远不会被清理。',
    can: '腾出空间或扩大磁盘。查看检查结果：',
  },
  masterKey: {
    what: '主密钥文件读不到',
    did: '已经运行的智能体不受影响；需要打开密钥的操作会失败。',
    can: '把 master.key 的备份放回数据目录。查看检查结果：',
  },
  noAddressLeft: {
    what: '分不到网络地址，网段已用完',
    did: retries,
    can: '删除不用的智能体，或换一个更大的网段。',
  },
  unknown: {
    what: '出现问题',
    did: '已记录下来，正在继续观察，并在能处理时自动处理。',
    can: '查看详细状态。',
  },
} as const satisfies Record<string, TroubleText>;

export const zhWords = {
  titles: {
    firing: { critical: 'AgentPod 严重告警', warning: 'AgentPod 告警' },
    escalated: { critical: 'AgentPod 告警升级', warning: 'AgentPod 告警升级' },
    resolved: { critical: 'AgentPod 已恢复', warning: 'AgentPod 已恢复' },
    test: { critical: 'AgentPod 测试通知', warning: 'AgentPod 测试通知' },
  },
  host: '主机',
  who: (name: string, tenant: string | undefined) =>
    tenant === undefined ? `对象：${name}` : `对象：智能体 ${name}（客户 ${tenant}）`,
  what: (what: string, reason: string) => `情况：${what}（${reason}）`,
  since: (time: string, lasted: string) => `开始：${time}，已持续 ${lasted}`,
  lasted: (from: string, to: string, lasted: string) => `时间：${from} 至 ${to}，历时 ${lasted}`,
  did: (did: string) => `AgentPod 已做：${did}`,
  can: (can: string, command: string) => `你可以：${can}\n    ${command}`,
  url: (url: string) => `控制台：${url}`,
  message: (message: string) => `详情：${message}`,
  lastError: (error: string) => `它最后的错误：${error}`,
  flapping: '它反复出现又恢复：安静一段时间之前，不再逐次通知。',
  ended: {
    well: { what: '恢复正常', sentence: '现在一切正常，你不需要做什么。' },
    gone: { what: '已被停止或删除', sentence: '它已被停止或删除，不再监视，你不需要做什么。' },
  },
  testBody: '这是一条测试通知：收到它，说明告警能够送达这里。没有任何智能体出问题。',
  units: { day: ' 天', hour: ' 小时', minute: ' 分钟', second: ' 秒' },
};
