import { createContext, type ReactNode, useContext, useEffect, useState } from 'react';
import { en } from './messages/en.ts';
import { type Messages, zh } from './messages/zh.ts';

const languages = {
  zh: { tag: 'zh-CN', name: '中文', messages: zh },
  en: { tag: 'en', name: 'English', messages: en },
} as const satisfies Record<string, { tag: string; name: string; messages: Messages }>;

export type Language = keyof typeof languages;
export const languageNames = Object.entries(languages).map(([id, { name, tag }]) => ({
  id: id as Language,
  name,
  tag,
}));

const storageKey = 'agentpod.language';

/** What was chosen before, else what the browser asks for. */
export function firstLanguage(chosen: string | null, browser: readonly string[]): Language {
  if (chosen === 'zh' || chosen === 'en') return chosen;
  const known = browser.map((tag) => tag.toLowerCase().split('-')[0]).find((tag) => tag === 'zh' || tag === 'en');
  return known ?? 'en';
}

interface Choice {
  readonly language: Language;
  readonly choose: (language: Language) => void;
}

const LanguageContext = createContext<Choice>({ language: 'en', choose: () => undefined });

export function LanguageProvider({ children }: { readonly children: ReactNode }) {
  const [language, setLanguage] = useState(() => firstLanguage(localStorage.getItem(storageKey), navigator.languages));
  useEffect(() => {
    document.documentElement.lang = languages[language].tag;
  }, [language]);
  const choose = (chosen: Language): void => {
    localStorage.setItem(storageKey, chosen);
    setLanguage(chosen);
  };
  return <LanguageContext value={{ language, choose }}>{children}</LanguageContext>;
}

export function useLanguage(): Choice & { readonly t: Messages } {
  const choice = useContext(LanguageContext);
  return { ...choice, t: languages[choice.language].messages };
}
