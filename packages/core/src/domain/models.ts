/** The wire format a provider speaks. */
export type ModelDialect = 'openai' | 'anthropic';

export interface ModelProvider {
  readonly name: string;
  readonly title: string;
  readonly dialect: ModelDialect;
  /** Up to and including the version segment where the dialect has one; absent when the person must give it. */
  readonly baseUrl?: string;
  readonly needsKey: boolean;
  /** A model that exists there, used in examples and as the default. */
  readonly exampleModel: string;
}

/** Addresses as the providers document them; every one can be overridden with `baseUrl`. */
export const modelProviders: readonly ModelProvider[] = [
  {
    name: 'demo',
    title: 'Demo (canned reply, no model behind it)',
    dialect: 'openai',
    needsKey: false,
    exampleModel: 'canned-reply',
  },
  {
    name: 'anthropic',
    title: 'Anthropic Claude',
    dialect: 'anthropic',
    baseUrl: 'https://api.anthropic.com/v1',
    needsKey: true,
    exampleModel: 'claude-sonnet-4-5',
  },
  {
    name: 'openai',
    title: 'OpenAI',
    dialect: 'openai',
    baseUrl: 'https://api.openai.com/v1',
    needsKey: true,
    exampleModel: 'gpt-5',
  },
  {
    name: 'qwen',
    title: '通义千问 Qwen',
    dialect: 'openai',
    baseUrl: 'https://dashscope.aliyuncs.com/compatible-mode/v1',
    needsKey: true,
    exampleModel: 'qwen3-max',
  },
  {
    name: 'deepseek',
    title: 'DeepSeek',
    dialect: 'openai',
    baseUrl: 'https://api.deepseek.com/v1',
    needsKey: true,
    exampleModel: 'deepseek-chat',
  },
  {
    name: 'zhipu',
    title: '智谱 GLM',
    dialect: 'openai',
    baseUrl: 'https://open.bigmodel.cn/api/paas/v4',
    needsKey: true,
    exampleModel: 'glm-4.6',
  },
  {
    name: 'moonshot',
    title: 'Moonshot Kimi',
    dialect: 'openai',
    baseUrl: 'https://api.moonshot.cn/v1',
    needsKey: true,
    exampleModel: 'kimi-k2-turbo-preview',
  },
  {
    name: 'openrouter',
    title: 'OpenRouter',
    dialect: 'openai',
    baseUrl: 'https://openrouter.ai/api/v1',
    needsKey: true,
    exampleModel: 'openrouter/auto',
  },
  { name: 'ollama', title: 'Ollama', dialect: 'openai', needsKey: false, exampleModel: 'qwen3' },
  {
    name: 'openai-compatible',
    title: 'Any OpenAI-compatible address',
    dialect: 'openai',
    needsKey: false,
    exampleModel: 'my-model',
  },
  {
    name: 'anthropic-compatible',
    title: 'Any Anthropic-compatible address',
    dialect: 'anthropic',
    needsKey: false,
    exampleModel: 'my-model',
  },
];

export function findModelProvider(name: string): ModelProvider | undefined {
  return modelProviders.find((provider) => provider.name === name);
}
