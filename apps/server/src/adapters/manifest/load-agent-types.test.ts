import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadAgentTypes } from './load-agent-types.ts';

const shipped = fileURLToPath(new URL('../../../../../agent-types', import.meta.url));
const forTests = fileURLToPath(new URL('../../../../../e2e/agent-types', import.meta.url));
const stub = readFileSync(join(forTests, 'stub.yaml'), 'utf8');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'agent-types-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('the manifests that ship and the one of the tests are valid', () => {
  const types = loadAgentTypes([shipped, forTests]);
  expect(types.map(({ metadata, driver }) => [metadata.name, driver])).toEqual([
    ['openclaw', 'openclaw'],
    ['stub', 'manifest'],
  ]);
  expect(types[0]).toMatchObject({
    versions: { default: '2026.9.6' },
    plans: { small: { memory: 1024 ** 3 }, standard: { memory: 2 * 1024 ** 3 } },
    container: { unhealableExitCodes: [78], stop: { graceSeconds: 90 } },
    closedPaths: ['/api/v1/admin'],
  });
});

test('OpenClaw is given no scope of administration over the ingress, and no secret in its environment', () => {
  const [openclaw] = loadAgentTypes([shipped]);
  expect(openclaw?.requestHeaders['X-Openclaw-Scopes']).toMatch(/^operator\.read,/);
  expect(openclaw?.requestHeaders['X-Openclaw-Scopes']).not.toContain('admin');
  expect(Object.keys(openclaw?.container.env ?? {}).filter((name) => /TOKEN|PASSWORD|KEY/.test(name))).toEqual([]);
});

describe('a manifest that is wrong is refused, naming file and field:', () => {
  test.each([
    ['broken YAML', stub.replace('metadata: {', 'metadata: {{'), undefined],
    ['a missing field', stub.replace('port: 8080\n', ''), 'port'],
    ['an unknown field', `${stub}nonsense: 1\n`, 'document'],
    ['a size that is none', stub.replace('memory: 128Mi', 'memory: lots'), 'plans.small.memory'],
    ['a pattern that is none', stub.replace(String.raw`^\d+$`, '"("'), 'versions.pattern'],
    ['a default version of another shape', stub.replace("default: '1'", 'default: one'), 'versions.default'],
    ['a default plan that is none', stub.replace('defaultPlan: small', 'defaultPlan: huge'), 'defaultPlan'],
    ['a plan too small for every profile', stub.replace('memory: 128Mi', 'memory: 16Mi'), 'plans.small.memory'],
    ['something else', 'just text', 'document'],
    ['nothing', '', 'document'],
  ])('%s', (_what, text, field) => {
    writeFileSync(join(folder, 'mine.yaml'), text);
    const refusal = expect.objectContaining({ kind: 'invalid', reason: 'InvalidAgentType' });
    expect(() => loadAgentTypes([folder])).toThrow(refusal);
    expect(() => loadAgentTypes([folder])).toThrow(`${join(folder, 'mine.yaml')}: ${field ?? ''}`);
  });

  test('aliases that multiply without end', () => {
    const bomb = Array.from({ length: 9 }, (_, n) => `a${n + 1}: &a${n + 1} [${Array(9).fill(`*a${n}`).join(', ')}]`);
    writeFileSync(join(folder, 'bomb.yaml'), ['a0: &a0 [x, x]', ...bomb].join('\n'));
    expect(() => loadAgentTypes([folder])).toThrow(/bomb\.yaml: .*alias/);
  });

  test('a second type of the same name', () => {
    writeFileSync(join(folder, 'another.yml'), stub);
    expect(() => loadAgentTypes([forTests, folder])).toThrow(
      /another\.yml: metadata\.name: "stub" is already the type in .*stub\.yaml/,
    );
  });
});

test('a folder that is not there is no empty folder', () => {
  expect(() => loadAgentTypes([join(folder, 'nowhere')])).toThrow(
    expect.objectContaining({ kind: 'invalid', reason: 'NoAgentTypes' }),
  );
});

test('other files beside the manifests are left alone', () => {
  writeFileSync(join(folder, 'README.md'), 'not a manifest');
  expect(loadAgentTypes([folder])).toEqual([]);
});
