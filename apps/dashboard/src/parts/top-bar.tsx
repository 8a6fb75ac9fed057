import type { SystemView } from '@agentpod/core';
import { useMutation } from '@tanstack/react-query';
import { LogOut } from 'lucide-react';
import { api } from '../api.ts';
import { useLanguage } from '../language.tsx';
import { Brand } from './brand.tsx';
import { LanguageSwitch } from './language-switch.tsx';

interface TopBarProps {
  readonly username: string | undefined;
  readonly system: SystemView | undefined;
}

export function TopBar({ username, system }: TopBarProps) {
  const { t } = useLanguage();
  const logOut = useMutation({ mutationFn: api.logOut, onSuccess: () => location.assign('/login') });
  return (
    <header className="border-b border-stone-200 bg-white dark:border-stone-800 dark:bg-stone-900">
      <div className="mx-auto flex max-w-6xl flex-wrap items-center gap-x-4 gap-y-3 px-4 py-3 sm:px-6">
        <Brand />
        {system && (
          <span className="muted hidden text-sm sm:inline">
            {system.baseDomain} · {system.version}
          </span>
        )}
        <div className="ml-auto flex items-center gap-3">
          {username !== undefined && (
            <span className="muted hidden max-w-48 truncate text-sm sm:inline" title={t.loggedInAs(username)}>
              {username}
            </span>
          )}
          <LanguageSwitch />
          <button type="button" className="button" onClick={() => logOut.mutate()}>
            <LogOut className="size-4" aria-hidden />
            <span className="max-sm:sr-only">{t.logOut}</span>
          </button>
        </div>
      </div>
    </header>
  );
}
