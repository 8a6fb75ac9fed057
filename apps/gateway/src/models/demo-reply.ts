import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Agent } from '../snapshot/snapshot.ts';
import { ModelFailure, sendJson } from './dialect.ts';
import { countedBody } from './request-body.ts';
import { spokenWords } from './spoken-words.ts';

/** Held in memory whole, so far less than what is only passed on. A conversation of 128,000 tokens is about 600 kB. */
const bodyLimitBytes = 2 * 1024 ** 2;

const Part = z.looseObject({ text: z.string().optional() });
const ChatRequest = z.object({
  model: z.string().max(200),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
  messages: z.array(z.looseObject({ role: z.string(), content: z.union([z.string(), z.array(Part)]).nullish() })),
});
type ChatRequest = z.infer<typeof ChatRequest>;

/** Answers a chat completion as a provider would, and says in it that there is none. Throws `invalid` or `too-large`. */
export async function answerDemo(agent: Agent, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { text, chat } = await read(request);
  const reply = demoText(agent.ref, spokenWords(chat.messages, 80));
  // About four letters a token, as everywhere; nobody is billed by these.
  const [prompt, completion] = [Math.ceil(text.length / 4), Math.ceil(reply.length / 4)];
  const usage = { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
  const head = { id: `chatcmpl-demo-${randomUUID()}`, created: Math.floor(Date.now() / 1000), model: chat.model };
  if (chat.stream === true) {
    stream(response, { head, reply, usage: chat.stream_options?.include_usage === true ? usage : undefined });
    return;
  }
  const message = { role: 'assistant', content: reply, refusal: null };
  const choices = [{ index: 0, message, logprobs: null, finish_reason: 'stop' }];
  sendJson(response, { body: { ...head, object: 'chat.completion', choices, usage } });
}

async function read(request: IncomingMessage): Promise<{ text: string; chat: ChatRequest }> {
  const text = Buffer.concat(await Array.fromAsync(countedBody(request, bodyLimitBytes))).toString();
  try {
    return { text, chat: ChatRequest.parse(JSON.parse(text)) };
  } catch (cause) {
    throw new ModelFailure('invalid', 'the body is not a chat completion request', { cause });
  }
}

function stream(
  response: ServerResponse,
  { head, reply, usage }: { head: object; reply: string; usage: unknown },
): void {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
  const send = (fields: object): void => {
    response.write(`data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', ...fields })}\n\n`);
  };
  const choose = (delta: object, finish_reason: string | null = null): void =>
    send({ choices: [{ index: 0, delta, logprobs: null, finish_reason }] });
  choose({ role: 'assistant', content: '' });
  for (const piece of reply.split(/(?<=\n)/)) choose({ content: piece });
  choose({}, 'stop');
  if (usage !== undefined) send({ choices: [], usage });
  response.end('data: [DONE]\n\n');
}

function demoText(ref: string, said: string): string {
  return [
    '【AgentPod 演示回复】这个智能体还没有连接模型，这是固定的演示内容。请用下面的命令连接一个模型：',
    '[AgentPod demo reply] No model is connected to this agent; this is canned text. Connect one with:',
    '',
    `    agentpod model set ${ref} qwen/qwen3-max --key-file <file>`,
    '',
    `您说 / You said: ${said}`,
  ].join('\n');
}
