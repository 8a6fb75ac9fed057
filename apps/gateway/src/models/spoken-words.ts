import { plainText } from '@agentpod/core';

interface Message {
  readonly role: string;
  readonly content?: string | readonly { readonly text?: string | undefined }[] | null | undefined;
}

/**
 * Notes for the model that OpenClaw puts around what a person says, as seen in its requests. Where they look otherwise
 * the demo repeats a piece of them, which is all that happens.
 */
const notes: readonly RegExp[] = [
  /<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>[\s\S]*?<<<END_OPENCLAW_INTERNAL_CONTEXT>>>/g,
  /^(?:\[[^\]\n]*\] )?Conversation info: [^\n]*\n```json\n[\s\S]*?\n```\n/,
  /^\[[A-Z][a-z]{2} \d{4}-\d\d-\d\d [^\]\n]*\] /,
  /\n\nRuntime: agent=[^\n]*$/,
];

/** So much is looked at; patterns over more would be a way to keep the gateway busy. */
const longest = 8000;

/** The beginning of what the person said last, short enough to be recognised; empty when nobody did. */
export function spokenWords(messages: readonly Message[], letters: number): string {
  for (const { content } of messages.filter(({ role }) => role === 'user').toReversed()) {
    const parts = typeof content === 'string' ? [content] : (content ?? []).map((part) => part.text ?? '');
    const text = notes.reduce((rest, note) => rest.replace(note, ''), parts.join(' ').slice(0, longest));
    const words = plainText(text.replace(/\s+/g, ' '));
    if (words !== '') return Array.from(words).slice(0, letters).join('');
  }
  return '';
}
