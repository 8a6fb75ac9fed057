import { createInterface } from 'node:readline/promises';
import { AppError, type ChatReply, type Client } from '@agentpod/core';
import { connect } from '../api/connect.ts';
import type { Context } from '../context.ts';
import { reportError } from '../error-report.ts';
import { formatElapsed } from '../output/duration.ts';
import { startFrames } from '../output/frames.ts';
import { neutralise } from '../output/neutralise.ts';
import { hint, printItem } from '../output/print.ts';
import { readInput } from '../read-text.ts';

/** What the way to the agent may take on top of the time the agent itself was given. */
const transportMs = 15_000;

export interface ChatOptions {
  readonly session?: string;
  readonly timeout: number;
}

export async function chat(
  context: Context,
  ref: string,
  words: readonly string[],
  options: ChatOptions,
): Promise<number> {
  const { io, t } = context;
  const client = await connect(context);
  const ask = (message: string) => askAgent(context, client, { ref, message, options });
  if (words.length === 0 && io.stdin.isTTY === true) return converse(context, ref, ask);
  const message = (words.length === 0 ? await readInput(context, 'message') : words.join(' ')).trim();
  if (message === '') throw new AppError('invalid', 'EmptyMessage', t.chat.empty, { field: 'message' });
  await answer(context, await ask(message));
  return 0;
}

/** Line by line until an empty line, Ctrl-D or Ctrl-C; a failed turn does not end the conversation. */
async function converse(context: Context, ref: string, ask: (message: string) => Promise<ChatReply>): Promise<number> {
  const { io, t, flags } = context;
  await hint(context, t.chat.begin(ref));
  const terminal = createInterface({ input: io.stdin, output: io.stderr, terminal: true });
  terminal.on('SIGINT', () => terminal.close());
  try {
    terminal.setPrompt(t.chat.prompt);
    terminal.prompt();
    for await (const line of terminal) {
      const message = line.trim();
      if (message === '' || message === '/exit') break;
      try {
        await answer(context, await ask(message));
      } catch (error) {
        if (io.interrupted.aborted) throw error;
        await reportError(error, { io, t, format: flags.output, command: 'chat' });
      }
      terminal.prompt();
    }
  } finally {
    terminal.close();
  }
  return 0;
}

async function askAgent(
  { io, t, flags }: Context,
  client: Client,
  { ref, message, options }: { readonly ref: string; readonly message: string; readonly options: ChatOptions },
): Promise<ChatReply> {
  const begin = io.now();
  const waiting =
    io.stderr.isTTY === true && !flags.quiet
      ? startFrames(io, (spinner) => [`${spinner} ${t.chat.waiting(ref)} ${formatElapsed(io.now() - begin)}`])
      : undefined;
  try {
    return await client.chat(
      ref,
      {
        message,
        timeoutSeconds: options.timeout,
        ...(options.session === undefined ? {} : { session: options.session }),
      },
      { signal: AbortSignal.timeout(options.timeout * 1000 + transportMs) },
    );
  } finally {
    waiting?.stop({ erase: true });
  }
}

function answer(context: Context, reply: ChatReply): Promise<void> {
  return printItem(context, reply, () => `${neutralise(reply.reply)}\n`);
}
