import { createHash, randomBytes, randomUUIDv7 } from 'node:crypto';
import { AppError } from '@agentpod/core';
import type { Accounts, Person } from '../../ports/accounts.ts';
import { toIso } from './agent-rows.ts';
import type { Database } from './database.ts';
import { hashPassword, isPassword, nobodysPassword, type PasswordCost, strongCost } from './password.ts';

/** A session ends when it was not used for so long, … */
const idleMs = 12 * 3600_000;
/** … and in any case so long after the log-in. */
const lifetimeMs = 7 * 24 * 3600_000;
/** How exactly the last use is remembered: not every request is a write. */
const usePrecisionMs = 60_000;

/** Lets secret scanners recognise a token that was published by mistake. */
const tokenPrefix = 'apt_';

export interface SqliteAccountsOptions {
  /** A lower one is for tests alone: what it hashed stays that cheap to guess. */
  readonly passwordCost?: PasswordCost;
  /** Somebody came, or the sessions of somebody ended: the gateway has to hear of it. */
  readonly peopleChanged?: () => void;
}

/** People, their sessions and API tokens. Whatever lets somebody in is stored hashed. */
export class SqliteAccounts implements Accounts {
  readonly #database: Database;
  readonly #now: () => number;
  readonly #passwordCost: PasswordCost;
  readonly #peopleChanged: () => void;

  constructor(database: Database, now: () => number, options: SqliteAccountsOptions = {}) {
    this.#database = database;
    this.#now = now;
    this.#passwordCost = options.passwordCost ?? strongCost;
    this.#peopleChanged = options.peopleChanged ?? (() => undefined);
  }

  async isSetUp(): Promise<boolean> {
    const first = await this.#database.query.selectFrom('people').select('id').limit(1).executeTakeFirst();
    return first !== undefined;
  }

  async createFirst(username: string, password: string): Promise<Person> {
    const person = { id: randomUUIDv7(), username };
    const hash = await hashPassword(password, this.#passwordCost);
    await this.#database.transact(async (tx) => {
      const existing = await tx.selectFrom('people').select('id').limit(1).executeTakeFirst();
      if (existing) throw new AppError('conflict', 'AlreadySetUp', 'the first account was made already');
      await tx
        .insertInto('people')
        .values({ ...person, password: hash, created_at: this.#now(), sessions_not_before: 0 })
        .execute();
    });
    this.#peopleChanged();
    return person;
  }

  async logIn(username: string, password: string): Promise<{ person: Person; session: string } | undefined> {
    const row = await this.#database.query
      .selectFrom('people')
      .select(['id', 'username', 'password'])
      .where('username', '=', username)
      .executeTakeFirst();
    const fits = await isPassword(password, row?.password ?? nobodysPassword(this.#passwordCost));
    if (!row || !fits) return undefined;
    const person = { id: row.id, username: row.username };
    const session = randomBytes(32).toString('base64url');
    const now = this.#now();
    await this.#database.transact(async (tx) => {
      await tx
        .deleteFrom('sessions')
        .where((eb) => eb.or([eb('used_at', '<=', now - idleMs), eb('created_at', '<=', now - lifetimeMs)]))
        .execute();
      await tx
        .insertInto('sessions')
        .values({ hash: hashOf(session), person_id: person.id, created_at: now, used_at: now })
        .execute();
    });
    return { person, session };
  }

  /** Also ends what the person opened on the hosts of agents, in every browser. */
  async logOut(session: string): Promise<void> {
    // Issue times of the gateway's sessions are whole seconds: whoever logs in again at once is let in.
    const second = Math.floor(this.#now() / 1000) * 1000;
    await this.#database.transact(async (tx) => {
      const ended = await tx
        .deleteFrom('sessions')
        .where('hash', '=', hashOf(session))
        .returning('person_id')
        .executeTakeFirst();
      if (!ended) return;
      await tx.updateTable('people').set({ sessions_not_before: second }).where('id', '=', ended.person_id).execute();
    });
    this.#peopleChanged();
  }

  async bySession(session: string): Promise<Person | undefined> {
    const now = this.#now();
    const hash = hashOf(session);
    const row = await this.#database.query
      .selectFrom('sessions')
      .innerJoin('people', 'people.id', 'sessions.person_id')
      .select(['people.id', 'people.username', 'sessions.used_at'])
      .where('sessions.hash', '=', hash)
      .where('sessions.used_at', '>', now - idleMs)
      .where('sessions.created_at', '>', now - lifetimeMs)
      .executeTakeFirst();
    if (!row) return undefined;
    if (row.used_at <= now - usePrecisionMs) {
      await this.#database.query.updateTable('sessions').set({ used_at: now }).where('hash', '=', hash).execute();
    }
    return { id: row.id, username: row.username };
  }

  async byToken(token: string): Promise<Person | undefined> {
    if (!token.startsWith(tokenPrefix)) return undefined;
    return this.#database.query
      .selectFrom('tokens')
      .innerJoin('people', 'people.id', 'tokens.person_id')
      .select(['people.id', 'people.username'])
      .where('tokens.hash', '=', hashOf(token))
      .executeTakeFirst();
  }

  async createToken(
    owner: string,
    name: string,
  ): Promise<{ id: string; name: string; createdAt: string; token: string }> {
    const token = `${tokenPrefix}${randomBytes(32).toString('base64url')}`;
    const id = randomUUIDv7();
    const now = this.#now();
    await this.#database.transact(async (tx) => {
      const person = await tx.selectFrom('people').select('id').where('id', '=', owner).executeTakeFirst();
      if (!person)
        throw new AppError('not-found', 'PersonNotFound', 'tokens belong to a person, and there is none of this id');
      await tx
        .insertInto('tokens')
        .values({ id, person_id: owner, name, hash: hashOf(token), created_at: now })
        .execute();
    });
    return { id, name, createdAt: toIso(now), token };
  }

  async listTokens(owner: string): Promise<readonly { id: string; name: string; createdAt: string }[]> {
    const rows = await this.#database.query
      .selectFrom('tokens')
      .select(['id', 'name', 'created_at'])
      .where('person_id', '=', owner)
      .orderBy('id')
      .execute();
    return rows.map(({ id, name, created_at }) => ({ id, name, createdAt: toIso(created_at) }));
  }

  async revokeToken(owner: string, id: string): Promise<void> {
    await this.#database.query.deleteFrom('tokens').where('id', '=', id).where('person_id', '=', owner).execute();
  }

  async listPeople(): Promise<readonly (Person & { sessionsNotBefore: number })[]> {
    const rows = await this.#database.query
      .selectFrom('people')
      .select(['id', 'username', 'sessions_not_before'])
      .orderBy('id')
      .execute();
    return rows.map(({ id, username, sessions_not_before }) => ({
      id,
      username,
      sessionsNotBefore: sessions_not_before,
    }));
  }
}

/** Sessions and tokens are 256 random bits: nothing slower than one hash is needed. */
function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}
