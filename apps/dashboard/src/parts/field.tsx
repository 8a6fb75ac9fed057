import { Eye, EyeOff } from 'lucide-react';
import { useId, useState } from 'react';
import { useLanguage } from '../language.tsx';

interface FieldProps {
  readonly label: string;
  readonly name: 'username' | 'password';
  readonly autoComplete: 'username' | 'current-password' | 'new-password';
  readonly help?: string;
  readonly minLength?: number;
}

/** A labelled input of a form; passwords can be made visible, which beats typing them twice. */
export function Field({ label, name, autoComplete, help, minLength }: FieldProps) {
  const { t } = useLanguage();
  const id = useId();
  const [visible, setVisible] = useState(false);
  const secret = name === 'password';
  return (
    <div className="mb-5">
      <label htmlFor={id} className="mb-1.5 block text-sm font-medium">
        {label}
      </label>
      <div className="relative">
        <input
          id={id}
          name={name}
          type={secret && !visible ? 'password' : 'text'}
          autoComplete={autoComplete}
          autoCapitalize="none"
          spellCheck={false}
          required
          minLength={minLength}
          maxLength={200}
          aria-describedby={help === undefined ? undefined : `${id}-help`}
          className={`min-h-11 w-full rounded-lg border border-stone-500 bg-white px-3 dark:border-stone-500 dark:bg-stone-950 ${secret ? 'pr-12' : ''}`}
        />
        {secret && (
          <button
            type="button"
            onClick={() => setVisible(!visible)}
            aria-label={visible ? t.hidePassword : t.showPassword}
            className="muted absolute inset-y-0 right-0 flex w-11 cursor-pointer items-center justify-center rounded-lg hover:text-stone-900 dark:hover:text-white"
          >
            {visible ? <EyeOff className="size-4.5" aria-hidden /> : <Eye className="size-4.5" aria-hidden />}
          </button>
        )}
      </div>
      {help !== undefined && (
        <p id={`${id}-help`} className="muted mt-1.5 text-sm">
          {help}
        </p>
      )}
    </div>
  );
}
