import { toAppError } from '@agentpod/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { api } from '../api.ts';
import { explainError } from '../explain-error.ts';
import { useLanguage } from '../language.tsx';
import { nextPath } from '../next-path.ts';
import { CommandLine } from '../parts/command-line.tsx';
import { CredentialsForm } from '../parts/credentials-form.tsx';
import { Field } from '../parts/field.tsx';
import { NarrowPage } from '../parts/narrow-page.tsx';
import { Notice } from '../parts/notice.tsx';

export function LogInPage() {
  const { t } = useLanguage();
  const next = nextPath(new URLSearchParams(location.search).get('next'), location.origin);
  const setup = useQuery({ queryKey: ['setup'], queryFn: () => api.setupState() });
  const logIn = useMutation({
    mutationFn: api.logIn,
    // A navigation of the browser, not of this page: `next` may be the hand-over to an agent, which the server answers.
    onSuccess: () => location.assign(next),
  });
  const busy = logIn.isPending || logIn.isSuccess;

  if (setup.data?.done === false) {
    return (
      <NarrowPage title={t.logIn.noAccount}>
        <p className="muted mb-4">{t.logIn.noAccountHelp}</p>
        <CommandLine command="agentpod setup-link" />
      </NarrowPage>
    );
  }
  return (
    <NarrowPage title={t.logIn.title}>
      {next.startsWith('/handover') && <p className="muted -mt-4 mb-6 text-sm">{t.logIn.toAgent}</p>}
      <CredentialsForm onSubmit={logIn.mutate} busy={busy} submit={t.logIn.submit} submitting={t.logIn.submitting}>
        <Field label={t.username} name="username" autoComplete="username" />
        <Field label={t.password} name="password" autoComplete="current-password" />
        {logIn.isError && !busy && (
          <div className="mb-5">
            <Notice kind="error">{explainError(toAppError(logIn.error), t)}</Notice>
          </div>
        )}
      </CredentialsForm>
    </NarrowPage>
  );
}
