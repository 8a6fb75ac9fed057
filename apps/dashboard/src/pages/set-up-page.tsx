import { toAppError } from '@agentpod/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { api } from '../api.ts';
import { explainError } from '../explain-error.ts';
import { useLanguage } from '../language.tsx';
import { CommandLine } from '../parts/command-line.tsx';
import { CredentialsForm } from '../parts/credentials-form.tsx';
import { Field } from '../parts/field.tsx';
import { NarrowPage } from '../parts/narrow-page.tsx';
import { Notice } from '../parts/notice.tsx';

/** The token stands behind the `#`: that part of an address is never sent, so it is in no log. */
export function SetUpPage() {
  const { t } = useLanguage();
  const token = new URLSearchParams(location.hash.slice(1)).get('token') ?? '';
  const setup = useQuery({ queryKey: ['setup'], queryFn: () => api.setupState() });
  const create = useMutation({
    mutationFn: (credentials: { username: string; password: string }) => api.setup({ token, ...credentials }),
    onSuccess: () => location.replace('/'),
  });
  const busy = create.isPending || create.isSuccess;
  const refused = create.isError ? toAppError(create.error) : undefined;

  if (setup.data?.done === true && !busy) {
    return (
      <NarrowPage title={t.setUp.done}>
        <p className="muted mb-5">{t.setUp.doneHelp}</p>
        <a href="/login" className="button-primary w-full">
          {t.setUp.toLogIn}
        </a>
      </NarrowPage>
    );
  }
  if (token === '' || refused?.reason === 'InvalidSetupLink') {
    return (
      <NarrowPage title={token === '' ? t.setUp.noToken : t.setUp.badToken}>
        <p className="muted mb-4">{token === '' ? t.setUp.noTokenHelp : t.setUp.badTokenHelp}</p>
        <CommandLine command="agentpod setup-link" />
      </NarrowPage>
    );
  }
  return (
    <NarrowPage title={t.setUp.title}>
      <p className="muted -mt-4 mb-6 text-sm">{t.setUp.intro}</p>
      <CredentialsForm onSubmit={create.mutate} busy={busy} submit={t.setUp.submit} submitting={t.setUp.submitting}>
        <Field label={t.username} name="username" autoComplete="username" help={t.setUp.usernameHelp} />
        <Field
          label={t.password}
          name="password"
          autoComplete="new-password"
          help={t.setUp.passwordHelp}
          minLength={10}
        />
        {refused && !busy && (
          <div className="mb-5">
            <Notice kind="error">{explainError(refused, t)}</Notice>
          </div>
        )}
      </CredentialsForm>
    </NarrowPage>
  );
}
