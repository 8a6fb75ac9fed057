import type { ReactNode } from 'react';
import { Brand } from './brand.tsx';
import { LanguageSwitch } from './language-switch.tsx';
import { usePageTitle } from './page-title.ts';

/** One card in the middle: what is shown to somebody who is not logged in. */
export function NarrowPage({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  usePageTitle(title);
  return (
    <div className="flex min-h-screen flex-col items-center px-4 py-6 sm:justify-center">
      <header className="mb-8 flex w-full max-w-sm items-center justify-between">
        <Brand />
        <LanguageSwitch />
      </header>
      <main className="card w-full max-w-sm p-6 sm:p-8">
        <h1 className="mb-6 text-xl font-semibold tracking-tight">{title}</h1>
        {children}
      </main>
    </div>
  );
}
