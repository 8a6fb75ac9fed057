import { type AppError, toAppError } from '@agentpod/core';
import { useQuery } from '@tanstack/react-query';
import { LoaderCircle } from 'lucide-react';
import { useEffect } from 'react';
import { api } from '../api.ts';
import { explainError } from '../explain-error.ts';
import { summarise } from '../fleet.ts';
import { useLanguage } from '../language.tsx';
import { AgentTable } from '../parts/agent-table.tsx';
import { CommandLine } from '../parts/command-line.tsx';
import { Notice } from '../parts/notice.tsx';
import { usePageTitle } from '../parts/page-title.ts';
import { TopBar } from '../parts/top-bar.tsx';
import { useFleet } from '../use-fleet.ts';

export function AgentsPage() {
  const { t } = useLanguage();
  usePageTitle(t.agents.title);
  const me = useQuery({ queryKey: ['me'], queryFn: () => api.me() });
  const system = useQuery({ queryKey: ['system'], queryFn: () => api.system() });
  const fleet = useFleet();

  const failure = fleet.error ?? me.error;
  const problem = failure ? toAppError(failure) : undefined;
  const loggedOut = problem?.kind === 'unauthorized';
  useEffect(() => {
    if (loggedOut) location.replace(`/login?next=${encodeURIComponent(location.pathname)}`);
  }, [loggedOut]);

  return (
    <>
      <a
        href="#content"
        className="button sr-only focus:not-sr-only focus:absolute focus:top-2 focus:left-2 focus:z-10 focus:inline-flex"
      >
        {t.skipToContent}
      </a>
      <TopBar username={me.data?.username} system={system.data} />
      <main id="content" tabIndex={-1} className="mx-auto max-w-6xl px-4 py-8 outline-none sm:px-6">
        <div className="mb-6 flex flex-wrap items-baseline justify-between gap-x-6 gap-y-1">
          <h1 className="text-2xl font-semibold tracking-tight">{t.agents.title}</h1>
          <output className="muted text-sm">
            {fleet.data && fleet.data.length > 0 && t.agents.summary(summarise(fleet.data))}
          </output>
        </div>
        {problem && !loggedOut && fleet.data && (
          <div className="mb-4">
            <Notice kind="warning">{isUnreachable(problem) ? t.unreachable : explainError(problem, t)}</Notice>
          </div>
        )}
        {fleet.data ? (
          fleet.data.length > 0 ? (
            <AgentTable fleet={fleet.data} />
          ) : (
            <EmptyFleet />
          )
        ) : problem && !loggedOut ? (
          <Notice kind="error" title={isUnreachable(problem) ? t.unreachableEmpty : t.failed}>
            <p>{explainError(problem, t)}</p>
            <button type="button" className="button mt-3" onClick={() => void fleet.refetch()}>
              {t.retry}
            </button>
          </Notice>
        ) : (
          <output className="card muted flex items-center justify-center gap-2 px-6 py-16">
            <LoaderCircle className="size-5 motion-safe:animate-spin" aria-hidden />
            {t.loading}
          </output>
        )}
      </main>
    </>
  );
}

function EmptyFleet() {
  const { t } = useLanguage();
  return (
    <section className="card px-6 py-14 text-center">
      <h2 className="mb-2 text-lg font-semibold">{t.agents.empty}</h2>
      <p className="muted mx-auto mb-6 max-w-md text-balance">{t.agents.emptyHelp}</p>
      <div className="mx-auto max-w-md">
        <CommandLine command="agentpod create acme --type openclaw" />
      </div>
    </section>
  );
}

/** Also what a proxy says when nobody is behind it. */
function isUnreachable({ reason }: AppError): boolean {
  return reason === 'Unreachable' || reason === 'UnexpectedAnswer';
}
