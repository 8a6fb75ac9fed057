import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axe from 'axe-core';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { describeReal } from '../../server/src/testing/real-parts.ts';
import { agentView } from './testing/agent-view.ts';
import { StubServer } from './testing/stub-server.ts';

const executablePath = process.env['AGENTPOD_CHROMIUM'] ?? '/usr/bin/chromium';
const phone = { width: 390, height: 844 };
/** Where to leave pictures of every state, for a person to look at. */
const pictures = process.env['AGENTPOD_SCREENSHOTS'];

const booting = { reason: 'Booting', message: 'The agent boots' };
const refused = {
  reason: 'ConfigRefused',
  message: 'The agent exited with code 78: it refuses its configuration or data',
};

describeReal('the dashboard in Chromium', existsSync(executablePath) ? undefined : `no ${executablePath}`, () => {
  let folder: string;
  let stub: StubServer;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'agentpod-dashboard-'));
    const dist = join(folder, 'dist');
    await build({
      root: join(import.meta.dirname, '..'),
      logLevel: 'error',
      build: { outDir: dist, emptyOutDir: true },
    });
    stub = new StubServer(dist);
    await stub.start();
    browser = await chromium.launch({
      executablePath,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
  }, 60_000);

  afterAll(async () => {
    await browser.close();
    await stub.stop();
    await rm(folder, { recursive: true, force: true });
  });

  beforeEach(async () => {
    stub.reset();
    complaints.length = 0;
    await open({});
  });

  afterEach(async () => {
    await context.close();
    // Whatever the policy forbids or code throws is said here; a request that was refused on purpose is not a mistake.
    const mistakes = complaints.filter((text) => !text.startsWith('Failed to load resource'));
    if (mistakes.length > 0) throw new Error(mistakes.join('\n'));
  });

  async function open(options: { locale?: string; colorScheme?: 'light' | 'dark'; viewport?: typeof phone }) {
    context = await browser.newContext({
      locale: 'en-US',
      viewport: { width: 1280, height: 800 },
      reducedMotion: 'reduce',
      ...options,
    });
    page = await context.newPage();
    page.setDefaultTimeout(8000);
    // What the policy stops is not always an error of its own: code may try and go on without.
    await page.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => {
        console.error(`forbidden by the policy: ${event.effectiveDirective} ${event.blockedURI}`);
      });
    });
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
  }

  async function beLoggedIn(): Promise<void> {
    await context.addCookies([{ ...stub.openSession(), url: stub.origin, httpOnly: true, sameSite: 'Lax' }]);
  }

  async function fillIn(username: string, password: string, button: string): Promise<void> {
    await page.getByLabel('User name').fill(username);
    await page.getByLabel('Password', { exact: true }).fill(password);
    await page.getByRole('button', { name: button }).click();
  }

  const row = (ref: string) => page.locator(`[data-agent="${ref}"]`);

  async function picture(name: string): Promise<void> {
    if (pictures !== undefined) await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
  }

  test('who is not logged in is led to the log-in, and from there to the agents', async () => {
    stub.agents = [agentView('acme')];
    await page.goto(`${stub.origin}/`);
    await page.waitForURL(`${stub.origin}/login?next=%2F`);
    await picture('login-en');
    await fillIn('ming', 'correct horse', 'Log in');
    await row('acme').getByText('Ready').waitFor();
    expect(page.url()).toBe(`${stub.origin}/`);
  });

  test('a wrong password is told, and the right one works afterwards', async () => {
    await page.goto(`${stub.origin}/login`);
    await fillIn('ming', 'wrong', 'Log in');
    await page.getByRole('alert').getByText('User name or password is wrong.').waitFor();
    await picture('login-wrong-en');
    expect(await context.cookies()).toEqual([]);
    await fillIn('ming', 'correct horse', 'Log in');
    await page.getByText('No agents yet').waitFor();
  });

  test('a log-in on the way to an agent goes on with the hand-over', async () => {
    const handover = '/handover?host=acme.localhost&nonce=abc&next=%2Fchat';
    await page.goto(`${stub.origin}/login?next=${encodeURIComponent(handover)}`);
    await fillIn('ming', 'correct horse', 'Log in');
    await page.getByText('handed over').waitFor();
    expect(stub.handedOver).toEqual([handover]);
  });

  test.for(['//evil.example/', 'https://evil.example/', '/\\evil.example', '/%09/evil.example'])(
    'a log-in never leads to another site: next=%s',
    async (next) => {
      await page.goto(`${stub.origin}/login?next=${next}`);
      await fillIn('ming', 'correct horse', 'Log in');
      await page.waitForURL((url) => url.pathname !== '/login');
      expect(new URL(page.url()).origin).toBe(stub.origin);
    },
  );

  test('without an account the log-in shows how to get the set-up link', async () => {
    stub.account = undefined;
    await page.goto(`${stub.origin}/login`);
    await page.getByText('agentpod setup-link').waitFor();
    await picture('no-account-en');
  });

  test('the set-up link makes the first account and logs in', async () => {
    stub.account = undefined;
    await page.goto(`${stub.origin}/setup#token=${stub.setupToken}`);
    await page.getByLabel('Password', { exact: true }).waitFor();
    await picture('setup-en');
    await fillIn('ming', 'a long password', 'Create account');
    await page.getByText('No agents yet').waitFor();
    expect(stub.account).toEqual({ username: 'ming', password: 'a long password' });
    expect(page.url()).not.toContain(stub.setupToken);
  });

  test('a set-up link that was used or cut off says how to get a new one', async () => {
    stub.account = undefined;
    await page.goto(`${stub.origin}/setup`);
    await page.getByText('This link is not complete').waitFor();
    await page.goto(`${stub.origin}/login`);
    await page.goto(`${stub.origin}/setup#token=old`);
    await fillIn('ming', 'a long password', 'Create account');
    await page.getByText('This link is not valid any more').waitFor();
    expect(stub.account).toBeUndefined();
  });

  test('a set-up link opened after set-up leads to the log-in', async () => {
    await page.goto(`${stub.origin}/setup#token=${stub.setupToken}`);
    await page.getByRole('link', { name: 'Go to log-in' }).click();
    await page.waitForURL(`${stub.origin}/login`);
  });

  test('an empty fleet shows the command that makes the first agent, which then appears by itself', async () => {
    await beLoggedIn();
    await page.goto(stub.origin);
    await page.getByText('agentpod create acme --type openclaw', { exact: true }).waitFor();
    await picture('empty-en');
    await expect.poll(() => stub.watchers, { timeout: 15_000 }).toBe(1);
    stub.change(agentView('acme', 'creating', { reason: 'Creating', message: 'The container is being made' }));
    await row('acme').getByText('Creating', { exact: true }).first().waitFor();
  });

  test('every change is seen without a reload', async () => {
    stub.agents = [agentView('acme', 'starting', booting), agentView('shop')];
    await beLoggedIn();
    await page.goto(stub.origin);
    await row('acme').getByText('Starting').waitFor();
    await row('acme').getByText('The agent boots').waitFor();
    await expect.poll(() => stub.watchers, { timeout: 15_000 }).toBe(1);
    stub.change(agentView('acme'));
    await row('acme').getByText('Ready').waitFor();
    await page.getByText('2 agents · 2 ready', { exact: true }).waitFor();
    stub.change(agentView('acme', 'stalled', refused));
    await row('acme').getByText('Stalled').waitFor();
    await row('acme').getByText(refused.message).waitFor();
    await page.getByText('2 agents · 1 ready · 1 needs attention').waitFor();
    stub.remove('id-of-acme');
    await row('acme').waitFor({ state: 'detached' });
    await row('shop').waitFor();
  });

  test('an agent is opened in a new tab that knows nothing of the console', async () => {
    stub.agents = [agentView('acme/hr'), agentView('old', 'deleting')];
    await beLoggedIn();
    await page.goto(stub.origin);
    const link = page.getByRole('link', { name: 'Open acme/hr in a new tab' });
    expect(await link.getAttribute('href')).toBe('http://acme-hr.localhost');
    expect(await link.getAttribute('target')).toBe('_blank');
    expect(await link.getAttribute('rel')).toContain('noreferrer');
    expect(await row('old').getByRole('link').count()).toBe(0);
  });

  test('while the server is away the last state stays, marked as old, and comes up to date afterwards', async () => {
    stub.agents = [agentView('acme', 'starting', booting)];
    await beLoggedIn();
    await page.goto(stub.origin);
    await row('acme').getByText('Starting').waitFor();
    stub.isDown = true;
    stub.cutStreams();
    await page.getByText('The server does not answer; trying again.').waitFor();
    await row('acme').getByText('Starting').waitFor();
    await picture('offline-en');
    stub.agents = [agentView('acme')];
    stub.isDown = false;
    await row('acme').getByText('Ready').waitFor({ timeout: 15_000 });
    await page.getByText('The server does not answer').waitFor({ state: 'detached' });
  }, 30_000);

  test('a server that does not answer at all is said, with a way to try again', async () => {
    await beLoggedIn();
    stub.isDown = true;
    await page.goto(stub.origin);
    await page.getByRole('alert').getByText('The server does not answer').waitFor();
    await picture('unreachable-en');
    stub.isDown = false;
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('No agents yet').waitFor();
  });

  test('a session that ended leads to the log-in', async () => {
    stub.agents = [agentView('acme')];
    await beLoggedIn();
    await page.goto(stub.origin);
    await row('acme').waitFor();
    await context.clearCookies();
    stub.cutStreams();
    await page.waitForURL(`${stub.origin}/login?next=%2F`);
  });

  test('after the log-out the session is worth nothing', async () => {
    await beLoggedIn();
    const [cookie] = await context.cookies();
    await page.goto(stub.origin);
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.waitForURL(`${stub.origin}/login`);
    const answer = await fetch(`${stub.origin.replace('console.localhost', '127.0.0.1')}/v1/session`, {
      headers: { cookie: `${cookie?.name}=${cookie?.value}` },
    });
    expect(answer.status).toBe(401);
  });

  test('the language follows the browser, and a choice is remembered', async () => {
    await context.close();
    await open({ locale: 'zh-CN' });
    await beLoggedIn();
    await page.goto(stub.origin);
    await page.getByText('还没有智能体').waitFor();
    expect(await page.locator('html').getAttribute('lang')).toBe('zh-CN');
    await picture('empty-zh');
    await page.getByRole('button', { name: 'English' }).click();
    await page.getByText('No agents yet').waitFor();
    expect(await page.locator('html').getAttribute('lang')).toBe('en');
    await page.reload();
    await page.getByText('No agents yet').waitFor();
  });

  test('the whole page works with the keyboard alone', async () => {
    stub.agents = [agentView('acme')];
    await page.goto(`${stub.origin}/login`);
    await page.getByLabel('User name').focus();
    await page.keyboard.type('ming');
    await page.keyboard.press('Tab');
    await page.keyboard.type('correct horse');
    await page.keyboard.press('Enter');
    await row('acme').waitFor();
    const reached: string[] = [];
    for (let presses = 0; presses < 6; presses++) {
      await page.keyboard.press('Tab');
      reached.push(await page.evaluate(() => document.activeElement?.textContent ?? ''));
    }
    expect(reached).toEqual(['Skip to content', '中文', 'English', 'Log out', 'Open', expect.anything()]);
  });

  const fleet = [
    agentView('acme'),
    agentView('acme/hr', 'starting', booting),
    agentView('bakery-lindenhof', 'creating', { reason: 'Creating', message: 'The container is being made' }),
    agentView('dentist', 'stopped', { reason: 'Suspended', message: 'Stopped by a person; data is kept' }),
    agentView('garage', 'stalled', refused),
    agentView('hotel', 'degraded', {
      reason: 'NoCertificate',
      message: 'hotel.example.com resolves to 192.0.2.7, which is not this machine: correct the DNS record',
    }),
    agentView('law-office', 'unknown', {
      reason: 'EngineUnreachable',
      message: 'The engine does not answer at /var/run/docker.sock',
    }),
    agentView('shop', 'ready', undefined, { provider: 'demo', name: 'demo' }),
    agentView('zoo', 'deleting', { reason: 'Deleting', message: 'Removing container and network' }),
  ];

  const looks = [
    { locale: 'en-US', colorScheme: 'light', viewport: { width: 1280, height: 800 } },
    { locale: 'zh-CN', colorScheme: 'dark', viewport: { width: 1280, height: 800 } },
    { locale: 'en-US', colorScheme: 'dark', viewport: phone },
    { locale: 'zh-CN', colorScheme: 'light', viewport: phone },
  ] as const;

  test.for(looks)(
    'no page has an accessibility violation or needs sideways scrolling: $locale, $colorScheme, $viewport.width px',
    { timeout: 30_000 },
    async (look) => {
      await context.close();
      await open(look);
      const name = `${look.locale.slice(0, 2)}-${look.colorScheme}-${look.viewport.width}`;
      stub.agents = fleet;
      stub.account = undefined;
      for (const path of ['/login', '/setup', `/setup#token=${stub.setupToken}`, '/agents/nowhere']) {
        await page.goto(stub.origin + path);
        // The same file with another fragment is no navigation.
        await page.reload();
        await page.getByRole('heading', { level: 1 }).waitFor();
        expect([path, ...(await shortcomings(page))]).toEqual([path]);
      }
      stub.account = { username: 'ming', password: 'correct horse' };
      await page.goto(`${stub.origin}/login`);
      await page.getByRole('textbox').first().waitFor();
      expect(await shortcomings(page)).toEqual([]);
      await picture(`login-${name}`);
      await beLoggedIn();
      await page.goto(stub.origin);
      await row('zoo').waitFor();
      expect(await shortcomings(page)).toEqual([]);
      await picture(`agents-${name}`);
    },
  );
});

/** Violations of WCAG 2.2 A and AA that a program can find, and content wider than the window. */
async function shortcomings(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const run = (globalThis as unknown as { axe: typeof axe }).axe.run;
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    const { violations } = await run(document, { runOnly: { type: 'tag', values: tags } });
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
    if (document.documentElement.scrollWidth > innerWidth) found.push('the page is wider than the window');
    return found;
  });
}
