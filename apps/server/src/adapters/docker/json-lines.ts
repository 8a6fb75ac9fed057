import { AppError } from '@agentpod/core';

const maxLineLength = 1024 ** 2;

/** One JSON value per line, as the engine sends events and progress. Throws when the stream breaks. */
export async function* jsonLines(body: AsyncIterable<Buffer>): AsyncGenerator {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') yield parse(line);
    if (rest.length > maxLineLength) throw garbled();
  }
  if (rest.trim() !== '') yield parse(rest);
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw garbled(cause);
  }
}

function garbled(cause?: unknown): AppError {
  return new AppError('unavailable', 'RuntimeFailed', 'the container engine sent something that is not JSON', {
    cause,
  });
}
