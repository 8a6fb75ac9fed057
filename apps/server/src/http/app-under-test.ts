import { randomBytes, randomUUIDv7 } from 'node:crypto';
import { Writable } from 'node:stream';
import { type Check, createClient, type HttpCall, type LogLine, type SystemView } from '@agentpod/core';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { SqliteAlerts } from '../adapters/sqlite/sqlite-alerts.ts';
import { SqliteAccounts } from '../adapters/sqlite/sqlite-accounts.ts';
import { SqliteHistory } from '../adapters/sqlite/sqlite-history.ts';
import { openSqliteStore } from '../adapters/sqlite/sqlite-store.ts';
import { FileVault } from '../adapters/vault-file/file-vault.ts';
import type { Store } from '../ports/store.ts';
import { Agents } from '../services/agents.ts';
import { createAlerting } from '../services/alerts/alerting.ts';
import { AgentTypes } from '../services/agent-types.ts';
import { Changes } from '../services/changes.ts';
import { checkRenders } from '../services/check-renders.ts';
import { AgentCreation } from '../services/create-agent.ts';
import { Credentials } from '../services/credentials.ts';
import { Handover } from '../services/handover.ts';
import { History } from '../services/history/history.ts';
import { Secrets } from '../services/secrets.ts';
import { Orphans } from '../services/orphans.ts';
import { Setup } from '../services/setup.ts';
import { TalkToAgent } from '../services/talk-to-agent.ts';
import { Views } from '../services/views.ts';
import { FakeTransport } from '../testing/fake-transport.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { MemoryRuntime } from '../testing/memory-runtime.ts';
import { aType, StubDriver } from '../testing/stub-agent-type.ts';
import { createApp } from './app.ts';
import type { AppOptions, Services } from './services.ts';

export const GiB = 1024 ** 3;
export const rootToken = randomBytes(32).toString('base64url');
export const consoleUrl = 'http://console.localhost';
export const asRoot = { authorization: `Bearer ${rootToken}` };

/** Lines of a container's log as a test wants them. */
export class FakeLogs {
  read: (name: string, options: { tail: number; follow: boolean }, signal: AbortSignal) => AsyncIterable<LogLine> =
    async function* nothing() {};

  logs(name: string, options: { tail: number; follow: boolean }, signal: AbortSignal): AsyncIterable<LogLine> {
    return this.read(name, options, signal);
  }
}

/** The whole API on the real store, accounts and vault; engine, agents and proxy are made up. */
export async function startApp(overrides: { options?: Partial<AppOptions>; services?: Partial<Services> } = {}) {
  const clock = new FakeClock();
  const { store, database, close } = await openSqliteStore(':memory:');
  const vault = new FileVault(randomBytes(32));
  const accounts = new SqliteAccounts(database, () => clock.now(), { passwordCost: { logN: 4, r: 1, p: 1 } });
  const driver = new StubDriver();
  const runtime = new FakeLogs();
  const engine = new MemoryRuntime();
  const types = new AgentTypes([{ type: aType, driver }]);
  const changes = new Changes();
  const secrets = new Secrets(store, vault);
  const credentials = new Credentials(store, vault);
  const host = { bytes: 16 * GiB, memoryBytes: () => host.bytes };
  const woken: string[] = [];
  const originOf = (name: string) => `http://${name}`;
  const agentsDeps = {
    store,
    secrets,
    types,
    host,
    changes,
    clock,
    wake: (id: string) => void woken.push(id),
    checkRenders: (agent: Parameters<typeof checkRenders>[0]) =>
      checkRenders(agent, { types, originOf, supernet: '10.203.0.0/16', modelPort: 7200 }),
  };
  const transport = new FakeTransport();
  const alertStore = new SqliteAlerts(database);
  const alerting = createAlerting({
    alerts: alertStore,
    store,
    vault,
    kinds: [transport],
    looks: [],
    clock,
    random: () => 0.5,
    newId: () => randomUUIDv7(),
    startDeadlineSeconds: () => 300,
    consoleUrl,
    remindEveryHours: 0,
    onError: (error) => {
      throw error;
    },
  });
  const historyStore = new SqliteHistory(database);
  const handoverKey = randomBytes(32).toString('base64url');
  const logged: string[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      logged.push(chunk.toString());
      done();
    },
  });
  const services: Services = {
    accounts,
    setup: new Setup({ accounts, store, clock, consoleUrl }),
    handover: new Handover({
      store,
      feed: { signHandover: async (claims) => Buffer.from(JSON.stringify(claims)).toString('base64url') },
      clock,
      originOf,
      key: handoverKey,
      newId: () => randomUUIDv7(),
    }),
    types,
    agents: new Agents(agentsDeps),
    creation: new AgentCreation({ ...agentsDeps, credentials, baseDomain: 'localhost', newId: () => randomUUIDv7() }),
    talk: new TalkToAgent({ types, credentials, runtime, clock }),
    views: new Views({
      store,
      originOf,
      lifeSigns: () => ({ heartbeatAt: undefined, lastActivityAt: undefined }),
      usageOf: () => undefined,
    }),
    ...alerting,
    history: new History({
      history: historyStore,
      store,
      clock,
      windowsAfter: (endingAfter) => alertStore.listMaintenance(endingAfter),
    }),
    orphans: new Orphans({ runtime: engine, store, clock, onRemoved: () => undefined }),
    changes,
    system: async () => aSystem,
    examine: async () => checks,
    ping: () => store.ping(),
    ...overrides.services,
  };
  const options = { logger: pino(sink), clock, version: '0.1.0', consoleUrl, secure: false, rootToken };
  const app = createApp(services, { ...options, ...overrides.options });
  await app.ready();
  return {
    app,
    store,
    alertStore,
    historyStore,
    transport,
    accounts,
    clock,
    driver,
    runtime,
    engine,
    credentials,
    secrets,
    changes,
    host,
    woken,
    logged,
    client: createClient(injectCall(app, asRoot)),
    async stop() {
      await app.close();
      await close();
    },
  };
}
export type AppUnderTest = Awaited<ReturnType<typeof startApp>>;

const aSystem: SystemView = {
  version: '0.1.0',
  mode: 'local',
  baseDomain: 'localhost',
  consoleUrl,
  memoryBytes: 16 * GiB,
  cpus: 2,
  agents: 0,
};
const checks: Check[] = [{ name: 'engine', status: 'ok', message: 'Docker 20.10' }];

/** The typed client's calls, straight into the server. */
export function injectCall(app: FastifyInstance, headers: Record<string, string>): HttpCall {
  return async (url, request) => {
    const response = await app.inject({
      method: request.method as 'GET',
      url,
      headers: { ...headers, ...request.headers },
      ...(request.body === undefined ? {} : { payload: request.body }),
    });
    return {
      ok: response.statusCode < 300,
      status: response.statusCode,
      text: async () => response.body,
      async *lines() {
        yield* response.body.split('\n');
      },
    };
  };
}

/** The typed client's calls over a socket, as the CLI and the dashboard make them. */
export function fetchCall(origin: string, headers: Record<string, string>): HttpCall {
  return async (path, request) => {
    const response = await fetch(`${origin}${path}`, {
      method: request.method,
      headers: { ...headers, ...request.headers },
      ...(request.body === undefined ? {} : { body: request.body }),
      ...(request.signal instanceof AbortSignal ? { signal: request.signal } : {}),
    });
    return {
      ok: response.ok,
      status: response.status,
      text: () => response.text(),
      async *lines() {
        let rest = '';
        for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
          const lines = (rest + chunk).split('\n');
          rest = lines.pop() ?? '';
          yield* lines;
        }
      },
    };
  };
}

/** Says of an agent what the controller says of one that works. */
export async function makeRunning(store: Store, id: string): Promise<void> {
  await store.reserveBlock(id, '10.203.0.0/16', []);
  const at = { reason: 'Running', message: '', observedGeneration: 1, lastTransitionTime: '2026-01-01T00:00:00.000Z' };
  await store.saveStatus(id, {
    observedGeneration: 1,
    conditions: [
      { type: 'Running', status: 'True', ...at },
      { type: 'Healthy', status: 'True', ...at },
      { type: 'Ready', status: 'True', ...at },
    ],
    instance: { name: 'agentpod-x', state: 'running', image: 'agentpod/openclaw:2026.9.6', restarts: 0 },
  });
}
