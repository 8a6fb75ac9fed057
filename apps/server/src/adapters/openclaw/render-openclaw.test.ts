import { fileURLToPath } from 'node:url';
import { type AgentFile, memoryProfileOf } from '@agentpod/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RenderInput } from '../../ports/agent-driver.ts';
import { aBlock, anAgent, aSpec } from '../../testing/builders.ts';
import { loadAgentTypes } from '../manifest/load-agent-types.ts';
import { renderOpenClaw } from './render-openclaw.ts';

const [type] = loadAgentTypes([fileURLToPath(new URL('../../../../../agent-types', import.meta.url))]);
if (!type) throw new Error('there is no agent type openclaw');

const GiB = 1024 ** 3;

interface Differences {
  readonly tenant?: string;
  readonly version?: string;
  readonly memoryBytes?: number;
  readonly identity?: { soul?: string; memory?: string; instructions?: string };
  readonly provider?: string;
  readonly origin?: string;
  readonly config?: Record<string, unknown>;
  readonly virtualKey?: string;
  readonly model?: Partial<RenderInput['model']>;
}

function input(differences: Differences = {}): RenderInput {
  const memoryBytes = differences.memoryBytes ?? 2 * GiB;
  const spec = aSpec({
    version: differences.version ?? '2026.9.6',
    resources: { memoryBytes, cpus: 1, pids: 512 },
    identity: differences.identity ?? {},
    model: { provider: differences.provider ?? 'qwen', name: 'qwen3-max' },
    ...(differences.config && { config: differences.config }),
  });
  return {
    agent: anAgent({ spec, tenant: differences.tenant ?? 'acme' }),
    type: type!,
    profile: memoryProfileOf(type!, memoryBytes),
    block: aBlock,
    origin: differences.origin ?? 'http://acme.localhost',
    credentials: {
      virtualKey: differences.virtualKey ?? 'vk-secret',
      controlUser: 'control-secret',
      ingressUser: 'people',
      probeUser: 'probe',
      probeToken: 'probe-token',
    },
    model: {
      gatewayUrl: 'http://10.203.255.1:7200',
      dialect: 'openai',
      name: 'qwen3-max',
      epoch: 'epoch-1',
      ...differences.model,
    },
  };
}

function fileOf(files: readonly AgentFile[], path: string): AgentFile {
  const file = files.find((one) => one.path === path);
  if (!file) throw new Error(`there is no ${path}`);
  return file;
}

const configOf = (differences: Differences = {}) =>
  JSON.parse(fileOf(renderOpenClaw(input(differences)).configFiles, 'openclaw.json').content);

describe('the configuration', () => {
  test.each([
    ['local-openai', {}],
    [
      'domain-anthropic',
      {
        origin: 'https://acme.example.com',
        provider: 'anthropic',
        model: { dialect: 'anthropic', name: 'claude-sonnet-4-5' },
      },
    ],
    ['domain-openai', { origin: 'https://acme.example.com:8443', provider: 'openai', model: { name: 'gpt-5' } }],
  ] satisfies [string, Differences][])('%s is exactly the one that was proven', async (name, differences) => {
    const { content } = fileOf(renderOpenClaw(input(differences)).configFiles, 'openclaw.json');
    await expect(content).toMatchFileSnapshot(`golden/${name}.json.golden`);
  });

  test('no memory profile changes it: those are environment, and small ones keep the heap small', () => {
    expect(configOf({ memoryBytes: GiB })).toEqual(configOf({ memoryBytes: 2 * GiB }));
    expect(input({ memoryBytes: GiB }).profile).toMatchObject({
      name: 'compact',
      env: { NODE_OPTIONS: expect.stringContaining('--max-old-space-size=384') },
    });
    expect(input({ memoryBytes: 1.5 * GiB }).profile.name).toBe('standard');
  });

  test('has a public origin over HTTPS alone: over HTTP OpenClaw would refuse to boot', () => {
    expect(configOf().gateway).not.toHaveProperty('publicOrigin');
    expect(configOf({ origin: 'https://acme.example.com' }).gateway.publicOrigin).toBe('https://acme.example.com');
  });

  test('gives nobody but the control plane administration', () => {
    const { auth } = configOf().gateway;
    expect(auth.identityScopes['control-secret']).toContain('operator.admin');
    expect(auth.identityScopes['probe']).toEqual(['operator.read']);
    expect(auth.identityScopes['people']).toEqual(['operator.read', 'operator.write']);
    expect(auth.trustedProxy.deviceAutoApprove.scopes).not.toContain('operator.admin');
  });

  test('holds the virtual key in a file of its own, and in no environment', () => {
    const { configFiles, env } = renderOpenClaw(input());
    expect(JSON.parse(fileOf(configFiles, 'model-key.json').content)).toEqual({ key: 'vk-secret' });
    expect(fileOf(configFiles, 'openclaw.json').content).not.toContain('vk-secret');
    expect(JSON.stringify(env)).not.toMatch(/vk-secret|control-secret/);
  });

  test('calls the provider anew when model, key or virtual key changed, so that a refused key is forgotten', () => {
    const idOf = (differences: Differences) => Object.keys(configOf(differences).models.providers)[0];
    const before = idOf({});
    expect(idOf({})).toBe(before);
    expect(idOf({ model: { epoch: 'epoch-2' } })).not.toBe(before);
    expect(idOf({ virtualKey: 'another' })).not.toBe(before);
    expect(configOf().agents.defaults.model.primary).toBe(`${before}/qwen3-max`);
  });

  test.each(['2026.6.11', '2026.2.17', '2025.12.1', '1.0', 'latest'])('of %s is refused, saying why', (version) => {
    expect(() => renderOpenClaw(input({ version }))).toThrow(
      expect.objectContaining({ kind: 'invalid', reason: 'UnsupportedVersion', field: 'spec.version' }),
    );
  });

  test.each(['2026.9.6', '2026.10.0', '2027.1.1'])('of %s is rendered', (version) => {
    expect(renderOpenClaw(input({ version })).configFiles).toHaveLength(2);
  });

  test('stays what we mean, whatever stands in names and texts', () => {
    const text = fc.string({ unit: 'binary', maxLength: 60 });
    fc.assert(
      fc.property(text, text, text, text, (tenant, soul, name, virtualKey) => {
        const rendered = renderOpenClaw(input({ tenant, identity: { soul }, model: { name }, virtualKey }));
        const config = JSON.parse(fileOf(rendered.configFiles, 'openclaw.json').content);
        const provider = Object.keys(config.models.providers)[0] ?? '';
        expect(provider).toMatch(/^gw-[0-9a-f]{12}$/);
        expect(config.agents.defaults.model.primary).toBe(`${provider}/${name}`);
        expect(config.models.providers[provider].models[0].id).toBe(name);
        expect(JSON.parse(fileOf(rendered.configFiles, 'model-key.json').content)).toEqual({ key: virtualKey });
        expect(fileOf(rendered.stateFiles, 'workspace/SOUL.md').content).toBe(soul);
        expect(
          rendered.stateFiles.map(({ path }) => path).filter((path) => !/^workspace\/[A-Z]+\.md$/.test(path)),
        ).toEqual([]);
      }),
    );
  });
});

describe('settings of experts', () => {
  test('are merged over ours, and null removes', () => {
    const config = {
      tools: { deny: ['exec'] },
      agents: { defaults: { heartbeat: { every: '30m' }, skipBootstrap: null } },
    };
    const merged = configOf({ config });
    const plain = configOf();
    expect(merged.tools).toEqual({ deny: ['exec'] });
    expect(merged.agents.defaults).toEqual({ model: plain.agents.defaults.model, heartbeat: { every: '30m' } });
    expect({ ...merged, tools: undefined, agents: undefined }).toEqual({ ...plain, agents: undefined });
  });

  test('that reach for ours are refused by name', () => {
    expect(() => renderOpenClaw(input({ config: { gateway: { bind: 'lan' } } }))).toThrow(
      expect.objectContaining({ kind: 'invalid', field: 'spec.config.gateway' }),
    );
  });
});

describe('a change', () => {
  const bootInputs = (differences: Differences) => renderOpenClaw(input(differences)).bootInputs;

  test('of model, key or identity needs no new container', () => {
    const changed = {
      model: { name: 'm2', epoch: 'e2' },
      virtualKey: 'v2',
      identity: { soul: 'x' },
      origin: 'https://a.example',
    };
    expect(bootInputs(changed)).toEqual(bootInputs({}));
  });

  test('of settings needs a new container only where OpenClaw would end to take it over', () => {
    expect(bootInputs({ config: { channels: { telegram: { enabled: false } } } })).toEqual(bootInputs({}));
    expect(bootInputs({ config: { browser: { enabled: false } } })).not.toEqual(bootInputs({}));
  });

  test('of what OpenClaw reads at boot alone needs one', () => {
    const moved = { ...input(), type: { ...input().type, port: 18_790 } };
    expect(renderOpenClaw(moved).bootInputs).not.toEqual(bootInputs({}));
  });
});

describe('the identity files', () => {
  const stateFiles = (differences: Differences = {}) => renderOpenClaw(input(differences)).stateFiles;

  test('that nobody wrote are seeds that name the customer, in Chinese and English', () => {
    expect(stateFiles().map(({ policy }) => policy)).toEqual(['seed', 'seed', 'seed', 'seed']);
    const soul = fileOf(stateFiles({ tenant: 'globex' }), 'workspace/SOUL.md').content;
    expect(soul).toContain('digital employee of globex');
    expect(soul).toContain('globex 的数字员工');
  });

  test('that the spec gives replace what is there; the others stay seeds', () => {
    const files = stateFiles({ identity: { soul: 'You are Ada.' } });
    expect(fileOf(files, 'workspace/SOUL.md')).toEqual({
      path: 'workspace/SOUL.md',
      content: 'You are Ada.',
      policy: 'replace',
    });
    expect(fileOf(files, 'workspace/MEMORY.md').policy).toBe('seed');
    expect(fileOf(stateFiles({ identity: { soul: '' } }), 'workspace/SOUL.md').policy).toBe('replace');
  });
});
