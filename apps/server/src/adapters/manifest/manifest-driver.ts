import { type AgentFile, AppError, plainText } from '@agentpod/core';
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
import type { AgentProbe } from '../../ports/agent-probe.ts';
import { type Exchange, type Exchanged, exchange } from '../exchange.ts';

const routeTimeoutMs = 8000;
/** Whoever talks sets a limit of their own. */
const chatTimeoutMs = 10 * 60_000;
const longestReply = 1024 ** 2;
const longestSentence = 300;

const Completion = z.object({
  choices: z.array(z.object({ message: z.object({ content: z.string() }) })).min(1),
});
const Complaint = z.object({ error: z.object({ message: z.string() }) });

/**
 * Types that need no code: the agent finds its model in `agentpod.json` in the config mount, and answers OpenAI's
 * `POST /v1/chat/completions` on its own port.
 */
export class ManifestDriver implements AgentDriver {
  readonly name = 'manifest';
  readonly #probe: AgentProbe;

  constructor(probe: AgentProbe) {
    this.#probe = probe;
  }

  render({ agent, type, origin, credentials, model }: RenderInput): Rendered {
    const config = {
      agent: { tenant: agent.tenant, name: agent.name, origin },
      model: { url: model.gatewayUrl, dialect: model.dialect, name: model.name, key: credentials.virtualKey },
      ...(agent.spec.config && { config: agent.spec.config }),
    };
    const configFiles: AgentFile[] = [
      { path: 'agentpod.json', content: `${JSON.stringify(config, null, 2)}\n`, policy: 'replace' },
    ];
    return {
      env: { AGENTPOD_MODEL_URL: model.gatewayUrl, AGENTPOD_MODEL: model.name },
      configFiles,
      stateFiles: identityFiles(agent.spec.identity, type.identity),
      // Nothing is known of what such an agent reads while it runs, so every change is a new container.
      bootInputs: configFiles,
    };
  }

  /**
   * A type without code has no RPC: that it says "started" is all there is to know. Nothing stays open: each check asks
   * anew, and whatever it answers is a sign of life.
   */
  async openSession(
    { address, port, type }: AgentEndpoint,
    _signal: AbortSignal,
    now: () => number,
  ): Promise<AgentSession> {
    const closed = Promise.withResolvers<string>();
    let answeredAt = now();
    return {
      check: async (signal) => {
        const healthy = await this.#probe.started({ address, port, probe: type.probes.started }, signal);
        if (healthy.ok) answeredAt = now();
        return { healthy, lastActivityAt: undefined, channels: [] };
      },
      lastFrameAt: () => answeredAt,
      ended: closed.promise,
      close: () => closed.resolve('the connection was closed'),
    };
  }

  /** Its last words, whatever they mean: on standard error where there are any. */
  explain({ lines, exitCode, outOfMemory }: Evidence): Failure | undefined {
    if (outOfMemory) {
      return { kind: 'OutOfMemory', message: 'It needed more memory than its limit allows', transient: false };
    }
    if (exitCode === 0) return undefined;
    const spoken = lines.filter(({ line }) => line.trim() !== '');
    const last = spoken.findLast(({ stream }) => stream === 'stderr') ?? spoken.at(-1);
    return last && { kind: 'Unclassified', message: plainText(last.line, longestSentence), transient: false };
  }

  async chat(
    { address, port, credentials }: AgentEndpoint,
    { session, message }: { session: string; message: string },
    signal: AbortSignal,
  ): Promise<string> {
    const { status, body } = await ask(
      {
        method: 'POST',
        url: `http://${address}:${port}/v1/chat/completions`,
        headers: {
          'content-type': 'application/json',
          'x-agentpod-user': credentials.ingressUser,
          'x-agentpod-proxy': '1',
          'x-forwarded-for': '192.0.2.1',
        },
        body: JSON.stringify({ model: 'agent', user: session, messages: [{ role: 'user', content: message }] }),
        timeoutMs: chatTimeoutMs,
        longestAnswer: longestReply,
      },
      signal,
    );
    const answer = parseJson(body);
    const reply = Completion.safeParse(answer).data?.choices[0]?.message.content;
    if (status === 200 && reply) return plainText(reply);
    const words = Complaint.safeParse(answer).data?.error.message ?? `HTTP ${status} without a reply`;
    throw new AppError('unavailable', 'AgentFailed', plainText(words, 500));
  }

  /**
   * `GET /` as a customer. Any other answer of the agent's own proves the route: what it serves there is its business.
   * What the ingress or its log-in would answer in the agent's place is no proof: 401, 403, 404, 500 and above, and a
   * redirect to another host.
   */
  async checkRoute(
    { url, connectTo, headers }: Parameters<AgentDriver['checkRoute']>[0],
    signal: AbortSignal,
  ): Promise<Answer> {
    try {
      const request = { url: new URL('/', url).href, headers, connectTo, timeoutMs: routeTimeoutMs };
      const { status, location } = await ask(request, signal);
      if ([401, 403, 404].includes(status) || status >= 500) return refused(`The ingress answers HTTP ${status}`);
      const next = URL.parse(location ?? '/', url);
      if (next?.host !== new URL(url).host) return refused('The ingress sends the visitor to another host');
      return { ok: true, detail: undefined };
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return refused(error.message);
    }
  }
}

/** Throws `unavailable`/`AgentUnreachable`. */
async function ask(request: Exchange, signal: AbortSignal): Promise<Exchanged> {
  try {
    return await exchange(request, signal);
  } catch (cause) {
    const late = signal.aborted || (cause as Error).name === 'TimeoutError';
    const why = late ? 'it did not answer in time' : plainText((cause as Error).message, longestSentence);
    throw new AppError('unavailable', 'AgentUnreachable', `The agent cannot be reached: ${why}`, { cause });
  }
}

/** Only what the spec gives: what an unknown type makes of an absent file is its own affair. */
function identityFiles(
  given: RenderInput['agent']['spec']['identity'],
  paths: RenderInput['type']['identity'],
): AgentFile[] {
  return (['soul', 'memory', 'instructions'] as const).flatMap((part) => {
    const content = given[part];
    return content === undefined ? [] : [{ path: paths[part], content, policy: 'replace' as const }];
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: judged by the caller as an answer without a reply.
    return undefined;
  }
}

function refused(detail: string): Answer {
  return { ok: false, detail };
}
