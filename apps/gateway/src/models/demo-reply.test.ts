import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agent as Pool } from 'undici';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { toSnapshot } from '../snapshot/snapshot.ts';
import { ask } from '../testing/ask.ts';
import { anAgent, aSnapshot } from '../testing/builders.ts';
import { capturedLog } from '../testing/captured-log.ts';
import { ModelRecords } from './model-records.ts';
import { createModelServer } from './model-server.ts';

let server: Server;
let port: number;
beforeEach(async () => {
  const published = toSnapshot(aSnapshot({ agents: [{ ...anAgent(), ref: 'acme/hr' }] }));
  const snapshot = () => published;
  const records = new ModelRecords({ snapshot, now: () => 0 });
  server = createModelServer({ snapshot, pool: new Pool(), records, log: capturedLog().log });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterEach(() => void server.close());

async function complete(body: unknown, path = '/v1/chat/completions') {
  return await ask({
    port,
    path,
    method: 'POST',
    from: '127.0.0.2',
    headers: { authorization: 'Bearer apk_acme', 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

const asked = {
  model: 'canned-reply',
  messages: [
    { role: 'system', content: 'x' },
    { role: 'user', content: '你好 there' },
  ],
};

describe('the demo', () => {
  test('says in both languages that it is none, and which command gives a model', async () => {
    const { status, body } = await complete(asked);
    const answer = JSON.parse(body);
    expect({ status, object: answer.object, model: answer.model }).toEqual({
      status: 200,
      object: 'chat.completion',
      model: 'canned-reply',
    });
    const { message, finish_reason } = answer.choices[0];
    expect(finish_reason).toBe('stop');
    expect(message.role).toBe('assistant');
    for (const part of ['演示', 'demo reply', 'No model is connected', 'agentpod model set acme/hr ', '你好 there']) {
      expect(message.content).toContain(part);
    }
    const { prompt_tokens, completion_tokens, total_tokens } = answer.usage;
    expect(prompt_tokens).toBeGreaterThan(0);
    expect(total_tokens).toBe(prompt_tokens + completion_tokens);
  });

  test.each([true, false])('streams the same as a provider would (usage asked for: %s)', async (usage) => {
    const more = usage ? { stream_options: { include_usage: true } } : {};
    const { headers, body } = await complete({ ...asked, stream: true, ...more });
    expect(headers['content-type']).toBe('text/event-stream; charset=utf-8');
    const events = body
      .split('\n\n')
      .filter(Boolean)
      .map((event) => event.replace(/^data: /, ''));
    expect(events.pop()).toBe('[DONE]');
    const chunks = events.map((event) => JSON.parse(event));
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
    expect(chunks.every(({ object, model }) => object === 'chat.completion.chunk' && model === 'canned-reply')).toBe(
      true,
    );
    if (usage) expect(chunks.pop()).toMatchObject({ choices: [], usage: { total_tokens: expect.any(Number) } });
    expect(chunks[0].choices[0]).toMatchObject({ delta: { role: 'assistant' }, finish_reason: null });
    expect(chunks.at(-1).choices[0]).toMatchObject({ delta: {}, finish_reason: 'stop' });
    const text = chunks.map(({ choices }) => choices[0].delta.content ?? '').join('');
    const whole = JSON.parse((await complete(asked)).body).choices[0].message.content;
    expect(text).toBe(whole);
  });

  test.each([
    ['a text', 'hello', 'hello'],
    [
      'parts',
      [
        { type: 'text', text: 'one' },
        { type: 'image_url', image_url: {} },
        { type: 'text', text: 'two' },
      ],
      'one two',
    ],
    ['a very long text', 'é'.repeat(500), 'é'.repeat(80)],
    ['control characters', '\u001b[31mred\u0007\n\nnext', '[31mred next'],
    ['nothing, but something before', null, 'before'],
  ])('repeats the beginning of what was said last: %s', async (_what, content, said) => {
    const messages = [
      { role: 'user', content: 'before' },
      { role: 'user', content },
      { role: 'tool', content: 'after' },
    ];
    const reply = JSON.parse((await complete({ ...asked, messages })).body).choices[0].message.content as string;
    expect(/You said: (.*)$/.exec(reply)?.[1]).toBe(said);
  });

  test('repeats what the person said, not what OpenClaw wraps it in', async () => {
    const opening = '[Tue 2026-11-24 01:09 UTC] Conversation info: ⟦openclaw:ctx⟧\n```json\n{"sender":{}}\n```\n\n';
    const context = '<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>\n"## none"\n<<<END_OPENCLAW_INTERNAL_CONTEXT>>>';
    const said = (content: unknown) => [
      { role: 'user', content },
      { role: 'user', content: [{ type: 'text', text: context }] },
    ];
    for (const [content, words] of [
      [`${opening}ping 你好\n\nRuntime: agent=main | host=x`, 'ping 你好'],
      [`${opening}two\n\nparagraphs`, 'two paragraphs'],
      ['[Tue 2026-11-24 01:09 UTC] hello', 'hello'],
      ['[not a date] hello', '[not a date] hello'],
      [
        '<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>'.repeat(50_000),
        '<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>'.repeat(3).slice(0, 80),
      ],
    ]) {
      const { body } = await complete({ ...asked, messages: said(content) });
      const reply = JSON.parse(body).choices[0].message.content as string;
      expect(/You said: (.*)$/.exec(reply)?.[1]).toBe(words);
    }
  });

  test.each(['', '{', '[]', '{"model":1,"messages":[]}', '{"model":"m"}', 'null'])('refuses "%s"', async (body) => {
    const answer = await complete(body);
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toMatchObject({ error: { type: 'invalid_request_error' } });
  });

  test('does not take more than it can hold', async () => {
    const answer = await complete({ ...asked, messages: [{ role: 'user', content: 'x'.repeat(2 * 1024 ** 2) }] });
    expect(answer.status).toBe(413);
  });

  test.each(['/v1/embeddings', '/v1/responses', '/v1/messages'])('has no %s', async (path) => {
    expect((await complete(asked, path)).status).toBe(404);
  });
});
