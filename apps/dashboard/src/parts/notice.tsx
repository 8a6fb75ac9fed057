import { CircleAlert, Info, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';

const looks = {
  info: {
    Icon: Info,
    style: 'border-sky-300 bg-sky-50 text-sky-950 dark:border-sky-800 dark:bg-sky-950 dark:text-sky-100',
  },
  warning: {
    Icon: TriangleAlert,
    style: 'border-amber-300 bg-amber-50 text-amber-950 dark:border-amber-800 dark:bg-amber-950 dark:text-amber-100',
  },
  error: {
    Icon: CircleAlert,
    style: 'border-red-300 bg-red-50 text-red-950 dark:border-red-800 dark:bg-red-950 dark:text-red-100',
  },
} as const;

interface NoticeProps {
  readonly kind: keyof typeof looks;
  readonly title?: string;
  readonly children?: ReactNode;
}

/** Read out by screen readers as soon as it appears. */
export function Notice({ kind, title, children }: NoticeProps) {
  const { Icon, style } = looks[kind];
  return (
    <div role={kind === 'error' ? 'alert' : 'status'} className={`flex gap-3 rounded-lg border p-3 text-sm ${style}`}>
      <Icon className="mt-0.5 size-4 shrink-0" aria-hidden />
      <div className="min-w-0 grow">
        {title !== undefined && <p className="font-medium">{title}</p>}
        {children}
      </div>
    </div>
  );
}
