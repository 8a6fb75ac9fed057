import { enAlertArgs, enAlertHelp } from './en-alerts.ts';
import type { zhHelp } from './zh-help.ts';

export const enHelp: typeof zhHelp = {
  description: 'AgentPod: one isolated, routed, watched AI agent for each of your customers.',
  titles: {
    usage: '[options] <command>',
    agents: 'Agents:',
    alerts: 'Alerts:',
    host: 'Control plane:',
    choices: (list) => `choices: ${list}`,
    default: (value) => `default: ${value}`,
    of: {},
  },
  globals: {
    help: 'show help',
    helpCommand: 'show the help of a command',
    output: 'output format; csv is for sla alone',
    json: 'the same as -o json',
    url: 'address of the control plane (default: AGENTPOD_URL, else http://127.0.0.1:7100)',
    token: 'access token; better in AGENTPOD_TOKEN, because other users of this machine can see arguments',
    lang: 'language (default: AGENTPOD_LANG, else that of the system)',
    quiet: 'results and errors only, no progress and no hints',
  },
  waiting: {
    wait: 'wait until it is really done, and show the progress of each step',
    noWait: 'return as soon as it is accepted (default)',
    timeout: 'how many seconds to wait at most',
  },
  args: {
    ...enAlertArgs,
    agent: 'agent: a tenant, or tenant/agent (acme, acme/hr)',
    newAgent: 'name of the new agent: a tenant, or tenant/agent',
    message: 'what to say; without it a conversation begins, or standard input is read',
    model: 'model as provider/name, such as qwen/qwen3-max',
    tokenName: 'name to recognise the token by',
    tokenId: 'id of the token, see agentpod token list',
    type: 'agent type, such as openclaw',
    version: 'version; without it the default of the recipe',
    shell: 'shell',
  },
  commands: {
    ...enAlertHelp,
    up: {
      summary: 'start the control plane on this machine (safe to repeat)',
      options: {
        dataDir: 'data directory (default: AGENTPOD_DATA_DIR, else /var/lib/agentpod)',
        mode: 'local: plain HTTP on *.localhost of this machine; domain: a real domain with certificates',
        baseDomain: 'domain whose sub-domains are the agents',
        consoleHost: 'host name of the console; a domain of its own is recommended',
        email: 'where the certificate authority can reach you',
        httpPort: 'HTTP port (default: 80)',
        httpsPort: 'HTTPS port (default: 443)',
        supernet: 'network the agents get their addresses from (default: 10.203.0.0/16)',
        listen: 'address and port of the API (default: 127.0.0.1:7100)',
        yes: 'do not ask at the first installation',
      },
      examples: `
Examples:
  agentpod up
  agentpod up --base-domain agents.example.com --email ops@example.com

The settings are kept in up.json in the data directory: a bare "agentpod up" repeats them.`,
    },
    down: { summary: 'stop the control plane of this machine; agents keep running', options: {} },
    doctor: { summary: 'check the control plane and this machine; exits with 1 when anything failed', options: {} },
    orphans: {
      summary: 'show containers and networks of agents that nobody knows any more',
      options: { remove: 'remove them now; volumes are kept', yes: 'do not ask' },
    },
    'setup-link': { summary: 'make the one-time link that creates the first account', options: {} },
    token: { summary: 'manage API tokens', options: {} },
    'token create': { summary: 'create a token; it is shown this once', options: {} },
    'token list': { summary: 'list tokens', options: {} },
    'token revoke': { summary: 'revoke a token', options: {} },
    image: { summary: 'manage agent images', options: {} },
    'image build': {
      summary: 'build an agent image from packages on this machine; needs no image registry',
      options: { force: 'build it again although it is there' },
    },
    completion: {
      summary: 'print the completion script of a shell',
      options: {},
      examples: `
To turn it on:
  bash  source <(agentpod completion bash)
  zsh   source <(agentpod completion zsh)
  fish  agentpod completion fish | source`,
    },
    version: { summary: 'show the versions of this tool and of the server', options: {} },
    create: {
      summary: 'create an agent (safe to repeat: the same again changes nothing)',
      options: {
        type: 'agent type, such as openclaw',
        version: 'version (default: the one recommended for the type)',
        plan: 'plan, such as small or standard',
        memory: 'memory limit, such as 512m or 2g',
        cpus: 'number of CPUs, fractions allowed',
        soul: 'file with the personality (SOUL.md)',
        memoryFile: 'file with the first memories (MEMORY.md)',
        instructions: 'file with the working instructions (AGENTS.md)',
        model: 'model, such as qwen/qwen3-max; without it the built-in demo replies',
        modelBaseUrl: "address of the model server, instead of the provider's own",
        modelKeyFile: 'file with the model key; - reads it from standard input',
        force: 'create it although memory does not suffice',
      },
      examples: `
Examples:
  agentpod create acme --wait
  agentpod create acme/hr --plan small --soul ./hr.md --model qwen/qwen3-max --model-key-file ./qwen.key --wait`,
    },
    list: {
      summary: 'list agents',
      options: {
        tenant: 'only those of one tenant',
        deleted: 'also those that were deleted and can be brought back',
        watch: 'keep showing changes until Ctrl-C',
      },
    },
    status: { summary: 'show the state of an agent in detail, and its last events', options: {} },
    logs: {
      summary: 'show the log of an agent',
      options: { follow: 'keep showing new lines until Ctrl-C', tail: 'how many of the last lines to begin with' },
    },
    events: { summary: 'show what happened to an agent', options: {} },
    sla: {
      summary: 'show how available every tenant and agent was in a month',
      options: {
        month: 'month as 2026-11 (default: the present one)',
        tenant: 'only that of one tenant',
        tz: 'time zone of the month, such as Asia/Shanghai (default: that of the system)',
      },
      examples: `
Examples:
  agentpod sla --month 2026-11 --tz Asia/Shanghai
  agentpod sla --month 2026-11 -o csv > sla.csv`,
    },
    open: {
      summary: 'print the address of an agent, and open it where there is a desktop',
      options: { noBrowser: 'only print it' },
    },
    chat: {
      summary: 'talk to an agent; stdout carries the reply and nothing else',
      options: {
        session: 'turns with the same name belong to one conversation',
        timeout: 'how many seconds to wait for the reply',
      },
      examples: `
Examples:
  agentpod chat acme "hello"
  echo "sum up today" | agentpod chat acme`,
    },
    stop: { summary: 'stop an agent; its data is kept', options: {} },
    start: { summary: 'start a stopped agent', options: {} },
    restart: { summary: 'restart an agent', options: {} },
    undelete: { summary: 'bring back a deleted agent with its data', options: {} },
    delete: {
      summary: 'delete an agent; its data is kept unless you say --purge',
      options: { yes: 'do not ask', purge: 'delete its data too, for ever' },
    },
    model: { summary: 'show or change the model of an agent', options: {} },
    'model set': {
      summary: 'change model or key',
      options: {
        keyFile: 'file with the model key; - reads it from standard input',
        baseUrl: "address of the model server, instead of the provider's own",
      },
    },
    'model show': { summary: 'show the model (never the key)', options: {} },
    config: { summary: "show or change an agent's own settings (for experts)", options: {} },
    'config set': {
      summary: "replace the settings that are merged over AgentPod's own",
      options: { file: 'JSON file with the settings (JSON merge patch); - reads standard input' },
      examples: `
Example:
  agentpod config show acme > acme.json
  agentpod config set acme --file acme.json --wait`,
    },
    'config show': { summary: 'show these settings as JSON', options: {} },
    'config unset': { summary: 'remove them all', options: {} },
  },
};
