import { Check, Copy } from 'lucide-react';
import { useState } from 'react';
import { useLanguage } from '../language.tsx';

/** A command to run in a terminal, with a button that copies it where the browser allows that. */
export function CommandLine({ command }: { readonly command: string }) {
  const { t } = useLanguage();
  const [copied, setCopied] = useState(false);
  // Absent on plain HTTP outside of localhost; the text can still be selected.
  const clipboard = 'clipboard' in navigator ? navigator.clipboard : undefined;
  const copy = async (): Promise<void> => {
    await clipboard?.writeText(command);
    setCopied(true);
  };
  return (
    <div className="flex items-center gap-2 rounded-lg bg-stone-900 py-2 pr-2 pl-4 text-left text-stone-100 dark:bg-black dark:ring-1 dark:ring-stone-700">
      <code className="min-w-0 grow font-mono text-sm break-words select-all">{command}</code>
      {clipboard && (
        <button
          type="button"
          onClick={() => void copy()}
          className="inline-flex min-h-8 shrink-0 cursor-pointer items-center gap-1.5 rounded-md px-2 text-xs text-stone-200 hover:bg-stone-700 focus-visible:outline-teal-300"
        >
          {copied ? <Check className="size-3.5" aria-hidden /> : <Copy className="size-3.5" aria-hidden />}
          <output>{copied ? t.copied : t.copy}</output>
        </button>
      )}
    </div>
  );
}
