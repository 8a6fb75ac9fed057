import { plainText } from './plain-text.ts';

/** Endings that mail and chat programs make a link of although nobody wrote `https://`. */
const linkedEndings =
  'ai|app|biz|cc|click|club|cn|co|com|dev|edu|gov|icu|info|io|link|live|me|net|online|org|pro|ru|shop|site|space|store|su|tech|tk|top|tv|vip|work|xyz';
const bareDomain = new RegExp(`(?<=[\\w-])\\.(?=(?:${linkedEndings})(?![\\w.-]*[\\w-]))`, 'gi');

/**
 * Words that an agent chose, fit to stand in a message to a person: one line, and nothing in it that a mail or chat
 * program makes a link, a mention or a command of. It stays readable: `https[:]//example[.]com`, `＠all`.
 */
export function harmless(text: string, longest: number): string {
  return plainText(
    plainText(text)
      .replace(/\s+/g, ' ')
      .replaceAll('://', '[:]//')
      .replace(/\b(www)\./gi, '$1[.]')
      .replace(bareDomain, '[.]')
      .replaceAll('@', '＠')
      .replace(/\b(javascript|data|mailto|tel|sms|tg):/gi, '$1[:]'),
    longest,
  );
}
