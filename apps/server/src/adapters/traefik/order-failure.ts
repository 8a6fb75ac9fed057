import { open } from 'node:fs/promises';
import { z } from 'zod';

/** As much of the log's end as a burst of failed orders fills. */
const tailBytes = 256 * 1024;

const LogLine = z.object({
  level: z.literal('error'),
  error: z.string(),
  domains: z.array(z.string()).optional(),
  rule: z.string().optional(),
});

/** The newest reason in Traefik's log why this host got no certificate; `undefined` when it says none. */
export async function orderFailure(logFile: string, host: string): Promise<string | undefined> {
  const lines = (await tail(logFile)).split('\n').filter((line) => line.includes(host) && line.includes('ACME'));
  for (const line of lines.toReversed()) {
    const parsed = LogLine.safeParse(parseJson(line));
    if (!parsed.success) continue;
    const { domains, rule, error } = parsed.data;
    if (domains?.includes(host) || rule?.includes(`\`${host}\``)) return `No certificate: ${error.slice(0, 500)}`;
  }
  return undefined;
}

async function tail(path: string): Promise<string> {
  try {
    await using file = await open(path, 'r');
    const { size } = await file.stat();
    const length = Math.min(size, tailBytes);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString('utf8', 0, bytesRead);
  } catch (error) {
    // Traefik has not written anything yet.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // The tail may begin in the middle of a line.
    return undefined;
  }
}
