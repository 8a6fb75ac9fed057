/** Text from an agent, fit for a terminal, a log and a condition: no control characters but line breaks and tabs. */
export function plainText(text: string, longest = Number.POSITIVE_INFINITY): string {
  // Terminal escapes begin with a control character; without it they are harmless letters. Bidi overrides reorder what a person reads.
  const clean = text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '').trim();
  return clean.length > longest ? `${clean.slice(0, longest - 1)}…` : clean;
}
