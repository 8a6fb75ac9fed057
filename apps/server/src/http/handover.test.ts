import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type AppUnderTest, startApp } from './app-under-test.ts';

let on: AppUnderTest;
let cookie: string;
const nonce = 'n'.repeat(43);
const navigation = { 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate' };

beforeEach(async () => {
  on = await startApp();
  await on.client.createAgent({ ref: 'acme' });
  await on.accounts.createFirst('zhao', 'correct horse');
  cookie = `agentpod-console=${(await on.accounts.logIn('zhao', 'correct horse'))?.session ?? ''}`;
});
afterEach(async () => {
  await on.stop();
});

const go = (query: Record<string, string>, headers: Record<string, string> = { cookie }) =>
  on.app.inject({ url: `/handover?${new URLSearchParams(query).toString()}`, headers: { ...navigation, ...headers } });

describe('hand-over', () => {
  test('carries a person who is logged in to the agent, with a code for that host and browser', async () => {
    const response = await go({ host: 'acme.localhost', nonce, next: '/chat?session=main' });
    expect(response.statusCode).toBe(302);
    const target = new URL(String(response.headers.location));
    expect(`${target.origin}${target.pathname}`).toBe('http://acme.localhost/__agentpod/callback');
    expect(target.searchParams.get('next')).toBe('/chat?session=main');
    const claims = JSON.parse(Buffer.from(target.searchParams.get('code') ?? '', 'base64url').toString()) as object;
    const [person] = await on.accounts.listPeople();
    const iat = on.clock.now() / 1000;
    expect(claims).toMatchObject({ sub: person?.id, aud: 'acme.localhost', nonce, iat, exp: iat + 30 });
    expect(response.headers['cache-control']).toBe('no-store');
    expect(response.headers['referrer-policy']).toBe('no-referrer');
  });

  test('sends somebody who is not logged in to the log-in, and from there back', async () => {
    const response = await go({ host: 'acme.localhost', nonce, next: '/x' }, {});
    const target = new URL(String(response.headers.location), 'http://console.localhost');
    expect([response.statusCode, target.pathname]).toEqual([302, '/login']);
    const back = new URL(target.searchParams.get('next') ?? '', 'http://console.localhost');
    expect(back.pathname).toBe('/handover');
    expect(Object.fromEntries(back.searchParams)).toEqual({ host: 'acme.localhost', nonce, next: '/x' });
  });

  test.each([
    'evil.example',
    'acme.localhost:8080',
    'acme.localhost@evil.example',
    'ACME.localhost',
    'console.localhost',
    '',
    'acme.localhost/',
  ])('never leads to "%s", logged in or not', async (host) => {
    for (const headers of [{ cookie }, {}]) {
      const response = await go({ host, nonce, next: '/' }, headers);
      expect(response.statusCode).toBe(404);
      expect(response.headers.location).toBeUndefined();
      if (host.length > 3) expect(response.body).not.toContain(host);
    }
  });

  test('never leads to an agent that is being deleted', async () => {
    await on.client.deleteAgent('acme');
    expect((await go({ host: 'acme.localhost', nonce, next: '/' })).statusCode).toBe(404);
  });

  test.each([
    '//evil.example',
    '/\\evil.example',
    'https://evil.example',
    '/a\nb',
    '',
    'javascript:alert(1)',
    `/${'x'.repeat(3000)}`,
  ])('goes to the front page instead of %j', async (next) => {
    const response = await go({ host: 'acme.localhost', nonce, next });
    const target = new URL(String(response.headers.location));
    expect([target.host, target.searchParams.get('next')]).toEqual(['acme.localhost', '/']);
  });

  test.each([
    { 'sec-fetch-dest': 'iframe' },
    { 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'cors' },
    { 'sec-fetch-mode': 'no-cors' },
  ])('answers only windows of their own: %j', async (headers) => {
    const response = await go({ host: 'acme.localhost', nonce, next: '/' }, { cookie, ...headers });
    expect(response.statusCode).toBe(403);
    expect(response.headers.location).toBeUndefined();
  });

  test.each([
    {},
    { host: 'acme.localhost' },
    { host: 'acme.localhost', nonce: 'short' },
    { host: 'acme.localhost', nonce: `${nonce}"` },
  ])('is refused when the address is not complete: %j', async (query) => {
    expect((await go(query as Record<string, string>)).statusCode).toBe(400);
  });

  test('speaks the language of the browser', async () => {
    const zh = await go({ host: 'evil.example', nonce }, { 'accept-language': 'zh-CN,zh;q=0.9' });
    expect(zh.body).toContain('没有这个智能体');
    expect((await go({ host: 'evil.example', nonce })).body).toContain('No such agent');
    expect(zh.headers['content-type']).toBe('text/html; charset=utf-8');
  });
});
