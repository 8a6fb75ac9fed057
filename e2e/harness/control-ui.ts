import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './processes.ts';
import type { BrowserContext, Locator, Page } from 'playwright-core';

export interface Visit {
  /** One-time link that makes the first account. */
  readonly setupUrl: string;
  readonly username: string;
  readonly password: string;
  readonly agentUrl: string;
}

/** Goes the way of a person: makes the first account, then opens the agent; AgentPod's hand-over does the rest. */
export async function logInAndOpen(context: BrowserContext, visit: Visit): Promise<Page> {
  const page = await context.newPage();
  await page.goto(visit.setupUrl);
  await page.getByLabel(/user ?name/i).fill(visit.username);
  for (const field of await page.locator('input[type=password]').all()) await field.fill(visit.password);
  await page.getByRole('button', { name: /create|set up|continue/i }).click();
  await page.getByRole('heading', { name: /agents/i }).waitFor();
  await page.goto(visit.agentUrl);
  await messageBox(page);
  return page;
}

/** The first look at the page after a boot is slow; what it shows when it never comes is worth knowing. */
async function messageBox(page: Page): Promise<Locator> {
  const box = page.getByPlaceholder(/^Message /);
  try {
    await box.waitFor({ timeout: 90_000 });
  } catch (cause) {
    await page.screenshot({ path: join(tmpdir(), 'agentpod-e2e-control-ui.png') });
    throw new Error(`no message box at ${page.url()}: ${(await page.innerText('body')).slice(0, 500)}`, { cause });
  }
  return box;
}

/** Types a message into OpenClaw's Control UI and waits until the reply can be read in the page. */
export async function say(page: Page, message: string, reply: string): Promise<void> {
  const box = await messageBox(page);
  await box.fill(message);
  const before = await occurrences(page, reply);
  await box.press('Enter');
  await until(`the page shows "${reply}"`, 90, async () => (await occurrences(page, reply)) > before);
}

async function occurrences(page: Page, text: string): Promise<number> {
  return (await page.innerText('body')).split(text).length - 1;
}
