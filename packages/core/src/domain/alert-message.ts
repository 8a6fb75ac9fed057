import { enTroubles, enWords } from './alert-texts-en.ts';
import { zhTroubles, zhWords } from './alert-texts-zh.ts';
import { commandFor, troubleOf } from './alert-troubles.ts';
import type { AlertNotice } from './alerts/notice.ts';
import { harmless } from './harmless.ts';

export type AlertLanguage = 'zh' | 'en';

export interface AlertMessage {
  /** One line. */
  readonly title: string;
  /** Plain text; what an agent chose to say comes last, so that a text that is too long loses that first. */
  readonly body: string;
}

const dictionaries = {
  zh: { troubles: zhTroubles, words: zhWords },
  en: { troubles: enTroubles, words: enWords },
} as const;

/** Reasons of a resolved alert that mean: nobody wants to hear of it any more. */
const endedByPeople: ReadonlySet<string> = new Set(['Deleted', 'Suspended']);

const longest = { name: 130, reason: 60, words: 300, url: 300 } as const;

/** What a person is told: what, who, since when, what AgentPod did, and what they can do. */
export function alertMessage(notice: AlertNotice, language: AlertLanguage): AlertMessage {
  const { words } = dictionaries[language];
  const name = notice.subject.kind === 'host' ? words.host : harmless(notice.subject.ref, longest.name);
  const head = words.titles[notice.kind][notice.severity];
  const title = (what: string): string => `${head} · ${name}${language === 'zh' ? '：' : ': '}${what}`;
  switch (notice.kind) {
    case 'test':
      return { title: head, body: lines([words.testBody, urlLine(notice, language)]) };
    case 'resolved': {
      const { what } = endedByPeople.has(notice.reason) ? words.ended.gone : words.ended.well;
      return { title: title(what), body: resolvedBody(notice, language, name) };
    }
    case 'firing':
    case 'escalated': {
      const { what } = dictionaries[language].troubles[troubleOf(notice.rule, notice.reason)];
      return { title: title(what), body: firingBody(notice, language, name) };
    }
  }
}

function firingBody(notice: AlertNotice, language: AlertLanguage, name: string): string {
  const { troubles, words } = dictionaries[language];
  const trouble = troubleOf(notice.rule, notice.reason);
  const { what, did, can } = troubles[trouble];
  return lines([
    words.who(name, tenantOf(notice)),
    words.what(what, harmless(notice.reason, longest.reason)),
    words.since(timeOf(notice.since), durationBetween(notice.since, notice.at, language)),
    words.did(did),
    words.can(can, commandFor(trouble, { kind: notice.subject.kind, ref: name })),
    notice.flapping === true ? words.flapping : undefined,
    urlLine(notice, language),
    notice.message === '' ? undefined : words.message(harmless(notice.message, longest.words)),
    notice.lastError === undefined || notice.lastError === notice.message
      ? undefined
      : words.lastError(harmless(notice.lastError, longest.words)),
  ]);
}

function resolvedBody(notice: AlertNotice, language: AlertLanguage, name: string): string {
  const { troubles, words } = dictionaries[language];
  // Why it was over is not what it was.
  const isGone = endedByPeople.has(notice.reason);
  const was = troubles[troubleOf(notice.rule, isGone ? '' : notice.reason)].what;
  return lines([
    words.who(name, tenantOf(notice)),
    words.what(was, harmless(notice.rule, longest.reason)),
    words.lasted(timeOf(notice.since), timeOf(notice.at), durationBetween(notice.since, notice.at, language)),
    (isGone ? words.ended.gone : words.ended.well).sentence,
    urlLine(notice, language),
  ]);
}

function urlLine({ url }: AlertNotice, language: AlertLanguage): string | undefined {
  const { words } = dictionaries[language];
  // Ours, and the one link that a person is to follow.
  return url !== undefined && /^https?:\/\/[^\s<>"]+$/.test(url) && url.length <= longest.url
    ? words.url(url)
    : undefined;
}

function tenantOf({ subject }: AlertNotice): string | undefined {
  return subject.tenant === undefined ? undefined : harmless(subject.tenant, longest.name);
}

function lines(all: readonly (string | undefined)[]): string {
  return all.filter((line) => line !== undefined).join('\n');
}

/** `2026-11-25 03:41:43 UTC`: the server does not know where its reader lives. */
function timeOf(iso: string): string {
  const time = Date.parse(iso);
  return Number.isNaN(time) ? '?' : `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** The two largest units: `1 d 3 h`, `3 分钟 5 秒`. */
export function durationBetween(since: string, at: string, language: AlertLanguage): string {
  const { units } = dictionaries[language].words;
  const seconds = Math.max(0, Math.round((Date.parse(at) - Date.parse(since)) / 1000)) || 0;
  const parts = [
    { count: Math.floor(seconds / 86_400), unit: units.day },
    { count: Math.floor(seconds / 3600) % 24, unit: units.hour },
    { count: Math.floor(seconds / 60) % 60, unit: units.minute },
    { count: seconds % 60, unit: units.second },
  ];
  const first = parts.findIndex(({ count }) => count > 0);
  if (first === -1) return `0${units.second}`;
  const shown = parts.slice(first, first + 2).filter(({ count }) => count > 0);
  return shown.map(({ count, unit }) => `${count}${unit}`).join(' ');
}
