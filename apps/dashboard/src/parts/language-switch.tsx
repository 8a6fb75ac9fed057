import { languageNames, useLanguage } from '../language.tsx';

/** Each language is named in its own words. */
export function LanguageSwitch() {
  const { language, choose, t } = useLanguage();
  return (
    <fieldset className="inline-flex rounded-lg border border-stone-300 p-0.5 dark:border-stone-700">
      <legend className="sr-only">{t.language}</legend>
      {languageNames.map(({ id, name, tag }) => (
        <button
          key={id}
          type="button"
          lang={tag}
          aria-pressed={id === language}
          onClick={() => choose(id)}
          className="min-h-7 cursor-pointer rounded-md px-2.5 text-sm text-stone-600 hover:text-stone-900 aria-pressed:bg-stone-200 aria-pressed:font-medium aria-pressed:text-stone-900 dark:text-stone-400 dark:hover:text-stone-100 dark:aria-pressed:bg-stone-700 dark:aria-pressed:text-white"
        >
          {name}
        </button>
      ))}
    </fieldset>
  );
}
