import { expect, test } from 'vitest';
import { readConfig } from './config.ts';

test('without any variable, the gateway stands where the control plane expects it', () => {
  expect(readConfig({})).toEqual({
    access: { address: '127.0.0.1', port: 7201 },
    models: { address: '10.203.255.1', port: 7200 },
    logLevel: 'info',
    files: { key: '/var/lib/agentpod/gateway/gateway.key', snapshot: '/var/lib/agentpod/gateway/gateway.snapshot' },
  });
});

test.each([
  ['AGENTPOD_DATA_DIR', 'relative'],
  ['AGENTPOD_GATEWAY_LISTEN', '7201'],
  ['AGENTPOD_GATEWAY_LISTEN', 'localhost:7201'],
  ['AGENTPOD_MODEL_LISTEN', '10.0.0.1:99999'],
  ['AGENTPOD_MODEL_LISTEN', '10.0.0.999:7200'],
  ['AGENTPOD_LOG_LEVEL', 'loud'],
])('%s=%s is refused by name', (name, value) => {
  expect(() => readConfig({ [name]: value })).toThrowError(expect.objectContaining({ kind: 'invalid', field: name }));
});
