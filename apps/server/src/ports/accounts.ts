/** Somebody who may use the control plane. */
export interface Person {
  readonly id: string;
  readonly username: string;
}

export interface Accounts {
  /** Whether the first account exists. */
  isSetUp(): Promise<boolean>;
  /** Makes the first account. Throws `conflict`/`AlreadySetUp` when there is one. */
  createFirst(username: string, password: string): Promise<Person>;
  /** The session cookie's value, or `undefined` when name or password is wrong; both cost the same time. */
  logIn(username: string, password: string): Promise<{ person: Person; session: string } | undefined>;
  /** Moves `sessionsNotBefore` too: what the person opened on the hosts of agents ends with it. */
  logOut(session: string): Promise<void>;
  bySession(session: string): Promise<Person | undefined>;
  byToken(token: string): Promise<Person | undefined>;
  /** The token itself is answered once and cannot be read again. */
  createToken(owner: string, name: string): Promise<{ id: string; name: string; createdAt: string; token: string }>;
  listTokens(owner: string): Promise<readonly { id: string; name: string; createdAt: string }[]>;
  revokeToken(owner: string, id: string): Promise<void>;
  /** For the gateway's snapshot: everybody who may open agents. `sessionsNotBefore` is in milliseconds since 1970, whole seconds. */
  listPeople(): Promise<readonly (Person & { sessionsNotBefore: number })[]>;
}
