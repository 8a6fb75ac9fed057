import { zhAlertArgs, zhAlertHelp } from './zh-alerts.ts';

/** Help texts, Chinese. The English ones must have the same keys. */
export const zhHelp = {
  description: 'AgentPod：为每个客户运行一个独立、可路由、有人看护的 AI 智能体。',
  titles: {
    usage: '[选项] <命令>',
    agents: '智能体：',
    alerts: '告警：',
    host: '控制面：',
    choices: (list: string) => `可选值：${list}`,
    default: (value: string) => `默认：${value}`,
    of: {
      'Usage:': '用法：',
      'Arguments:': '参数：',
      'Options:': '选项：',
      'Global Options:': '通用选项：',
      'Commands:': '命令：',
    } as Readonly<Record<string, string>>,
  },
  globals: {
    help: '显示帮助',
    helpCommand: '显示某个命令的帮助',
    output: '输出格式；csv 只用于 sla',
    json: '等同于 -o json',
    url: '控制面地址（默认取 AGENTPOD_URL，再默认 http://127.0.0.1:7100）',
    token: '访问令牌；建议改用环境变量 AGENTPOD_TOKEN，命令行参数对本机其他用户可见',
    lang: '界面语言（默认取 AGENTPOD_LANG，再取系统语言）',
    quiet: '只输出结果和错误，不显示进度与提示',
  },
  waiting: {
    wait: '等到操作真正完成，并显示每一步的进度',
    noWait: '提交后立即返回（默认）',
    timeout: '最多等待多少秒',
  },
  args: {
    ...zhAlertArgs,
    agent: '智能体：客户名，或 客户名/智能体名（如 acme、acme/hr）',
    newAgent: '新智能体的名字：客户名，或 客户名/智能体名',
    message: '要发送的消息；省略时进入对话，或从标准输入读取',
    model: '模型，写作 提供商/模型名，如 qwen/qwen3-max',
    tokenName: '令牌名称，便于日后辨认',
    tokenId: '令牌 ID，见 agentpod token list',
    type: '智能体类型，如 openclaw',
    version: '版本；省略时使用构建脚本的默认版本',
    shell: '命令行解释器',
  },
  commands: {
    ...zhAlertHelp,
    up: {
      summary: '在本机启动控制面（可重复执行）',
      options: {
        dataDir: '数据目录（默认取 AGENTPOD_DATA_DIR，再默认 /var/lib/agentpod）',
        mode: 'local：本机 *.localhost，纯 HTTP；domain：正式域名，自动签发证书',
        baseDomain: '基础域名，每个智能体使用它的一个子域名',
        consoleHost: '控制台的主机名，建议使用单独的域名',
        email: '证书机构用来联系你的邮箱',
        httpPort: 'HTTP 端口（默认 80）',
        httpsPort: 'HTTPS 端口（默认 443）',
        supernet: '智能体网络使用的网段（默认 10.203.0.0/16）',
        listen: 'API 监听的地址和端口（默认 127.0.0.1:7100）',
        yes: '首次安装时不再询问',
      },
      examples: `
示例：
  agentpod up
  agentpod up --base-domain agents.example.com --email ops@example.com

设置保存在数据目录的 up.json 中，之后直接执行 agentpod up 即可沿用。`,
    },
    down: { summary: '停止本机的控制面；智能体继续运行', options: {} },
    doctor: { summary: '检查控制面和本机环境；有任何一项失败时退出码为 1', options: {} },
    orphans: {
      summary: '查看不再属于任何智能体的容器和网络',
      options: { remove: '立即清除；数据卷会保留', yes: '不再询问' },
    },
    'setup-link': { summary: '生成一次性的初始化链接，用来创建第一个账号', options: {} },
    token: { summary: '管理 API 令牌', options: {} },
    'token create': { summary: '创建一个令牌，只显示这一次', options: {} },
    'token list': { summary: '列出令牌', options: {} },
    'token revoke': { summary: '吊销一个令牌', options: {} },
    image: { summary: '管理智能体镜像', options: {} },
    'image build': {
      summary: '在本机用软件包构建智能体镜像，不需要镜像仓库',
      options: { force: '镜像已存在也重新构建' },
    },
    completion: {
      summary: '输出命令补全脚本',
      options: {},
      examples: `
启用补全：
  bash  source <(agentpod completion bash)
  zsh   source <(agentpod completion zsh)
  fish  agentpod completion fish | source`,
    },
    version: { summary: '显示命令行工具和服务器的版本', options: {} },
    create: {
      summary: '创建一个智能体（可重复执行：内容相同则什么都不做）',
      options: {
        type: '智能体类型，如 openclaw',
        version: '版本（默认为该类型推荐的版本）',
        plan: '套餐，如 small、standard',
        memory: '内存上限，如 512m、2g',
        cpus: 'CPU 核数，可以是小数',
        soul: '人设文件（SOUL.md）',
        memoryFile: '初始记忆文件（MEMORY.md）',
        instructions: '工作说明文件（AGENTS.md）',
        model: '模型，如 qwen/qwen3-max；不填则使用内置演示模型',
        modelBaseUrl: '模型服务的地址，覆盖提供商的默认地址',
        modelKeyFile: '存放模型密钥的文件；- 表示从标准输入读取',
        force: '内存不足也要创建',
      },
      examples: `
示例：
  agentpod create acme --wait
  agentpod create acme/hr --plan small --soul ./hr.md --model qwen/qwen3-max --model-key-file ./qwen.key --wait`,
    },
    list: {
      summary: '列出智能体',
      options: { tenant: '只看某个客户', deleted: '连同已删除、可恢复的一起列出', watch: '持续刷新，按 Ctrl-C 结束' },
    },
    status: { summary: '查看一个智能体的详细状态和最近事件', options: {} },
    logs: {
      summary: '查看智能体的日志',
      options: { follow: '持续输出新日志，按 Ctrl-C 结束', tail: '从最后多少行开始' },
    },
    events: { summary: '查看智能体发生过的事件', options: {} },
    sla: {
      summary: '查看各客户和智能体在一个月内的可用率',
      options: {
        month: '月份，写作 2026-11（默认为本月）',
        tenant: '只看某个客户',
        tz: '月份所用的时区，如 Asia/Shanghai（默认取系统时区）',
      },
      examples: `
示例：
  agentpod sla --month 2026-11 --tz Asia/Shanghai
  agentpod sla --month 2026-11 -o csv > sla.csv`,
    },
    open: { summary: '打印智能体的网址，有桌面时直接在浏览器中打开', options: { noBrowser: '只打印网址' } },
    chat: {
      summary: '和智能体对话；标准输出只有回复内容',
      options: { session: '会话名，同名的消息属于同一段对话', timeout: '最多等待回复多少秒' },
      examples: `
示例：
  agentpod chat acme "你好"
  echo "总结一下今天的工作" | agentpod chat acme`,
    },
    stop: { summary: '停止智能体，数据保留', options: {} },
    start: { summary: '启动已停止的智能体', options: {} },
    restart: { summary: '重启智能体', options: {} },
    undelete: { summary: '恢复已删除的智能体及其数据', options: {} },
    delete: {
      summary: '删除智能体；数据默认保留，可以恢复',
      options: { yes: '不再询问', purge: '连数据一起永久删除，无法恢复' },
    },
    model: { summary: '查看或更换智能体使用的模型', options: {} },
    'model set': {
      summary: '更换模型或密钥',
      options: { keyFile: '存放模型密钥的文件；- 表示从标准输入读取', baseUrl: '模型服务的地址，覆盖提供商的默认地址' },
    },
    'model show': { summary: '查看当前模型（不会显示密钥）', options: {} },
    config: { summary: '查看或修改智能体自身的设置（高级）', options: {} },
    'config set': {
      summary: '替换叠加在 AgentPod 配置之上的设置',
      options: { file: '存放设置的 JSON 文件（JSON merge patch）；- 表示从标准输入读取' },
      examples: `
示例：
  agentpod config show acme > acme.json
  agentpod config set acme --file acme.json --wait`,
    },
    'config show': { summary: '以 JSON 显示这些设置', options: {} },
    'config unset': { summary: '清除全部这些设置', options: {} },
  },
};
