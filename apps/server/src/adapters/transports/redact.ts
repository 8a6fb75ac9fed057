import { AppError, plainText, toAppError } from '@agentpod/core';

/** Short pieces are words like `send` or `v1`; blotting them out would hide nothing and garble everything. */
const shortest = 8;

/** Every form in which a secret may come back in what a receiver says. */
export function hidden(secrets: Readonly<Record<string, string>>, more: readonly string[] = []): readonly string[] {
  const pieces = [...Object.values(secrets), ...more].flatMap((value) => [
    value,
    encodeURIComponent(value),
    JSON.stringify(value).slice(1, -1),
    Buffer.from(value).toString('base64'),
    ...partsOfUrl(value),
  ]);
  return [...new Set(pieces)].filter((piece) => piece.length > 0).toSorted((a, b) => b.length - a.length);
}

/** One line from a receiver, fit for an error and a delivery log. */
export function quotable(text: string, hide: readonly string[], longest = 200): string {
  const clean = hide.reduce((rest, piece) => rest.replaceAll(piece, '[secret]'), plainText(text));
  return plainText(clean.replace(/\s+/g, ' '), longest);
}

/** The same error without anything in its message that must not be seen. */
export function withoutSecrets(error: unknown, hide: readonly string[]): AppError {
  const { kind, reason, message, field, remedy } = toAppError(error);
  return new AppError(kind, reason, quotable(message, hide, 500), {
    ...(field !== undefined && { field }),
    ...(remedy !== undefined && { remedy }),
  });
}

/** The token of a chat robot is a piece of its URL, and may be quoted alone. */
function partsOfUrl(value: string): readonly string[] {
  if (!URL.canParse(value)) return [];
  const { pathname, search, searchParams } = new URL(value);
  return [`${pathname}${search}`, pathname, ...pathname.split('/'), search.slice(1), ...searchParams.values()].filter(
    (piece) => piece.length >= shortest,
  );
}
