import { LoaderCircle } from 'lucide-react';
import type { ReactNode } from 'react';

interface CredentialsFormProps {
  readonly onSubmit: (credentials: { username: string; password: string }) => void;
  readonly busy: boolean;
  readonly submit: string;
  readonly submitting: string;
  readonly children: ReactNode;
}

/** User name and password. A second press of the button while the first is under way does nothing. */
export function CredentialsForm({ onSubmit, busy, submit, submitting, children }: CredentialsFormProps) {
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (busy) return;
        const data = new FormData(event.currentTarget);
        onSubmit({ username: textOf(data.get('username')).trim(), password: textOf(data.get('password')) });
      }}
    >
      {children}
      <button type="submit" aria-disabled={busy} className="button-primary w-full">
        {busy && <LoaderCircle className="size-4 motion-safe:animate-spin" aria-hidden />}
        {busy ? submitting : submit}
      </button>
    </form>
  );
}

function textOf(value: FormDataEntryValue | null): string {
  return typeof value === 'string' ? value : '';
}
