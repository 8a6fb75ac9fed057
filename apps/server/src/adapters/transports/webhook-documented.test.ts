import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { describeReal } from '../../testing/real-parts.ts';
import { aNotice, aText } from '../../testing/transport-contract.ts';
import { answer, listen, testNetwork, type Received } from './listener-under-test.ts';
import { WebhookPayload, webhookTransport } from './webhook.ts';

const page = readFileSync(new URL('../../../../../docs/reference/alerts.md', import.meta.url), 'utf8');
const secret = 'a secret with ünïcode';

function documented(language: string): string {
  return (
    new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(page)?.[1] ?? expect.unreachable(`no ${language} snippet`)
  );
}

/** What a real receiver got of one delivery that was made so long ago. */
async function delivered(secondsAgo: number): Promise<Received> {
  const listener = await listen(answer(200));
  const target = { settings: { url: `http://127.0.0.1:${listener.port}/`, allowPrivate: true }, secrets: { secret } };
  const transport = webhookTransport(testNetwork({ nowMs: () => Date.now() - secondsAgo * 1000 }));
  await transport.deliver(aNotice({ message: '没有响应 <b>' }), aText, target, new AbortController().signal);
  await listener.stop();
  return listener.received[0] ?? expect.unreachable('nothing arrived');
}

interface Question {
  readonly secret: string;
  readonly headers: Received['headers'];
  readonly body: string;
}

function snippetSuite(accepts: (question: Question) => boolean): void {
  let fresh: Question;
  beforeAll(async () => {
    fresh = { secret, ...(await delivered(0)) };
  });

  test('accepts what AgentPod delivers', () => {
    expect(accepts(fresh)).toBe(true);
  });

  test('refuses another body, another secret and another time', () => {
    expect(accepts({ ...fresh, body: `${fresh.body} ` })).toBe(false);
    expect(accepts({ ...fresh, secret: 'another secret, as long' })).toBe(false);
    const later = String(Number(fresh.headers['x-agentpod-timestamp']) + 1);
    expect(accepts({ ...fresh, headers: { ...fresh.headers, 'x-agentpod-timestamp': later } })).toBe(false);
  });

  test('refuses what is ten minutes old', async () => {
    expect(accepts({ secret, ...(await delivered(600)) })).toBe(false);
  });

  test('refuses requests without signature or with nonsense in its place, and does not fall over them', () => {
    const { 'x-agentpod-signature': _, ...unsigned } = fresh.headers;
    expect(accepts({ ...fresh, headers: unsigned })).toBe(false);
    expect(accepts({ ...fresh, headers: { 'x-agentpod-signature': 'v1=ü', 'x-agentpod-timestamp': 'now' } })).toBe(
      false,
    );
    expect(accepts({ ...fresh, headers: {} })).toBe(false);
  });
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'agentpod-webhook-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a program that reads the question from standard input and prints `true` or `false`. */
function ask(command: string, file: string, program: string, question: Question): boolean {
  const path = join(folder, file);
  writeFileSync(path, program);
  const said = execFileSync(command, [path], { input: JSON.stringify(question), encoding: 'utf8' }).trim();
  expect(said).toMatch(/^(true|false)$/i);
  return /^true$/i.test(said);
}

describe('the Node.js snippet', () => {
  const program = `${documented('js')}
import { readFileSync } from 'node:fs';
const { secret, headers, body } = JSON.parse(readFileSync(0, 'utf8'));
console.log(isFromAgentPod(secret, headers, Buffer.from(body)));`;
  snippetSuite((question) => ask(process.execPath, 'snippet.mjs', program, question));
});

function missingPython(): string | undefined {
  try {
    execFileSync('python3', ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'no python3';
  }
}

describeReal('the Python snippet', missingPython(), () => {
  const program = `${documented('python')}
import json, sys
class Headers(dict):
    def get(self, name, default=None):
        return super().get(name.lower(), default)
asked = json.loads(sys.stdin.buffer.read())
print(is_from_agentpod(asked["secret"], Headers(asked["headers"]), asked["body"].encode()))`;
  snippetSuite((question) => ask('python3', 'snippet.py', program, question));
});

test('the snippets are as short as they are said to be', () => {
  const lines = (language: string) =>
    documented(language)
      .split('\n')
      .filter((line) => /^ +\S/.test(line));
  expect(lines('js')).toHaveLength(5);
  expect(lines('python')).toHaveLength(5);
});

test('the documented schema is the one of what is sent', () => {
  expect(JSON.parse(documented('json'))).toEqual(z.toJSONSchema(WebhookPayload, { io: 'input' }));
});
