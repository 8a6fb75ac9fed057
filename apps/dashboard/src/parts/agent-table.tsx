import type { AgentView } from '@agentpod/core';
import { ExternalLink } from 'lucide-react';
import type { Fleet } from '../fleet.ts';
import { useLanguage } from '../language.tsx';
import { whyOf } from '../reason.ts';
import { StateBadge } from './state-badge.tsx';

const heading = 'px-4 py-3 text-left font-medium';

/** A table where there is room, one card per agent where there is not. */
export function AgentTable({ fleet }: { readonly fleet: Fleet }) {
  const { t } = useLanguage();
  return (
    <div className="card overflow-hidden">
      <table className="w-full text-sm max-md:block">
        <caption className="sr-only">{t.agents.title}</caption>
        <thead className="muted border-b border-stone-200 bg-stone-50 max-md:sr-only dark:border-stone-800 dark:bg-stone-900">
          <tr>
            <th scope="col" className={heading}>
              {t.agents.name}
            </th>
            <th scope="col" className={heading}>
              {t.agents.state}
            </th>
            <th scope="col" className={heading}>
              {t.agents.model}
            </th>
            <th scope="col" className={heading}>
              {t.agents.version}
            </th>
            <th scope="col" className={heading}>
              <span className="sr-only">{t.agents.open}</span>
            </th>
          </tr>
        </thead>
        <tbody className="divide-y divide-stone-200 max-md:block dark:divide-stone-800">
          {fleet.map((agent) => (
            <AgentRow key={agent.id} agent={agent} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function AgentRow({ agent }: { readonly agent: AgentView }) {
  const { t } = useLanguage();
  const { model, type, version } = agent.spec;
  const cell = 'px-4 py-4 align-top max-md:block max-md:px-0 max-md:py-0';
  return (
    <tr className="max-md:relative max-md:block max-md:space-y-2.5 max-md:p-4" data-agent={agent.ref}>
      <th scope="row" className={`${cell} text-left font-normal max-md:pr-24`}>
        <span className="block text-base font-semibold break-all">{agent.ref}</span>
        <span className="muted break-words">{agent.host}</span>
      </th>
      <td className={`${cell} md:w-5/12`}>
        <StateBadge state={agent.state} />
        <Reason agent={agent} />
      </td>
      <td className={cell}>
        <span className="muted mr-1.5 md:hidden">{t.agents.model}</span>
        {model.provider === 'demo' ? (
          t.agents.demoModel
        ) : (
          <span className="break-all">
            {model.provider}/{model.name}
          </span>
        )}
      </td>
      <td className={`${cell} whitespace-nowrap`}>
        <span className="muted mr-1.5 md:hidden">{t.agents.version}</span>
        {type} {version}
      </td>
      <td className={`${cell} text-right max-md:absolute max-md:top-4 max-md:right-4`}>
        <OpenLink agent={agent} />
      </td>
    </tr>
  );
}

function Reason({ agent }: { readonly agent: AgentView }) {
  const { t } = useLanguage();
  const why = whyOf(agent, t);
  if (!why) return undefined;
  return (
    <div className="mt-1.5 max-w-prose break-words">
      <p>
        {why.sentence} <code className="muted font-mono text-xs">{why.reason}</code>
      </p>
      {why.detail !== undefined && (
        <details className="muted mt-1">
          <summary className="w-fit cursor-pointer">{t.agents.technicalDetail}</summary>
          <p lang="en">{why.detail}</p>
        </details>
      )}
    </div>
  );
}

function OpenLink({ agent }: { readonly agent: AgentView }) {
  const { t } = useLanguage();
  // A stopped or booting agent can be opened: the gateway shows there how it is. One on its way out cannot.
  if (agent.state === 'deleting' || !/^https?:/.test(agent.url)) {
    return (
      <button type="button" aria-disabled className="button cursor-not-allowed opacity-70" title={t.agents.notToOpen}>
        {t.agents.open}
      </button>
    );
  }
  return (
    <a href={agent.url} target="_blank" rel="noreferrer" className="button" aria-label={t.agents.openLabel(agent.ref)}>
      {t.agents.open}
      <ExternalLink className="size-4" aria-hidden />
    </a>
  );
}
