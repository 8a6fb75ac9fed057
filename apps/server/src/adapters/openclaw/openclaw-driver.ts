import { randomUUID } from 'node:crypto';
import { AppError, plainText } from '@agentpod/core';
import { z } from 'zod';
import type {
  AgentDriver,
  AgentEndpoint,
  AgentSession,
  Answer,
  Evidence,
  Failure,
  Rendered,
  RenderInput,
} from '../../ports/agent-driver.ts';
import { explainFailure } from './explain-failure.ts';
import { OpenClawRpc } from './openclaw-rpc.ts';
import { OpenClawSession } from './openclaw-session.ts';
import { chatScopes, controlScopes, headerNames, probeScopes, renderOpenClaw } from './render-openclaw.ts';

const rpcTimeoutMs = 8000;
/** Each wait is short, so that a connection that died is noticed; the run goes on between them. */
const waitMs = 20_000;

const RunOutcome = z.object({
  status: z.string(),
  error: z.unknown().optional(),
  terminalReply: z.object({ text: z.string().optional() }).optional(),
});

/** OpenClaw from 2026.9 on: identity by trusted proxy, files for configuration, WebSocket RPC for everything else. */
export class OpenClawDriver implements AgentDriver {
  readonly name = 'openclaw';

  render(input: RenderInput): Rendered {
    return renderOpenClaw(input);
  }

  async openSession(endpoint: AgentEndpoint, signal: AbortSignal, now: () => number): Promise<AgentSession> {
    return new OpenClawSession(await openAsControl(endpoint, signal, now), now);
  }

  explain(evidence: Evidence): Failure | undefined {
    return explainFailure(evidence);
  }

  async chat(
    endpoint: AgentEndpoint,
    { session, message }: { session: string; message: string },
    signal: AbortSignal,
  ): Promise<string> {
    const rpc = await openAs(endpoint.credentials.ingressUser, chatScopes, endpoint, signal);
    const sessionKey = `agent:main:${session}`;
    const runId = randomUUID();
    try {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(waitMs)]);
      await rpc.request('chat.send', { sessionKey, message, idempotencyKey: runId }, limit);
      for (;;) {
        const waited = AbortSignal.any([signal, AbortSignal.timeout(waitMs + rpcTimeoutMs)]);
        const outcome = RunOutcome.safeParse(
          await rpc.request('agent.wait', { runId, timeoutMs: waitMs }, waited),
        ).data;
        if (outcome?.status === 'timeout' || outcome?.status === 'pending') continue;
        return replyOf(outcome);
      }
    } catch (error) {
      // Nobody waits for this reply any more: do not let it cost the customer more.
      if (signal.aborted) rpc.notify('chat.abort', { sessionKey, runId });
      throw error;
    } finally {
      rpc.close();
    }
  }

  async checkRoute(
    { url, connectTo, headers }: Parameters<AgentDriver['checkRoute']>[0],
    signal: AbortSignal,
  ): Promise<Answer> {
    return await answerOf(async () => {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(rpcTimeoutMs)]);
      const target = { url: url.replace(/^http/, 'ws'), connectTo, headers, scopes: probeScopes };
      const rpc = await OpenClawRpc.open(target, limit);
      rpc.close();
      return { ok: true, detail: undefined };
    });
  }
}

async function openAsControl(endpoint: AgentEndpoint, signal: AbortSignal, now?: () => number): Promise<OpenClawRpc> {
  const rpc = await openAs(endpoint.credentials.controlUser, controlScopes, endpoint, signal, now);
  // A hello proves no authority: OpenClaw says hello to anyone it can name, with no scopes at all.
  const missing = controlScopes.filter((scope) => !rpc.scopes.has(scope));
  if (missing.length === 0) return rpc;
  rpc.close();
  const message = `the agent does not grant the control plane ${missing.join(', ')}`;
  throw new AppError('unavailable', 'AgentRefused', message);
}

async function openAs(
  user: string,
  scopes: readonly string[],
  { address, port }: AgentEndpoint,
  signal: AbortSignal,
  now?: () => number,
): Promise<OpenClawRpc> {
  const headers = {
    [headerNames.user]: user,
    [headerNames.proxy]: '1',
    // OpenClaw wants to know for whom its proxy speaks; 192.0.2.1 is nobody (RFC 5737).
    'x-forwarded-for': '192.0.2.1',
  };
  return await OpenClawRpc.open({ url: `ws://${address}:${port}/`, headers, scopes }, signal, now);
}

function replyOf(outcome: z.infer<typeof RunOutcome> | undefined): string {
  if (outcome?.status === 'ok') {
    const reply = plainText(outcome.terminalReply?.text ?? '');
    if (reply) return reply;
    throw failed('the agent ended its turn without a reply');
  }
  const { error } = outcome ?? {};
  const words = typeof error === 'string' ? error : z.object({ message: z.string() }).safeParse(error).data?.message;
  throw failed(words ? plainText(words, 500) : 'the agent gave no reason');
}

function failed(words: string): AppError {
  return new AppError('unavailable', 'AgentFailed', words);
}

function refused(detail: string): Answer {
  return { ok: false, detail };
}

/** The failures of a conversation with the agent are its answer; anything else is ours and is thrown. */
async function answerOf(ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof AppError) || error.kind !== 'unavailable') throw error;
    return refused(error.message.charAt(0).toUpperCase() + error.message.slice(1));
  }
}
