import fc from 'fast-check';
import { expect, test } from 'vitest';
import { frames, logLines } from './read-log.ts';

const time = '2026-11-01T00:00:00.000000001Z';

function frame(kind: 1 | 2, text: string): Buffer {
  const content = Buffer.from(`${time} ${text}`);
  const header = Buffer.from([kind, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(content.length, 4);
  return Buffer.concat([header, content]);
}

async function* inPieces(whole: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < whole.length; at += size) yield whole.subarray(at, at + size);
}

const read = async (whole: Buffer, size = whole.length) => Array.fromAsync(logLines(frames(inPieces(whole, size))));

test('however the stream is cut into pieces, the lines are the same', async () => {
  const line = fc.record({
    kind: fc.constantFrom(1 as const, 2 as const),
    text: fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll(/[\r\n]/g, '')),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(line), fc.integer({ min: 1, max: 40 }), async (lines, size) => {
      const whole = Buffer.concat(lines.map(({ kind, text }) => frame(kind, `${text}\n`)));
      expect(await read(whole, size)).toEqual(
        lines.map(({ kind, text }) => ({ time, stream: kind === 1 ? 'stdout' : 'stderr', line: text })),
      );
    }),
  );
});

test('what the engine split is one line again, beside lines of the other stream', async () => {
  const whole = [frame(1, 'one '), frame(2, 'other\n'), frame(1, 'line\n')];
  expect((await read(Buffer.concat(whole))).map(({ line }) => line)).toEqual(['other', 'one line']);
});

test('a line that never ends is kept up to 16 kB and shown at the end', async () => {
  const whole = Buffer.concat(Array.from({ length: 10 }, () => frame(1, 'x'.repeat(10_000))));
  expect((await read(whole)).map(({ line }) => line.length)).toEqual([16 * 1024]);
});

test('a stream that is not a log is refused instead of being collected', async () => {
  await expect(read(Buffer.alloc(64, 0xff))).rejects.toMatchObject({ kind: 'unavailable' });
});
