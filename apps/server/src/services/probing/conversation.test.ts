import { AppError } from '@agentpod/core';
import { beforeEach, expect, test } from 'vitest';
import type { AgentEndpoint, AgentReport, AgentSession } from '../../ports/agent-driver.ts';
import { FakeClock } from '../../testing/fake-clock.ts';
import { Conversation } from './conversation.ts';

const signal = new AbortController().signal;
const endpoint = {} as AgentEndpoint;
const well: AgentReport = { healthy: { ok: true, detail: undefined }, lastActivityAt: undefined, channels: [] };

let clock: FakeClock;
let opened: { closed: boolean; end: (why: string) => void; frameAt: number }[];
let check: () => Promise<AgentReport>;
let open: () => Promise<void>;
let conversation: Conversation;

beforeEach(() => {
  clock = new FakeClock();
  opened = [];
  check = async () => well;
  open = async () => undefined;
  conversation = new Conversation(
    {
      async openSession(): Promise<AgentSession> {
        await open();
        const ended = Promise.withResolvers<string>();
        const session = { closed: false, end: ended.resolve, frameAt: clock.now() };
        opened.push(session);
        return {
          check: () => check(),
          lastFrameAt: () => session.frameAt,
          ended: ended.promise,
          close: () => {
            session.closed = true;
          },
        };
      },
    },
    endpoint,
    clock,
  );
});

const gone = () => Promise.reject(new AppError('unavailable', 'AgentUnreachable', 'nothing listens there'));

test('one connection serves many questions', async () => {
  await conversation.ask(signal);
  expect(await conversation.ask(signal)).toEqual({ report: well });
  expect(opened).toHaveLength(1);
});

test('a connection that ended is opened again with the next question', async () => {
  await conversation.ask(signal);
  opened[0]?.end('closed');
  await Promise.resolve();
  expect(await conversation.ask(signal)).toEqual({ report: well });
  expect(opened).toHaveLength(2);
});

test('an agent that does not answer is silent, and its connection is given up', async () => {
  await conversation.ask(signal);
  check = gone;
  expect(await conversation.ask(signal)).toEqual({ silent: 'Nothing listens there' });
  expect(opened[0]?.closed).toBe(true);
});

test('an agent that cannot be reached is silent', async () => {
  open = gone;
  expect(await conversation.ask(signal)).toEqual({ silent: 'Nothing listens there' });
});

test('a connection without a frame for 45 seconds is not believed, whatever it answers', async () => {
  await conversation.ask(signal);
  await clock.advance(45_000);
  expect(await conversation.ask(signal)).toEqual({ silent: 'The agent sent nothing for 45 s' });
  expect(opened[0]?.closed).toBe(true);
});

test('mistakes of ours are not taken for silence of the agent', async () => {
  check = () => Promise.reject(new TypeError('ours'));
  await expect(conversation.ask(signal)).rejects.toThrow('ours');
});

test('a connection that opens after the end is closed', async () => {
  const opening = Promise.withResolvers<void>();
  open = () => opening.promise;
  const asked = conversation.ask(signal);
  conversation.close();
  opening.resolve();
  expect(await asked).toEqual({ silent: 'The conversation was ended' });
  expect(opened[0]?.closed).toBe(true);
});
