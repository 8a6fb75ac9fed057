import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { AppError, mergePatch } from '@agentpod/core';
import type { Rendered, RenderInput } from '../../ports/agent-driver.ts';
import { bootOverrides, checkOverrides } from './owned-settings.ts';
import { workspaceFiles } from './workspace-files.ts';

/** What forward-auth sets for customers and the control plane for itself. */
export const headerNames = { user: 'x-agentpod-user', proxy: 'x-agentpod-proxy' } as const;

export const controlScopes: readonly string[] = [
  'operator.admin',
  'operator.read',
  'operator.write',
  'operator.approvals',
  'operator.pairing',
];
export const probeScopes: readonly string[] = ['operator.read'];
/** For conversations. OpenClaw tells the model who is speaking, so they are never held as the control user. */
export const chatScopes: readonly string[] = ['operator.read', 'operator.write'];
/** What a browser is granted without a pairing. Never admin: that would be a lasting grant to the device. */
const browserScopes: readonly string[] = [
  'operator.read',
  'operator.write',
  'operator.approvals',
  'operator.questions',
];

const configFile = 'openclaw.json';
const keyFile = 'model-key.json';

/**
 * The files and boot inputs of one agent. Pure. Throws `invalid`/`UnsupportedVersion` before 2026.9, and
 * `invalid`/`OwnedSetting` when the spec's own settings reach for what is not theirs.
 */
export function renderOpenClaw(input: RenderInput): Rendered {
  checkVersion(input.agent.spec.version);
  const { type, credentials } = input;
  const overrides = input.agent.spec.config ?? {};
  checkOverrides(overrides, credentials);
  const config = openClawConfig(input);
  const atBoot = bootOverrides(overrides);
  return {
    env: { OPENCLAW_CONFIG_PATH: posix.join(type.mounts.config, configFile) },
    configFiles: [
      // The key first: the moment openclaw.json changes, OpenClaw reads it.
      { path: keyFile, content: JSON.stringify({ key: credentials.virtualKey }), policy: 'replace' },
      { path: configFile, content: `${JSON.stringify(mergePatch(config, overrides), null, 2)}\n`, policy: 'replace' },
    ],
    stateFiles: workspaceFiles(input),
    bootInputs: {
      port: config.gateway.port,
      bind: config.gateway.bind,
      authMode: config.gateway.auth.mode,
      mdns: config.discovery.mdns.mode,
      secrets: config.secrets,
      ...(Object.keys(atBoot).length > 0 && { overrides: atBoot }),
    },
  };
}

/** 2026.9.6 → fine; older versions cannot let a browser in without a pairing, nor the control plane without a token. */
function checkVersion(version: string): void {
  const [year = 0, month = 0] = version.split('.').map(Number);
  if (year > 2026 || (year === 2026 && month >= 9)) return;
  throw new AppError(
    'invalid',
    'UnsupportedVersion',
    `OpenClaw ${version} cannot take its users from a proxy without pairing every browser; 2026.9 and later can`,
    { field: 'spec.version', remedy: 'Use 2026.9.6 or later.' },
  );
}

function openClawConfig({ agent, type, block, origin, credentials, model }: RenderInput) {
  const provider = providerId(model.epoch, credentials.virtualKey);
  const { ingressUser, probeUser, controlUser } = credentials;
  return {
    gateway: {
      mode: 'local',
      bind: 'lan',
      port: type.port,
      // OpenClaw accepts a public origin over plain HTTP for `localhost` alone; `http://acme.localhost` would stop its boot.
      ...(origin.startsWith('https:') && { publicOrigin: origin }),
      reload: { mode: 'hybrid' },
      trustedProxies: [block.gateway],
      auth: {
        mode: 'trusted-proxy',
        trustedProxy: {
          userHeader: headerNames.user,
          requiredHeaders: [headerNames.proxy],
          allowUsers: [ingressUser, probeUser, controlUser],
          deviceAutoApprove: { enabled: true, scopes: browserScopes },
        },
        identityScopes: { [controlUser]: controlScopes, [ingressUser]: chatScopes, [probeUser]: probeScopes },
      },
      controlUi: { allowedOrigins: [origin] },
    },
    secrets: {
      providers: {
        agentpod: { source: 'file', path: posix.join(type.mounts.config, keyFile), mode: 'json' },
      },
    },
    models: {
      mode: 'merge',
      catalogRefresh: { enabled: false },
      providers: { [provider]: modelProvider(model, agent.spec.model.provider) },
    },
    agents: {
      defaults: {
        model: { primary: `${provider}/${model.name}` },
        // The identity files are ours: no first-run ritual in which the customer has to name their employee.
        skipBootstrap: true,
        // A turn every half hour (15,000 tokens, nobody asking) is not for us to order at the customer's expense.
        heartbeat: { every: '0m' },
      },
    },
    update: { checkOnStart: false, auto: { enabled: false } },
    telemetry: { enabled: false },
    discovery: { mdns: { mode: 'off' } },
    // The copy below /tmp counts against the memory limit; the engine keeps the log that people read.
    logging: { consoleStyle: 'json', maxFileBytes: 2_000_000 },
  };
}

/**
 * OpenClaw remembers for minutes, in its database and by provider id, that a key was refused. A new id for every new
 * key or model makes it forget.
 */
function providerId(epoch: string, virtualKey: string): string {
  return `gw-${createHash('sha256').update(`${epoch}\n${virtualKey}`).digest('hex').slice(0, 12)}`;
}

function modelProvider({ gatewayUrl, dialect, name }: RenderInput['model'], upstream: string) {
  const apiKey = { source: 'file', provider: 'agentpod', id: '/key' };
  const sizes = { id: name, name, contextWindow: 128_000, maxTokens: 8192 };
  if (dialect === 'anthropic') return { baseUrl: gatewayUrl, apiKey, api: 'anthropic-messages', models: [sizes] };
  // OpenAI refuses `max_tokens` for its newer models; the others know nothing else for certain.
  const isOpenAi = upstream === 'openai';
  const compat = {
    supportsUsageInStreaming: true,
    supportsStore: false,
    supportsDeveloperRole: isOpenAi,
    maxTokensField: isOpenAi ? 'max_completion_tokens' : 'max_tokens',
  };
  return { baseUrl: `${gatewayUrl}/v1`, apiKey, api: 'openai-completions', models: [{ ...sizes, compat }] };
}
