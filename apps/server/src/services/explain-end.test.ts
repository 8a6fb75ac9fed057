import type { LogLine, ObservedInstance } from '@agentpod/core';
import { expect, test } from 'vitest';
import type { Evidence } from '../ports/agent-driver.ts';
import { anAgent } from '../testing/builders.ts';
import { aType, StubDriver } from '../testing/stub-agent-type.ts';
import { AgentTypes } from './agent-types.ts';
import type { Credentials } from './credentials.ts';
import { Explainer, refusalIn } from './explain-end.ts';

const signal = new AbortController().signal;
const startedAt = Date.UTC(2026, 0, 1);
const ended: ObservedInstance = {
  name: 'agentpod-a',
  id: 'container-1',
  revision: 'r',
  state: 'exited',
  startedAt,
  finishedAt: startedAt + 1000,
  exitCode: 1,
  outOfMemory: false,
  imageId: 'sha256:1',
  limits: { memoryBytes: 1, cpus: 1, pids: 16 },
  engineRestarts: 0,
  outOfMemoryAt: undefined,
  attached: true,
};

function explainer(log: readonly LogLine[], explain: (evidence: Evidence) => string | undefined) {
  let reads = 0;
  const driver = Object.assign(new StubDriver(), {
    explain: (evidence: Evidence) => {
      const message = explain(evidence);
      return message === undefined ? undefined : { kind: 'Known', message, transient: false };
    },
  });
  const credentials = {
    of: async () => ({
      virtualKey: 'sk-secret',
      controlUser: 'c0',
      ingressUser: 'i',
      probeUser: 'p0',
      probeToken: 't0',
    }),
  } as unknown as Credentials;
  const subject = new Explainer({
    types: new AgentTypes([{ type: aType, driver }]),
    credentials,
    runtime: {
      async *logs() {
        reads += 1;
        yield* log;
      },
    },
  });
  return { explain: (one = ended) => subject.explain(anAgent(), one, signal), reads: () => reads };
}

const line = (text: string, at = startedAt + 1): LogLine => ({
  time: new Date(at).toISOString(),
  stream: 'stderr',
  line: text,
});

test('the words of the agent come without its secrets and without control characters', async () => {
  const { explain } = explainer([line('key sk-secret\u001b[31m refused')], ({ lines }) => lines[0]?.line);
  expect(await explain()).toEqual({ message: 'key [redacted][31m refused', transient: false });
});

test('what an earlier run said is another story', async () => {
  const log = [line('old', startedAt - 1000), line('new')];
  const { explain } = explainer(log, ({ lines }) => lines.map(({ line: text }) => text).join());
  expect(await explain()).toMatchObject({ message: 'new' });
});

test('the log of a run is read once', async () => {
  const { explain, reads } = explainer([line('x')], () => 'x');
  await explain();
  await explain();
  expect(reads()).toBe(1);
  await explain({ ...ended, startedAt: startedAt + 5000 });
  expect(reads()).toBe(2);
});

test('a log that cannot be read leaves an end without a reason', async () => {
  const { explain } = explainer([line('x')], () => {
    throw new Error('unreadable');
  });
  expect(await explain()).toBeUndefined();
});

test('a line without end is cut', async () => {
  const { explain } = explainer([line('x'.repeat(100_000))], ({ lines }) => lines[0]?.line);
  expect((await explain())?.message).toHaveLength(300);
});

test('the refusal of a configuration is told in the words that the driver knows, or else as it was said', () => {
  const driver = new StubDriver();
  expect(refusalIn('raw words', driver)).toBe('raw words');
  const knowing = {
    explain: ({ lines }: Evidence) => ({ kind: 'K', message: lines[1]?.line ?? '', transient: false }),
  };
  expect(refusalIn('noise\nUnrecognized key', knowing)).toBe('Unrecognized key');
});
