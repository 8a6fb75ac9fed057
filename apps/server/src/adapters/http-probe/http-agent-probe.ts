import type { AgentProbe } from '../../ports/agent-probe.ts';
import type { Answer } from '../../ports/agent-driver.ts';

/** An answer longer than this is not an answer to a probe. */
const longestBody = 64 * 1024;

/** `AgentProbe` over Node's own HTTP client. */
export class HttpAgentProbe implements AgentProbe {
  async started({ address, port, probe }: Parameters<AgentProbe['started']>[0], signal: AbortSignal): Promise<Answer> {
    const timeout = AbortSignal.timeout(probe.timeoutSeconds * 1000);
    try {
      const response = await fetch(`http://${address}:${port}${probe.path}`, {
        // Agents behind a proxy refuse requests that cannot be attributed to a client; 192.0.2.1 is nobody (RFC 5737).
        headers: { 'x-forwarded-for': '192.0.2.1' },
        redirect: 'manual',
        signal: AbortSignal.any([signal, timeout]),
      });
      return judge(await readBounded(response), probe.body);
    } catch (error) {
      return { ok: false, detail: timeout.aborted ? 'The agent does not answer in time' : describe(error) };
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

async function readBounded(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > longestBody) throw new Error('the answer is too long');
  }
  return text;
}

function describe(error: unknown): string {
  const cause = error instanceof Error ? (error.cause as { code?: string } | undefined) : undefined;
  if (cause?.code === 'ECONNREFUSED') return 'The agent boots: its port is not open yet';
  return `The agent cannot be reached (${cause?.code ?? (error instanceof Error ? error.message : String(error))})`;
}
