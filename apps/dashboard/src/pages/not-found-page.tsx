import { useLanguage } from '../language.tsx';
import { NarrowPage } from '../parts/narrow-page.tsx';

export function NotFoundPage() {
  const { t } = useLanguage();
  return (
    <NarrowPage title={t.notFound}>
      <a href="/" className="button">
        {t.toAgents}
      </a>
    </NarrowPage>
  );
}
