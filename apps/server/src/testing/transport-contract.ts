import { inspect } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { AlertNotice, TransportKind, TransportTarget } from '../ports/alert-transport.ts';

/** How the receiver behaves from now on. */
export type Receiving = 'well' | 'busy' | 'failing' | 'silent' | 'refusing';

export interface TransportUnderTest {
  readonly transport: TransportKind;
  readonly target: TransportTarget;
  /** What may never be seen in an error or a delivery log. */
  readonly secrets: readonly string[];
  readonly receive: (how: Receiving) => void;
  /** The text of each message that a person would see, oldest first. */
  readonly seen: () => readonly string[];
  /** Nothing listens at the target's port afterwards. */
  readonly stop: () => Promise<void>;
}

export function aNotice(over: Partial<AlertNotice> = {}): AlertNotice {
  return {
    id: 'notice-1',
    kind: 'firing',
    rule: 'AgentDown',
    severity: 'critical',
    subject: { kind: 'agent', ref: 'acme/hr', tenant: 'acme' },
    reason: 'Hung',
    since: '2026-11-25T03:00:00.000Z',
    at: '2026-11-25T03:00:10.000Z',
    message: 'No answer',
    ...over,
  };
}

export const aText = { title: 'AgentPod critical · acme/hr: hangs', body: 'Subject: acme/hr\nDetails: 没有响应' };

/** What the delivery of alerts may rely on, whoever receives them. */
export function transportContract(create: () => Promise<TransportUnderTest>): void {
  let subject: TransportUnderTest;
  beforeAll(async () => {
    subject = await create();
  });
  beforeEach(() => subject.receive('well'));
  afterAll(async () => subject.stop());

  const deliver = (signal: AbortSignal = new AbortController().signal): Promise<unknown> =>
    subject.transport.deliver(aNotice(), aText, subject.target, signal);
  const failure = async (signal?: AbortSignal): Promise<unknown> =>
    await deliver(signal).then(
      () => expect.unreachable('it was delivered'),
      (error: unknown) => error,
    );
  const expectNoSecretIn = (value: unknown): void => {
    const everything = inspect(value, { depth: Number.POSITIVE_INFINITY, showHidden: true });
    for (const secret of subject.secrets) expect(everything).not.toContain(secret);
  };

  test('a notice arrives once, with its title and every line of its text', async () => {
    const before = subject.seen().length;
    const result = await deliver();
    expect(result).toEqual({ detail: expect.stringMatching(/\w/) });
    expectNoSecretIn(result);
    const [message, ...more] = subject.seen().slice(before);
    expect(more).toEqual([]);
    for (const line of [aText.title, ...aText.body.split('\n')]) expect(message).toContain(line);
  });

  test('what a person entered right is accepted', () => {
    expect(() => subject.transport.check(subject.target.settings, subject.target.secrets)).not.toThrow();
  });

  test('a field that does not exist is named', () => {
    const { settings, secrets } = subject.target;
    const invalid = expect.objectContaining({ kind: 'invalid', field: 'settings.colour' });
    expect(() => subject.transport.check({ ...settings, colour: 'red' }, secrets)).toThrow(invalid);
  });

  test('each secret is asked for by name, and a wrong one is not repeated', () => {
    const { settings, secrets } = subject.target;
    for (const name of Object.keys(secrets)) {
      expect(subject.transport.secretFields).toContain(name);
      const wrong = { ...secrets, [name]: '' };
      expect(() => subject.transport.check(settings, wrong)).toThrow(
        expect.objectContaining({ kind: 'invalid', field: `secrets.${name}` }),
      );
    }
    try {
      subject.transport.check({ ...settings, to: 7, chatId: {}, url: 7 }, secrets);
    } catch (error) {
      expectNoSecretIn(error);
    }
  });

  test.each(['busy', 'failing', 'silent'] as const)('a receiver that is %s is tried again', async (how) => {
    subject.receive(how);
    const error = await failure();
    expect(error).toMatchObject({ name: 'AppError', kind: 'unavailable' });
    expectNoSecretIn(error);
  });

  test('a receiver that refuses is not tried again, and what it says is passed on', async () => {
    subject.receive('refusing');
    const error = await failure();
    expect(error).toMatchObject({ name: 'AppError', kind: 'terminal', reason: 'NoticeRefused' });
    expectNoSecretIn(error);
  });

  test('a delivery that is stopped ends at once and is tried again', async () => {
    subject.receive('silent');
    const stop = new AbortController();
    const ended = failure(stop.signal);
    stop.abort();
    expect(await ended).toMatchObject({ kind: 'unavailable', reason: 'DeliveryStopped' });
  });

  describe('when nobody listens', () => {
    beforeAll(async () => subject.stop());

    test('it is tried again', async () => {
      const error = await failure();
      expect(error).toMatchObject({ kind: 'unavailable', reason: 'ReceiverUnreachable' });
      expectNoSecretIn(error);
    });
  });
}
