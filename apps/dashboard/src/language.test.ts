import { describe, expect, test } from 'vitest';
import { firstLanguage } from './language.tsx';

describe('the language of the first visit', () => {
  test.for([
    { chosen: null, browser: ['zh-CN', 'en'], expected: 'zh' },
    { chosen: null, browser: ['zh-Hant-TW'], expected: 'zh' },
    { chosen: null, browser: ['de', 'zh', 'en'], expected: 'zh' },
    { chosen: null, browser: ['de-DE'], expected: 'en' },
    { chosen: null, browser: [], expected: 'en' },
    { chosen: 'en', browser: ['zh-CN'], expected: 'en' },
    { chosen: 'nonsense', browser: ['zh-CN'], expected: 'zh' },
  ] as const)('chosen $chosen, browser $browser: $expected', ({ chosen, browser, expected }) => {
    expect(firstLanguage(chosen, browser)).toBe(expected);
  });
});
