import { AppError, findModelProvider, modelProviders } from '@agentpod/core';
import type { Messages } from './messages/zh.ts';

export interface ModelArgument {
  readonly provider: string;
  readonly name: string;
  readonly baseUrl?: string;
}

/** `qwen/qwen3-max`, `openrouter/meta/llama`: the first slash ends the provider. Throws `invalid`. */
export function parseModel(text: string, baseUrl: string | undefined, t: Messages): ModelArgument {
  const slash = text.indexOf('/');
  const provider = slash === -1 ? text : text.slice(0, slash);
  const name = slash === -1 ? '' : text.slice(slash + 1);
  if (provider === '' || name === '') {
    const example = findModelProvider(provider) ?? modelProviders.find((known) => known.name === 'qwen');
    throw new AppError('invalid', 'InvalidModel', t.model.invalid(text), {
      field: 'model',
      remedy: t.model.invalidRemedy(`${example?.name}/${example?.exampleModel}`),
    });
  }
  return { provider, name, ...(baseUrl === undefined ? {} : { baseUrl }) };
}
