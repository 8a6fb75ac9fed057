import { createServer, type IncomingMessage, type Server } from 'node:http';
import { once } from 'node:events';

export interface ProviderCall {
  readonly path: string;
  readonly authorization: string;
  readonly model: string;
  /** All user messages: agents add words of their own after what the person said. */
  readonly prompt: string;
}

/** An OpenAI-compatible provider on loopback that answers with what the test says and remembers who asked. */
export class FakeProvider {
  readonly calls: ProviderCall[] = [];
  reply = 'Hello from the fake provider';
  /** Answers this status instead of a completion. */
  failWith: number | undefined;
  /** The same for one model, with what providers say beside the status. */
  readonly failures = new Map<string, { readonly status: number; readonly type: string; readonly code: string }>();
  #server: Server | undefined;
  #port = 0;

  async start(): Promise<void> {
    this.#server = createServer((request, response) => {
      void readBody(request).then((text) => {
        const body = JSON.parse(text || '{}') as {
          model?: string;
          stream?: boolean;
          messages?: { role: string; content: unknown }[];
        };
        const users = body.messages?.filter(({ role }) => role === 'user') ?? [];
        this.calls.push({
          path: request.url ?? '',
          authorization: String(request.headers.authorization ?? request.headers['x-api-key'] ?? ''),
          model: body.model ?? '',
          prompt: JSON.stringify(users),
        });
        const failure = this.failures.get(body.model ?? '') ?? {
          status: this.failWith,
          type: 'invalid_request_error',
        };
        if (failure.status !== undefined) {
          const { status, ...words } = failure;
          response.writeHead(status, { 'content-type': 'application/json' });
          response.end(JSON.stringify({ error: { message: 'refused by the fake provider', ...words } }));
          return;
        }
        const base = { id: 'chatcmpl-1', created: 1, model: body.model ?? 'fake' };
        if (body.stream === true) {
          response.writeHead(200, { 'content-type': 'text/event-stream' });
          const send = (delta: object, finish: string | null) =>
            response.write(
              `data: ${JSON.stringify({ ...base, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`,
            );
          send({ role: 'assistant', content: '' }, null);
          for (const word of this.reply.split(/(?<= )/)) send({ content: word }, null);
          send({}, 'stop');
          const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
          response.write(
            `data: ${JSON.stringify({ ...base, object: 'chat.completion.chunk', choices: [], usage })}\n\n`,
          );
          response.end('data: [DONE]\n\n');
        } else {
          response.writeHead(200, { 'content-type': 'application/json' });
          const message = { role: 'assistant', content: this.reply };
          response.end(
            JSON.stringify({
              ...base,
              object: 'chat.completion',
              choices: [{ index: 0, message, finish_reason: 'stop' }],
              usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
            }),
          );
        }
      });
    });
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    this.#port = typeof address === 'object' && address !== null ? address.port : 0;
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${this.#port}/v1`;
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    this.#server?.close();
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}
