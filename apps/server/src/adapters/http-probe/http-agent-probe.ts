import { Agent } from 'node:http';
import type { AgentProbe } from '../../ports/agent-probe.ts';
import type { Answer } from '../../ports/agent-driver.ts';
import { exchange } from '../exchange.ts';

/** An answer longer than this is not an answer to a probe. */
const longestBody = 64 * 1024;

/** `AgentProbe` over connections that stay open: to ask again is one packet each way. */
export class HttpAgentProbe implements AgentProbe {
  readonly #pool = new Agent({ keepAlive: true });

  async started({ address, port, probe }: Parameters<AgentProbe['started']>[0], signal: AbortSignal): Promise<Answer> {
    try {
      const { body } = await exchange(
        {
          url: `http://${address}:${port}${probe.path}`,
          // Agents behind a proxy refuse requests that cannot be attributed to a client; 192.0.2.1 is nobody (RFC 5737).
          headers: { 'x-forwarded-for': '192.0.2.1' },
          timeoutMs: probe.timeoutSeconds * 1000,
          longestAnswer: longestBody,
          pool: this.#pool,
        },
        signal,
      );
      return judge(body, probe.body);
    } catch (error) {
      return { ok: false, detail: describe(error) };
    }
  }
}

function judge(text: string, expected: Readonly<Record<string, string | number | boolean>>): Answer {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return { ok: false, detail: 'The agent answers, but not with its health' };
  }
  const fields = typeof body === 'object' && body !== null ? new Map<string, unknown>(Object.entries(body)) : new Map();
  const wrong = Object.entries(expected).find(([key, value]) => fields.get(key) !== value);
  return wrong
    ? {
        ok: false,
        detail: `The agent says ${wrong[0]}: ${JSON.stringify(fields.get(wrong[0]))?.slice(0, 100) ?? 'nothing'}`,
      }
    : { ok: true, detail: undefined };
}

function describe(error: unknown): string {
  const { name, code, message } = error as NodeJS.ErrnoException;
  if (name === 'TimeoutError') return 'The agent does not answer in time';
  if (code === 'ECONNREFUSED') return 'The agent boots: its port is not open yet';
  return `The agent cannot be reached (${code ?? message})`;
}
