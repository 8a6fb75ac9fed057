import type { Messages } from './messages/zh.ts';

export type Language = 'zh' | 'en';

/** What the person asked for, else what the terminal is set to, else English. */
export function chooseLanguage(flag: string | undefined, env: Readonly<Record<string, string | undefined>>): Language {
  const wanted = [flag, env['AGENTPOD_LANG'], env['LC_ALL'], env['LC_MESSAGES'], env['LANG']].find(Boolean) ?? 'en';
  return wanted.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

/** Only the dictionary that is needed is loaded: start-up time counts. */
export async function loadMessages(language: Language): Promise<Messages> {
  return language === 'zh' ? (await import('./messages/zh.ts')).zh : (await import('./messages/en.ts')).en;
}
