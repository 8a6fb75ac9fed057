export type Language = 'zh' | 'en';

export type PageKind =
  | 'starting'
  | 'silent'
  | 'stopped'
  | 'failed'
  | 'gateway-starting'
  | 'unknown-host'
  | 'closed'
  | 'not-found'
  | 'log-in-failed'
  | 'not-from-here'
  | 'signed-out'
  | 'broken';

interface Words {
  readonly title: string;
  readonly text: string;
}

export const words: Readonly<Record<Language, Readonly<Record<PageKind, Words>>>> = {
  zh: {
    starting: { title: '正在启动', text: '智能体正在启动，通常不到一分钟。本页会自动刷新。' },
    silent: { title: '暂时没有回应', text: '智能体暂时没有回应，可能正在重新启动。本页会自动刷新。' },
    stopped: { title: '已停止', text: '这个智能体已被停止。请联系您的服务商重新启动。' },
    failed: { title: '无法启动', text: '这个智能体目前无法启动，服务商可以在控制台看到原因。本页会自动刷新。' },
    'gateway-starting': { title: '请稍候', text: 'AgentPod 正在启动。本页会自动刷新。' },
    'unknown-host': { title: '这里没有智能体', text: '这个地址上没有智能体。请检查链接是否完整。' },
    closed: { title: '不可访问', text: '这个地址不对外开放。' },
    'not-found': { title: '没有这个页面', text: '请检查链接是否完整。' },
    'log-in-failed': { title: '登录链接已失效', text: '登录链接只能使用一次，并且很快过期。请重新打开智能体。' },
    'not-from-here': { title: '请求被拒绝', text: '这个请求来自其他网站的页面。请直接打开智能体。' },
    'signed-out': { title: '已退出', text: '您已从这个智能体退出登录。' },
    broken: { title: '出错了', text: 'AgentPod 出现内部错误，请稍后再试。' },
  },
  en: {
    starting: { title: 'Starting', text: 'The agent is starting, mostly within a minute. This page refreshes itself.' },
    silent: {
      title: 'No answer just now',
      text: 'The agent does not answer just now; it may be restarting. This page refreshes itself.',
    },
    stopped: { title: 'Stopped', text: 'This agent was stopped. Ask whoever runs it for you to start it again.' },
    failed: {
      title: 'It cannot start',
      text: 'This agent cannot start at present. Whoever runs it sees the reason in the console. This page refreshes itself.',
    },
    'gateway-starting': { title: 'One moment', text: 'AgentPod is starting. This page refreshes itself.' },
    'unknown-host': {
      title: 'No agent here',
      text: 'There is no agent at this address. Check that the link is complete.',
    },
    closed: { title: 'Not open', text: 'This address is not open to the outside.' },
    'not-found': { title: 'No such page', text: 'Check that the link is complete.' },
    'log-in-failed': {
      title: 'The log-in link is no longer good',
      text: 'A log-in link works once and expires soon. Open the agent again.',
    },
    'not-from-here': {
      title: 'Request refused',
      text: 'This request was made by the page of another site. Open the agent itself.',
    },
    'signed-out': { title: 'Signed out', text: 'You are signed out of this agent.' },
    broken: { title: 'Something went wrong', text: 'AgentPod made a mistake. Try again in a moment.' },
  },
};

export const openAgain: Readonly<Record<Language, string>> = { zh: '打开智能体', en: 'Open the agent' };

/** The first of the visitor's languages that we have, in the order the browser gives them. */
export function languageOf(acceptLanguage: string | undefined): Language {
  const known = /(?:^|,)\s*(zh|en)\b/i.exec(acceptLanguage ?? '')?.[1];
  return known?.toLowerCase() === 'zh' ? 'zh' : 'en';
}
