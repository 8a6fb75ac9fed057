import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { AlertListener, type Notice } from './alert-listener.ts';
import type { ControlPlane } from './control-plane.ts';
import { Mailbox } from './mailbox.ts';
import { until } from './processes.ts';

/** The well state has to last before people hear of it, and outboxes are not emptied at once. */
const recoverySeconds = 45;
/** What a notice that should not exist would need to arrive. */
const lateMs = 1500;

/** Everything that people were told, by a real webhook receiver and by a real mail server. */
export class Told {
  readonly webhook = new AlertListener();
  readonly mailbox = new Mailbox();

  async start(): Promise<void> {
    await this.webhook.start();
    await this.mailbox.start();
  }

  /** Makes the installation tell both. */
  async subscribe(plane: ControlPlane): Promise<void> {
    await addTransports(plane, this);
  }

  about(ref: string): Notice[] {
    return this.webhook.notices.filter(({ subject, kind }) => subject.ref === ref && kind !== 'test');
  }

  async firing(ref: string, seconds: number, after = 0): Promise<Notice> {
    return until(`somebody is told of ${ref}`, seconds, async () =>
      this.about(ref).find(({ kind, receivedAt }) => kind === 'firing' && receivedAt >= after),
    );
  }

  /** One alert since `after`, told on both ways, and its end: nothing else. Answers with the first notice. */
  async onceAndOver(ref: string, { after = 0, seconds = recoverySeconds } = {}): Promise<Notice> {
    const news = () => this.about(ref).filter(({ receivedAt }) => receivedAt >= after);
    await until(`people hear that ${ref} is well again`, seconds, async () =>
      news().some(({ kind }) => kind === 'resolved'),
    );
    await pause(lateMs);
    const told = news();
    const kinds = told.map(({ kind }) => kind).filter((kind) => kind !== 'escalated');
    if (kinds.join() !== 'firing,resolved') throw new Error(`people heard of ${ref}: ${told.map(inShort).join('; ')}`);
    await until(`the same was mailed about ${ref}`, 20, async () => told.every(({ id }) => this.#mails(id) === 1));
    const [firing] = told;
    if (!firing) throw new Error('unreachable: the kinds were compared');
    return firing;
  }

  /** How many mails carry this notice. */
  #mails(id: string): number {
    return this.mailbox.mails.filter(({ raw }) => raw.toLowerCase().includes(`\nx-agentpod-id: ${id.toLowerCase()}\r`))
      .length;
  }

  async stop(): Promise<void> {
    this.webhook.stop();
    await this.mailbox.stop();
  }
}

export function inShort({ kind, rule, reason, subject, at }: Notice): string {
  return `${at} ${kind} ${rule}/${reason} of ${subject.ref}`;
}

/** With the command line, as an operator would. */
async function addTransports(plane: ControlPlane, { webhook, mailbox }: Told): Promise<void> {
  const secretFile = join(plane.dataDir, 'webhook.secret');
  writeFileSync(secretFile, webhook.secret, { mode: 0o600 });
  const set = (settings: Readonly<Record<string, string | number>>) =>
    Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
  const here = { host: '127.0.0.1', port: mailbox.port, security: 'none' };
  for (const args of [
    ['pager', 'webhook', ...set({ url: webhook.url, allowPrivate: 'true' }), '--secret-file', `secret=${secretFile}`],
    ['mail', 'smtp', ...set({ ...here, from: 'agentpod@example.com', to: 'zhao@example.com' })],
  ]) {
    const { code, stderr } = await plane.cli('alert', 'transport', 'add', ...args);
    if (code !== 0) throw new Error(stderr);
  }
}
