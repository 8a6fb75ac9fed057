import type { ModelDialect } from '@agentpod/core';

export interface ModelRoute {
  readonly dialect: ModelDialect;
  /** Below the provider's base URL, which ends with the version. */
  readonly path: string;
  /** Whether an agent speaks by it. */
  readonly conversation: boolean;
}

const routes: ReadonlyMap<string, ModelRoute> = new Map([
  ['/v1/chat/completions', { dialect: 'openai', path: '/chat/completions', conversation: true }],
  ['/v1/responses', { dialect: 'openai', path: '/responses', conversation: true }],
  ['/v1/embeddings', { dialect: 'openai', path: '/embeddings', conversation: false }],
  ['/v1/messages', { dialect: 'anthropic', path: '/messages', conversation: true }],
  ['/v1/messages/count_tokens', { dialect: 'anthropic', path: '/messages/count_tokens', conversation: false }],
]);

/** Only what is listed is forwarded: the rest of a provider's API (files, billing, keys) is not for agents. */
export function modelRouteOf(method: string, path: string): ModelRoute | undefined {
  return method === 'POST' ? routes.get(path) : undefined;
}

/** In which words to answer a path, served or not. */
export function dialectOf(path: string): ModelDialect {
  return path.startsWith('/v1/messages') ? 'anthropic' : 'openai';
}
