import { describe, expect, test } from 'vitest';
import { admit, roomFor } from './admission.ts';
import { AgentType, memoryProfileOf, resolveSpec } from './agent-type.ts';
import { parseBytes, formatBytes } from './quantity.ts';
import { checkModel } from './spec.ts';

const type = AgentType.parse({
  apiVersion: 'agentpod/v1',
  kind: 'AgentType',
  metadata: { name: 'thing', title: 'Thing' },
  versions: { default: '1.2', tested: ['1.2'], pattern: '^\\d+\\.\\d+$' },
  image: { local: 'thing:${version}' },
  container: { user: '1000:1000', stop: {} },
  mounts: { state: '/state', config: '/config' },
  port: 80,
  pids: 64,
  plans: { small: { memory: '1Gi', cpus: 1 }, standard: { memory: '2Gi', cpus: 2 } },
  defaultPlan: 'standard',
  memoryProfiles: [
    { name: 'compact', minMemory: '1Gi', workingSet: '700Mi' },
    { name: 'standard', minMemory: '1536Mi', workingSet: '1200Mi' },
  ],
  probes: { started: { path: '/s', body: { ok: true }, deadlineSeconds: 60 } },
  identity: { soul: 'SOUL.md', memory: 'MEMORY.md', instructions: 'AGENTS.md' },
});

describe('a spec', () => {
  test('is complete after resolving: what was left out is the default of that day', () => {
    expect(resolveSpec(type, {})).toMatchObject({
      version: '1.2',
      plan: 'standard',
      resources: { memoryBytes: 2 * 2 ** 30, cpus: 2, pids: 64 },
      model: { provider: 'demo' },
      suspended: false,
    });
  });

  test('keeps what an update does not mention', () => {
    const first = resolveSpec(type, { plan: 'small', identity: { soul: 'kind' } });
    const second = resolveSpec(type, { identity: { memory: 'likes tea' } }, first);
    expect(second).toEqual({ ...first, identity: { soul: 'kind', memory: 'likes tea' } });
  });

  test('takes settings of experts as a whole: new ones replace the old, null and {} remove them', () => {
    const first = resolveSpec(type, { config: { tools: { deny: ['exec'] }, ui: { x: 1 } } });
    expect(first.config).toEqual({ tools: { deny: ['exec'] }, ui: { x: 1 } });
    expect(resolveSpec(type, { plan: 'small' }, first).config).toEqual(first.config);
    expect(resolveSpec(type, { config: { ui: { y: 2 } } }, first).config).toEqual({ ui: { y: 2 } });
    expect(resolveSpec(type, { config: null }, first)).not.toHaveProperty('config');
    expect(resolveSpec(type, { config: {} }, first)).not.toHaveProperty('config');
  });

  test('a new plan brings its own sizes, an explicit size wins over it', () => {
    const first = resolveSpec(type, { plan: 'small' });
    expect(resolveSpec(type, { plan: 'standard' }, first).resources.memoryBytes).toBe(2 * 2 ** 30);
    expect(
      resolveSpec(type, { plan: 'standard', resources: { memory: 3 * 2 ** 30 } }, first).resources.memoryBytes,
    ).toBe(3 * 2 ** 30);
  });

  test('counts CPUs in hundredths: an engine would read back something finer as changed', () => {
    expect(resolveSpec(type, { resources: { cpus: 1 / 3 } }).resources.cpus).toBe(0.33);
  });

  test.each([
    ['spec.version', { version: 'latest' }],
    ['spec.plan', { plan: 'huge' }],
    ['spec.resources.memory', { resources: { memory: 2 ** 29 } }],
  ])('names %s when it is wrong', (field, input) => {
    expect(() => resolveSpec(type, input)).toThrow(expect.objectContaining({ kind: 'invalid', field }));
  });

  test('the largest memory profile that fits is used', () => {
    expect(memoryProfileOf(type, 2 ** 30).name).toBe('compact');
    expect(memoryProfileOf(type, 2 ** 31).name).toBe('standard');
  });
});

describe('a model', () => {
  test.each([
    ['spec.model.provider', { provider: 'nobody', name: 'x' }],
    ['spec.model.baseUrl', { provider: 'ollama', name: 'x' }],
    ['modelKey', { provider: 'qwen', name: 'qwen3-max' }],
  ])('names %s when it is missing or wrong', (field, model) => {
    expect(() => checkModel(model)).toThrow(expect.objectContaining({ kind: 'invalid', field }));
  });

  test('of the demo needs nothing', () => {
    expect(() => checkModel({ provider: 'demo', name: 'canned-reply' })).not.toThrow();
  });
});

describe('admission', () => {
  const gib = 2 ** 30;
  const one = { workingSetBytes: 0.75 * gib, limitBytes: gib };

  test('refuses what the machine cannot hold, in one sentence', () => {
    const full = { hostMemoryBytes: 2 * gib, agents: [one] };
    expect(roomFor(full, one)).toBe(0);
    expect(() => admit(full, one)).toThrow(/no room/);
  });

  test('lets in what fits', () => {
    expect(roomFor({ hostMemoryBytes: 4 * gib, agents: [] }, one)).toBe(4);
    expect(() => admit({ hostMemoryBytes: 4 * gib, agents: [one] }, one)).not.toThrow();
  });
});

test.each([
  ['512m', 512 * 2 ** 20],
  ['2g', 2 * 2 ** 30],
  ['2Gi', 2 * 2 ** 30],
  ['1.5G', 1.5 * 2 ** 30],
  ['1024', 1024],
])('%s is %d bytes', (text, bytes) => {
  expect(parseBytes(text)).toBe(bytes);
});

test.each(['', 'lots', '-1g', '2x'])('"%s" is no size', (text) => {
  expect(parseBytes(text)).toBeUndefined();
});

test('sizes are shown in binary units', () => {
  expect(formatBytes(1.5 * 2 ** 30)).toBe('1.5 GiB');
});
