import type { AgentView } from '@agentpod/core';
import {
  CircleCheck,
  CircleHelp,
  CirclePause,
  CirclePlus,
  LoaderCircle,
  type LucideIcon,
  OctagonAlert,
  Trash2,
  TriangleAlert,
} from 'lucide-react';
import { useLanguage } from '../language.tsx';

const green = 'bg-emerald-100 text-emerald-900 dark:bg-emerald-950 dark:text-emerald-200';
const blue = 'bg-sky-100 text-sky-900 dark:bg-sky-950 dark:text-sky-200';
const amber = 'bg-amber-100 text-amber-950 dark:bg-amber-950 dark:text-amber-200';
const red = 'bg-red-100 text-red-900 dark:bg-red-950 dark:text-red-200';
const grey = 'bg-stone-200 text-stone-800 dark:bg-stone-800 dark:text-stone-200';

const looks: Readonly<Record<AgentView['state'], { Icon: LucideIcon; colour: string; turns?: boolean }>> = {
  creating: { Icon: CirclePlus, colour: blue },
  starting: { Icon: LoaderCircle, colour: blue, turns: true },
  ready: { Icon: CircleCheck, colour: green },
  degraded: { Icon: TriangleAlert, colour: amber },
  stopped: { Icon: CirclePause, colour: grey },
  stalled: { Icon: OctagonAlert, colour: red },
  deleting: { Icon: Trash2, colour: grey },
  deleted: { Icon: Trash2, colour: grey },
  unknown: { Icon: CircleHelp, colour: amber },
};

/** Word, colour and form say the same, so that none of them is needed. */
export function StateBadge({ state }: { readonly state: AgentView['state'] }) {
  const { t } = useLanguage();
  const { Icon, colour, turns } = looks[state];
  return (
    <span
      className={`inline-flex items-center gap-1.5 rounded-full py-1 pr-2.5 pl-2 text-sm font-medium whitespace-nowrap ${colour}`}
    >
      <Icon className={`size-4 ${turns ? 'motion-safe:animate-spin' : ''}`} aria-hidden />
      {t.states[state]}
    </span>
  );
}
