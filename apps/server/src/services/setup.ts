import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { AppError } from '@agentpod/core';
import { z } from 'zod';
import type { Accounts } from '../ports/accounts.ts';
import type { Clock } from '../ports/clock.ts';
import type { Store } from '../ports/store.ts';

export interface SetupDeps {
  readonly accounts: Accounts;
  readonly store: Pick<Store, 'getSetting' | 'putSetting'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly consoleUrl: string;
}

const linkHours = 24;
const setting = 'setup-link';

/** The link itself is not kept, only its hash. An empty hash matches nothing: the link was used. */
const StoredLink = z.object({ hash: z.string(), expiresAt: z.number() });

/** The first account. Only who holds the link, printed once on the machine itself, can make it. */
export class Setup {
  readonly #deps: SetupDeps;

  constructor(deps: SetupDeps) {
    this.#deps = deps;
  }

  async isDone(): Promise<boolean> {
    return this.#deps.accounts.isSetUp();
  }

  /** A new link; the one before it no longer works. Throws `conflict`/`AlreadySetUp`. */
  async link(): Promise<{ url: string; expiresAt: string }> {
    await this.#refuseWhenDone();
    const token = randomBytes(32).toString('base64url');
    const expiresAt = this.#deps.clock.now() + linkHours * 3_600_000;
    await this.#save({ hash: digest(token).toString('hex'), expiresAt });
    // In the fragment, which browsers send to nobody: it stands in no log of a proxy.
    return { url: `${this.#deps.consoleUrl}/setup#token=${token}`, expiresAt: new Date(expiresAt).toISOString() };
  }

  /** Makes the account and logs it in. Throws `forbidden`/`InvalidSetupLink` or `conflict`/`AlreadySetUp`. */
  async complete(request: { token: string; username: string; password: string }) {
    const { accounts } = this.#deps;
    await this.#refuseWhenDone();
    await this.#checkLink(request.token);
    await accounts.createFirst(request.username, request.password);
    await this.#save({ hash: '', expiresAt: 0 });
    const loggedIn = await accounts.logIn(request.username, request.password);
    if (!loggedIn) throw new AppError('bug', 'NoSession', 'the account just made could not log in');
    return loggedIn;
  }

  async #checkLink(token: string): Promise<void> {
    const text = await this.#deps.store.getSetting(setting);
    const link = text === undefined ? undefined : StoredLink.parse(JSON.parse(text));
    const expected = Buffer.from(link?.hash ?? '', 'hex');
    const given = digest(token);
    const matches = expected.length === given.length && timingSafeEqual(expected, given);
    if (matches && link !== undefined && this.#deps.clock.now() < link.expiresAt) return;
    throw new AppError('forbidden', 'InvalidSetupLink', 'this set-up link is not valid, or no longer', {
      remedy: 'Ask for a new one on the machine itself with "agentpod setup-link".',
    });
  }

  async #refuseWhenDone(): Promise<void> {
    if (!(await this.isDone())) return;
    throw new AppError('conflict', 'AlreadySetUp', 'the first account exists already', { remedy: 'Log in with it.' });
  }

  async #save(link: z.infer<typeof StoredLink>): Promise<void> {
    await this.#deps.store.putSetting(setting, JSON.stringify(link));
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
