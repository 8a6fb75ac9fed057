/**
 * The control plane without Docker, Traefik or a model: an engine in memory, agents that always answer, a few seeded
 * customers, and the dashboard with hot reload. Everything is new at each start.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@agentpod/core';
import { pino } from 'pino';
import { createServer as createVite } from 'vite';
import { createServer } from '../apps/server/src/composition.ts';
import type { Adapters } from '../apps/server/src/real-adapters.ts';
import { loadAgentTypes } from '../apps/server/src/adapters/manifest/load-agent-types.ts';
import { transportKinds } from '../apps/server/src/adapters/transports/transport-kinds.ts';
import { readConfig } from '../apps/server/src/config.ts';
import { initialise } from '../apps/server/src/initialise.ts';
import type { AgentDriver } from '../apps/server/src/ports/agent-driver.ts';
import { MemoryIngress } from '../apps/server/src/testing/memory-ingress.ts';
import { MemoryModelHealth } from '../apps/server/src/testing/memory-model-health.ts';
import { MemoryRuntime } from '../apps/server/src/testing/memory-runtime.ts';

const root = new URL('..', import.meta.url).pathname;
const dashboardPort = 5173;
const data = mkdtempSync(join(tmpdir(), 'agentpod-dev-'));
process.once('exit', () => rmSync(data, { recursive: true, force: true }));

const config = readConfig({
  AGENTPOD_DATA_DIR: data,
  AGENTPOD_CONSOLE_HOST: 'localhost',
  AGENTPOD_HTTP_PORT: String(dashboardPort),
  AGENTPOD_LOG_LEVEL: 'warn',
});

/** An agent that repeats what it is told. */
const parrot: AgentDriver = {
  name: 'openclaw',
  render: () => ({ env: {}, configFiles: [], stateFiles: [], bootInputs: {} }),
  openSession: async (_endpoint, _signal, now) => ({
    check: async () => ({ healthy: { ok: true, detail: undefined }, lastActivityAt: undefined, channels: [] }),
    lastFrameAt: now,
    ended: new Promise<string>(() => undefined),
    close: () => undefined,
  }),
  explain: () => undefined,
  checkRoute: async () => ({ ok: true, detail: undefined }),
  chat: async (_endpoint, { message }) => `You said: ${message}`,
};

const adapters: Adapters = {
  runtime: new MemoryRuntime(),
  ingress: new MemoryIngress(),
  host: {
    memoryBytes: () => 16 * 2 ** 30,
    cpus: () => 4,
    routes: async () => [],
    outwardAddress: async () => undefined,
    resolve: async () => [],
    localAddresses: async () => [],
  },
  feed: { publish: async () => undefined, signHandover: async () => 'none' },
  modelHealth: () => new MemoryModelHealth(),
  probe: { started: async () => ({ ok: true, detail: undefined }) },
  transports: transportKinds(),
  drivers: [parrot],
  types: loadAgentTypes([join(root, 'agent-types')]),
};

const installation = await initialise(config);
const server = await createServer(config, installation, pino({ level: config.logLevel }), adapters);
await server.start();

const client = createClient(async (path, request) => {
  const response = await server.app.inject({
    method: request.method as 'GET',
    url: path,
    headers: { ...request.headers, authorization: `Bearer ${installation.rootToken}` },
    ...(request.body === undefined ? {} : { payload: request.body }),
  });
  return {
    ok: response.statusCode < 400,
    status: response.statusCode,
    text: async () => response.body,
    async *lines() {
      yield* response.body.split('\n');
    },
  };
});
for (const ref of ['acme', 'acme/hr', 'lotus', 'northwind']) await client.createAgent({ ref, spec: { plan: 'small' } });
await client.stopAgent('northwind');
const { url } = await client.setupLink();

const vite = await createVite({
  root: join(root, 'apps/dashboard'),
  server: { port: dashboardPort, strictPort: true },
});
await vite.listen();

console.log(`API        http://${config.listen.address}:${config.listen.port}`);
console.log(`Dashboard  ${url}`);
console.log(`CLI        AGENTPOD_DATA_DIR=${data} node_modules/.bin/node apps/cli/src/main.ts list`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void vite.close().then(() => server.stop());
  });
}
