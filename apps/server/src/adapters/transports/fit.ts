/** Cuts a text so that its characters cost at most `most` together. Never cuts a character, nor what stands for one. */
export function fit(text: string, most: number, cost: (character: string) => number): string {
  const end = '…';
  const characters = Array.from(text);
  const total = characters.reduce((sum, character) => sum + cost(character), 0);
  if (total <= most) return text;
  let left = most - cost(end);
  const kept = characters.findIndex((character) => (left -= cost(character)) < 0);
  return characters.slice(0, kept).join('') + end;
}

export const byBytes = (character: string): number => Buffer.byteLength(character);
/** UTF-16 units, which is what most providers count. */
export const byUnits = (character: string): number => character.length;
