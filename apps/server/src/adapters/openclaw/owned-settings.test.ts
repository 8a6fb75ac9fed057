import { describe, expect, test } from 'vitest';
import { bootOverrides, checkOverrides } from './owned-settings.ts';

const credentials = {
  virtualKey: 'vk-secret',
  controlUser: 'control-secret',
  ingressUser: 'owner@acme',
  probeUser: 'probe-secret',
  probeToken: 'probe-token',
};
const check = (overrides: object) => () => checkOverrides(overrides as Record<string, unknown>, credentials);

describe('settings of experts', () => {
  test.each([
    [{}],
    [{ channels: { telegram: { enabled: true, botToken: '1:a' } } }],
    [{ models: { catalogRefresh: { enabled: true } }, agents: { defaults: { model: { fallbacks: ['a/b'] } } } }],
    [
      {
        plugins: { entries: { browser: { enabled: false } } },
        tools: { deny: ['exec'] },
        agents: { list: [{ id: 'main' }] },
      },
    ],
  ])('are taken: %j', (overrides) => {
    expect(check(overrides)).not.toThrow();
  });

  test.each([
    [{ gateway: { port: 1 } }, 'gateway'],
    [{ gateway: null }, 'gateway'],
    [{ models: { providers: { openai: {} } } }, 'models.providers'],
    [{ models: { mode: 'replace' } }, 'models.mode'],
    [{ models: null }, 'models'],
    [{ models: 'none' }, 'models'],
    [{ agents: { defaults: { model: { primary: 'openai/x' } } } }, 'agents.defaults.model.primary'],
    [{ agents: { defaults: { model: 'openai/x' } } }, 'agents.defaults.model'],
    [{ agents: null }, 'agents'],
    [{ secrets: {} }, 'secrets'],
    [{ env: { vars: { OPENCLAW_GATEWAY_TOKEN: 'x' } } }, 'env'],
    [{ plugins: { load: { paths: ['/x'] } } }, 'plugins.load'],
    [{ update: { auto: { enabled: true } } }, 'update'],
    [{ telemetry: { enabled: true } }, 'telemetry'],
    [{ discovery: {} }, 'discovery'],
    [{ $include: './other.json' }, '$include'],
    [{ tools: { deep: [{ $include: '/home/node/x.json' }] } }, 'tools.deep.0.$include'],
    [{ hooks: { allow: ['owner@acme'] } }, 'hooks.allow.0'],
    [{ hooks: { 'control-secret': true } }, 'hooks.control-secret'],
  ])('that are not theirs are refused: %j', (overrides, path) => {
    expect(check(overrides)).toThrow(
      expect.objectContaining({ kind: 'invalid', reason: 'OwnedSetting', field: `spec.config.${path}` }),
    );
  });

  test('need a new container exactly where the running agent would end to take them over', () => {
    const overrides = {
      channels: {},
      agents: {},
      tools: {},
      logging: {},
      mcp: { servers: {} },
      browser: { enabled: false },
    };
    expect(bootOverrides(overrides)).toEqual({ mcp: { servers: {} }, browser: { enabled: false } });
  });
});
