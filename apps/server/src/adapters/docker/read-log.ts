import { AppError, type LogLine } from '@agentpod/core';
import type { EngineConnection } from './engine-connection.ts';
import { translate } from './translate.ts';

/** Longer lines are cut: an agent may write without end and without a line break. */
const maxLineBytes = 16 * 1024;

/** Frames of the engine hold one line of at most 16 kB; anything far above is not its log. */
const maxFrameBytes = 1024 ** 2;

/** The log of one container, line by line. Ends with the log, or quietly with `signal`. */
export async function* readLog(
  connection: EngineConnection,
  containerId: string,
  options: { readonly tail: number; readonly follow: boolean },
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  const doing = `read the log of ${containerId.slice(0, 12)}`;
  const query = { stdout: true, stderr: true, timestamps: true, follow: options.follow, tail: options.tail };
  try {
    const body = await connection.stream(
      doing,
      { method: 'GET', path: `/containers/${containerId}/logs`, query },
      signal,
    );
    yield* logLines(frames(body));
  } catch (error) {
    // A stream that is ended by us breaks with ECONNRESET.
    if (!signal.aborted) throw translate(doing, error);
  }
}

interface Frame {
  readonly stream: LogLine['stream'];
  readonly content: Buffer;
}

/** Takes the engine's multiplexed stream apart: 8 bytes of header (kind, length), then the content. */
export async function* frames(body: AsyncIterable<Buffer>): AsyncGenerator<Frame> {
  // Not dockerode's demuxStream: it reads on however slowly the reader takes the lines.
  let rest = Buffer.alloc(0);
  for await (const chunk of body) {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 8) {
      const length = rest.readUInt32BE(4);
      if (length > maxFrameBytes)
        throw new AppError('unavailable', 'RuntimeFailed', "the log is not in the engine's format");
      if (rest.length < 8 + length) break;
      yield { stream: rest[0] === 2 ? 'stderr' : 'stdout', content: rest.subarray(8, 8 + length) };
      rest = rest.subarray(8 + length);
    }
  }
}

/** Joins what the engine split, and cuts what is too long. Each frame begins with its time. */
export async function* logLines(source: AsyncIterable<Frame>): AsyncGenerator<LogLine> {
  const open = new Map<LogLine['stream'], { time: string; parts: Buffer[]; bytes: number }>();
  for await (const { stream, content } of source) {
    const space = content.indexOf(0x20);
    const time = content.subarray(0, Math.max(space, 0)).toString();
    const text = content.subarray(space + 1);
    const ends = text.at(-1) === 0x0a;
    const line = open.get(stream) ?? { time, parts: [], bytes: 0 };
    line.parts.push(text.subarray(0, Math.min(ends ? text.length - 1 : text.length, maxLineBytes - line.bytes)));
    line.bytes += line.parts.at(-1)?.length ?? 0;
    if (ends) {
      open.delete(stream);
      yield finished(stream, line);
    } else {
      open.set(stream, line);
    }
  }
  for (const [stream, line] of open) yield finished(stream, line);
}

function finished(stream: LogLine['stream'], line: { time: string; parts: readonly Buffer[] }): LogLine {
  return { time: line.time, stream, line: Buffer.concat(line.parts).toString().replace(/\r$/, '') };
}
