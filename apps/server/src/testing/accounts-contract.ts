import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Accounts } from '../ports/accounts.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const password = 'correct horse battery';

/** What all accounts do. `makeAccounts` gives a fresh set that reads the time from `now`. */
export function accountsContract(
  name: string,
  makeAccounts: (now: () => number) => Promise<{ accounts: Accounts; close(): Promise<void> }>,
): void {
  describe(name, () => {
    let time: number;
    let accounts: Accounts;
    let close: () => Promise<void>;
    beforeEach(async () => {
      time = Date.parse('2026-11-01T00:00:00.500Z');
      ({ accounts, close } = await makeAccounts(() => time));
    });
    afterEach(() => close());

    async function logIn(): Promise<string> {
      const entered = await accounts.logIn('zhao.ming', password);
      if (!entered) throw new Error('the log-in was refused');
      return entered.session;
    }

    test('the first account is made once, whoever else tries at the same time', async () => {
      expect(await accounts.isSetUp()).toBe(false);
      const attempts = await Promise.allSettled([
        accounts.createFirst('zhao.ming', password),
        accounts.createFirst('mallory', password),
      ]);
      expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(await accounts.isSetUp()).toBe(true);
      expect(await accounts.listPeople()).toHaveLength(1);
      await expect(accounts.createFirst('late', password)).rejects.toMatchObject({
        kind: 'conflict',
        reason: 'AlreadySetUp',
      });
    });

    describe('with one person', () => {
      let id: string;
      beforeEach(async () => {
        ({ id } = await accounts.createFirst('zhao.ming', password));
      });

      test('name and password give a session, and the session gives the person', async () => {
        const entered = await accounts.logIn('Zhao.Ming', password);
        expect(entered?.person).toEqual({ id, username: 'zhao.ming' });
        expect(await accounts.bySession(entered?.session ?? '')).toEqual({ id, username: 'zhao.ming' });
      });

      test.each([
        ['zhao.ming', 'wrong horse battery'],
        ['zhao.ming', ''],
        ['zhao.ming', `${password} `],
        ['li.na', password],
        ['', ''],
        ["' or 1=1 --", password],
      ])('"%s" with "%s" is refused', async (username, given) => {
        expect(await accounts.logIn(username, given)).toBeUndefined();
      });

      test('a password is the same however its letters are composed', async () => {
        await close();
        ({ accounts, close } = await makeAccounts(() => time));
        await accounts.createFirst('zoe', 'caf\u00e9 au lait');
        expect(await accounts.logIn('zoe', 'cafe\u0301 au lait')).toBeDefined();
      });

      test('an unknown name costs as much time as a wrong password', async () => {
        const leastTimeOf = async (username: string): Promise<number> => {
          const times: number[] = [];
          for (let run = 0; run < 5; run++) {
            const start = process.cpuUsage();
            await accounts.logIn(username, 'wrong horse battery');
            const { user, system } = process.cpuUsage(start);
            times.push(user + system);
          }
          return Math.min(...times);
        };
        expect(await leastTimeOf('nobody')).toBeGreaterThan(0.5 * (await leastTimeOf('zhao.ming')));
      });

      test('a session lives on while it is used, and ends 12 hours after its last use', async () => {
        const session = await logIn();
        time += 11 * hour;
        expect(await accounts.bySession(session)).toBeDefined();
        time += 11 * hour;
        expect(await accounts.bySession(session)).toBeDefined();
        time += 12 * hour;
        expect(await accounts.bySession(session)).toBeUndefined();
      });

      test('a session ends 7 days after the log-in, however much it is used', async () => {
        const session = await logIn();
        const start = time;
        for (; time < start + 7 * day; time += 6 * hour) expect(await accounts.bySession(session)).toBeDefined();
        expect(await accounts.bySession(session)).toBeUndefined();
      });

      test('a log-in ends no other session that is still good', async () => {
        const first = await logIn();
        time += 13 * hour;
        const second = await logIn();
        time += hour;
        const third = await logIn();
        expect(await accounts.bySession(first)).toBeUndefined();
        expect(await accounts.bySession(second)).toBeDefined();
        expect(await accounts.bySession(third)).toBeDefined();
      });

      test('logging out ends this session and what was opened with it, not the other console sessions', async () => {
        const [one, two] = [await logIn(), await logIn()];
        expect(await accounts.listPeople()).toEqual([{ id, username: 'zhao.ming', sessionsNotBefore: 0 }]);
        await accounts.logOut(one);
        expect(await accounts.bySession(one)).toBeUndefined();
        expect(await accounts.bySession(two)).toBeDefined();
        expect(await accounts.listPeople()).toMatchObject([{ sessionsNotBefore: time - 500 }]);
      });

      test('logging out with a session that never was does nothing', async () => {
        await accounts.logOut('made-up');
        expect(await accounts.listPeople()).toMatchObject([{ sessionsNotBefore: 0 }]);
      });

      test('a token is shown once, gives the person, and is gone when it was revoked', async () => {
        const made = await accounts.createToken(id, 'ci');
        expect(made.token).toMatch(/^apt_[\w-]{43}$/);
        expect(await accounts.byToken(made.token)).toEqual({ id, username: 'zhao.ming' });
        const { token, ...rest } = made;
        expect(await accounts.listTokens(id)).toEqual([rest]);
        await accounts.revokeToken(id, made.id);
        await accounts.revokeToken(id, made.id);
        expect(await accounts.byToken(token)).toBeUndefined();
        expect(await accounts.listTokens(id)).toEqual([]);
      });

      test('nobody revokes or lists the tokens of somebody else, and nobody gets one for a person who is not there', async () => {
        const { id: tokenId, token } = await accounts.createToken(id, 'ci');
        await accounts.revokeToken('somebody-else', tokenId);
        expect(await accounts.byToken(token)).toBeDefined();
        expect(await accounts.listTokens('somebody-else')).toEqual([]);
        await expect(accounts.createToken('somebody-else', 'x')).rejects.toMatchObject({ kind: 'not-found' });
      });

      test('a session is no token and a token is no session', async () => {
        const session = await logIn();
        const { token } = await accounts.createToken(id, 'ci');
        for (const wrong of [session, '', 'apt_', `${token}x`, token.slice(4)]) {
          expect(await accounts.byToken(wrong)).toBeUndefined();
        }
        for (const wrong of [token, '', `${session}x`]) expect(await accounts.bySession(wrong)).toBeUndefined();
      });
    });
  });
}
