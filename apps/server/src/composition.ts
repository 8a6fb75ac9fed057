import { randomUUIDv7 } from 'node:crypto';
import { access, statfs } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type Agent, AppError, effectiveSpec, errorKinds, gatewayBlock, refOf } from '@agentpod/core';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { z } from 'zod';
import { exchange } from './adapters/exchange.ts';
import { SqliteAlerts } from './adapters/sqlite/sqlite-alerts.ts';
import { SqliteAccounts } from './adapters/sqlite/sqlite-accounts.ts';
import { SqliteHistory } from './adapters/sqlite/sqlite-history.ts';
import { openSqliteStore } from './adapters/sqlite/sqlite-store.ts';
import { systemClock } from './adapters/system-clock/system-clock.ts';
import { openVault } from './adapters/vault-file/file-vault.ts';
import type { Config } from './config.ts';
import { type Adapters, realAdapters } from './real-adapters.ts';
import { createApp } from './http/app.ts';
import type { Installation } from './initialise.ts';
import type { RuntimeEngine } from './ports/runtime.ts';
import { Agents } from './services/agents.ts';
import { AgentTypes, withDrivers } from './services/agent-types.ts';
import { createAlerting } from './services/alerts/alerting.ts';
import { hostLooks } from './services/alerts/host-looks.ts';
import { Changes } from './services/changes.ts';
import { checkRenders } from './services/check-renders.ts';
import { Controller } from './services/controller.ts';
import { AgentCreation } from './services/create-agent.ts';
import { Credentials } from './services/credentials.ts';
import { examine } from './services/doctor.ts';
import { Explainer, refusalIn } from './services/explain-end.ts';
import { Handover } from './services/handover.ts';
import { createHistory } from './services/history/create-history.ts';
import { IngressSync } from './services/ingress-sync.ts';
import { ModelWatch } from './services/model-watch.ts';
import { Orphans } from './services/orphans.ts';
import { Prober } from './services/probing/prober.ts';
import { SnapshotPublisher } from './services/publish-snapshot.ts';
import { requireSameMasterKey, sealedKey } from './services/sealed-keys.ts';
import { Secrets } from './services/secrets.ts';
import { Setup } from './services/setup.ts';
import { StartGate } from './services/start-gate.ts';
import { TalkToAgent } from './services/talk-to-agent.ts';
import { targetOf } from './services/target.ts';
import { Views } from './services/views.ts';
import { version } from './version.ts';

export interface Server {
  readonly app: FastifyInstance;
  start(): Promise<void>;
  /** Takes no new requests, ends streams, lets running work finish, closes the store. */
  stop(): Promise<void>;
}

/** Puts services together. Constructs, starts and stops; decides nothing. */
export async function createServer(
  config: Config,
  installation: Installation,
  log: Logger,
  adapters: Adapters = realAdapters(config, installation),
): Promise<Server> {
  const { runtime, ingress, host, feed } = adapters;
  const clock = systemClock;
  const now = (): number => clock.now();
  const random = Math.random;
  const { store, database, close } = await openSqliteStore(config.paths.database);
  const accounts = new SqliteAccounts(database, now, { peopleChanged: () => controller.wakeFleet() });
  const vault = openVault({ file: config.paths.masterKey, fromEnvironment: config.masterKey });
  await requireSameMasterKey(store, vault.keyId, config.paths.masterKey);
  const types = new AgentTypes(withDrivers(adapters.types, adapters.drivers));
  const secrets = new Secrets(store, vault);
  const credentials = new Credentials(store, vault);
  const changes = new Changes();
  const stopping = new AbortController();

  const ingressSync = new IngressSync({
    store,
    ingress,
    host,
    clock,
    typeOf: (name) => types.get(name).type,
    consoleHost: config.consoleHost,
    certifies: config.mode === 'domain',
    publicAddresses: config.publicAddresses,
  });
  const handoverKey = await sealedKey(store, vault, 'key.handover');
  const reportKey = await sealedKey(store, vault, 'key.report');
  const publisher = new SnapshotPublisher({
    store,
    accounts,
    feed,
    credentialsOf: (agent) => credentials.of(agent),
    modelKeyOf: async (agent) => (await secrets.modelKey(agent))?.value,
    authorityOf: (name) => new URL(config.originOf(name)).host,
    consoleUrl: config.consoleUrl,
    secure: config.secure,
    keys: { session: await sealedKey(store, vault, 'key.session'), handover: handoverKey, report: reportKey },
    now,
  });
  const prober = new Prober({
    probe: adapters.probe,
    clock,
    random,
    concurrency: 8,
    describe: async (agent) => ({ ...types.get(agent.spec.type), credentials: await credentials.of(agent) }),
    usage: (instance, signal) => runtime.usage(instance, signal),
    ingressLive: (agentId, signal) => ingressSync.live(agentId, signal),
    certificate: async (name, signal) => {
      const obstacle = ingressSync.obstacle(name);
      return obstacle === undefined ? ingress.certificate(name, signal) : { state: 'waiting', detail: obstacle };
    },
    entrance: async () => ({
      origin: config.originOf,
      address: (await host.outwardAddress()) ?? '127.0.0.1',
      port: config.ports.public,
    }),
    changed: (agentId) => controller.wake(agentId),
  });
  const explainer = new Explainer({ types, credentials, runtime });
  const modelWatch = new ModelWatch({
    health: adapters.modelHealth(reportKey),
    clock,
    changed: (agentId) => controller.wake(agentId),
    onError: (error) => complain(log, { what: 'model health' }, error),
  });
  const gatewayAnswers = async (signal: AbortSignal) => {
    const url = `http://127.0.0.1:${config.gatewayPort}/healthz`;
    const { status, body } = await exchange({ url, timeoutMs: 3000, longestAnswer: 64 * 1024 }, signal);
    return { visitors: status === 200, models: GatewayHealth.parse(JSON.parse(body)).models };
  };
  const disk = async () => {
    const { bavail, blocks, bsize } = await statfs(config.paths.data);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  };
  const alertStore = new SqliteAlerts(database);
  const alerting = createAlerting({
    alerts: alertStore,
    store,
    vault,
    kinds: adapters.transports,
    looks: hostLooks({
      runtime,
      ingress,
      gatewayAnswers,
      disk,
      masterKeyIsThere: async () =>
        config.masterKey !== undefined ||
        (await access(config.paths.masterKey).then(
          () => true,
          () => false,
        )),
    }),
    clock,
    random,
    newId: randomUUIDv7,
    startDeadlineSeconds: (agent) => types.find(agent.spec.type)?.type.probes.started.deadlineSeconds ?? 300,
    consoleUrl: config.consoleUrl,
    remindEveryHours: config.remindEveryHours,
    onError: (error) => complain(log, { what: 'alerts' }, error),
  });
  const historyStore = new SqliteHistory(database);
  const seenAt = await historyStore.watchedUntil();
  const history = createHistory({
    history: historyStore,
    store,
    runtime,
    clock,
    random,
    patienceMs: 3 * config.resyncMs,
    windowsAfter: (endingAfter) => alertStore.listMaintenance(endingAfter),
    changed: (agentId) => controller.wake(agentId),
    onError: (what, error) => complain(log, { what }, error),
  });
  const hostRoutes = async (): Promise<readonly string[]> => host.routes();
  const controller: Controller = new Controller({
    runtime,
    store,
    clock,
    random,
    resyncMs: config.resyncMs,
    unwatched: seenAt === undefined ? undefined : { from: seenAt, until: now() },
    reconcile: {
      runtime,
      store,
      supernet: config.supernet,
      hostRoutes,
      now,
      targetOf: async (agent) =>
        targetOf({
          agent,
          ...types.get(agent.spec.type),
          credentials: await credentials.of(agent),
          modelKeyVersion: (await secrets.modelKey({ ...agent, spec: effectiveSpec(agent) }))?.version ?? 0,
          origin: config.originOf(agent.host),
          supernet: config.supernet,
          modelPort: config.modelPort,
        }),
      userOf: (agent) => types.get(agent.spec.type).type.container.user,
      lastSeen: (agentId) => {
        const seen = prober.lastSeen(agentId);
        const model = modelWatch.findingOf(agentId);
        return { ...seen, aside: [...seen.aside, ...(model ? [model] : []), ...history.findingsOf(agentId)] };
      },
      look: (agent, engine, target) => {
        history.looked(agent.id);
        if (agent.deletion) credentials.forget(agent.id);
        prober.look(agent, engine, target);
      },
      explain: (agent, ended, signal) => explainer.explain(agent, ended, signal),
      refusalOf: (agent, output) => refusalIn(output, types.get(agent.spec.type).driver),
      outages: () => controller.outages(),
      starts: new StartGate({
        most: Math.max(leastBoots, host.cpus()),
        longestMs: longestBootMs,
        now,
        isUp: (agentId) => prober.lastSeen(agentId).health?.started === 'yes',
      }),
      statusSaved: (agent, after) => {
        alerting.statusSaved(agent, after);
        history.statusSaved(agent, after);
      },
      changed: (agentId) => changes.publish(agentId),
      onError: (agent, error) => complain(log, { agent: refOf(agent), generation: agent.generation }, error),
    },
    fleetWork: [
      { name: 'gateway network', run: (signal) => runtime.ensureGatewayNetwork(gatewayBlock(config.supernet), signal) },
      { name: 'routes', run: () => ingressSync.sync() },
      { name: 'gateway snapshot', run: () => publisher.publish() },
      { name: 'orphans', run: (signal) => orphans.sweep(signal) },
    ],
    onError: (what, error) => complain(log, { what }, error),
  });

  const orphans = new Orphans({
    runtime,
    store,
    clock,
    onRemoved: (agentId) => log.warn({ agentId }, 'removed containers and networks that no known agent owns'),
  });
  const agentsDeps = {
    store,
    secrets,
    types,
    host,
    changes,
    clock,
    wake: (agentId: string) => controller.wake(agentId, { urgent: true }),
    checkRenders: (agent: Pick<Agent, 'id' | 'tenant' | 'name' | 'host' | 'spec'>) =>
      checkRenders(agent, {
        types,
        originOf: config.originOf,
        supernet: config.supernet,
        modelPort: config.modelPort,
      }),
  };
  const app = createApp(
    {
      accounts,
      types,
      changes,
      alerts: alerting.alerts,
      quietTimes: alerting.quietTimes,
      transports: alerting.transports,
      history: history.reader,
      setup: new Setup({ accounts, store, clock, consoleUrl: config.consoleUrl }),
      handover: new Handover({ store, feed, clock, originOf: config.originOf, key: handoverKey, newId: randomUUIDv7 }),
      agents: new Agents(agentsDeps),
      creation: new AgentCreation({ ...agentsDeps, credentials, baseDomain: config.baseDomain, newId: randomUUIDv7 }),
      talk: new TalkToAgent({ types, credentials, runtime, clock }),
      views: new Views({
        store,
        originOf: config.originOf,
        lifeSigns: (agentId) => prober.lifeSigns(agentId),
        usageOf: history.usageOf,
      }),
      orphans,
      ping: () => store.ping(),
      system: async () => ({
        version,
        mode: config.mode,
        baseDomain: config.baseDomain,
        consoleUrl: config.consoleUrl,
        ...(await engineOf(runtime)),
        memoryBytes: host.memoryBytes(),
        cpus: host.cpus(),
        agents: (await store.listManaged()).length,
      }),
      examine: () =>
        examine({
          runtime,
          host,
          ingress,
          appliedRevision: () => ingressSync.appliedRevision,
          store,
          types,
          accounts,
          clock,
          gatewayAnswers,
          disk,
          mode: config.mode,
          consoleHost: config.consoleHost,
          publicAddresses: config.publicAddresses,
        }),
    },
    {
      logger: log,
      clock,
      version,
      consoleUrl: config.consoleUrl,
      secure: config.secure,
      rootToken: installation.rootToken,
      dashboard: config.dashboard ?? fileURLToPath(new URL('../../dashboard/dist', import.meta.url)),
    },
  );

  return {
    app,
    async start() {
      void followChanges(changes, controller, stopping.signal);
      await history.start();
      controller.start();
      alerting.start();
      modelWatch.start();
      await app.listen({ host: config.listen.address, port: config.listen.port });
      log.info({ version, mode: config.mode, console: config.consoleUrl }, 'ready');
    },
    async stop() {
      stopping.abort();
      await app.close();
      prober.stop();
      modelWatch.stop();
      await controller.stop();
      await alerting.stop();
      await history.stop();
      await close();
    },
  };
}

/** Boots at the same time, at least; one for each core on larger machines. */
const leastBoots = 2;
const longestBootMs = 60_000;

/** What the gateway says of itself: whether it has the address that agents call. */
const GatewayHealth = z.object({ models: z.boolean() });

/** Whatever makes an agent look different may concern its route or the gateway. */
async function followChanges(changes: Changes, controller: Controller, signal: AbortSignal): Promise<void> {
  for await (const _agentId of changes.subscribe(signal)) controller.wakeFleet();
}

async function engineOf(runtime: RuntimeEngine) {
  try {
    const { name, version: engineVersion, apiVersion } = await runtime.info(AbortSignal.timeout(3000));
    return { engine: { name, version: engineVersion, apiVersion } };
  } catch {
    // The overview is shown without the engine; `doctor` says why it is not there.
    return {};
  }
}

function complain(log: Logger, fields: object, error: AppError): void {
  const entry = { ...fields, reason: error.reason, error: error.message };
  if (error.kind === 'bug') log.error({ ...entry, err: error }, 'failed by a mistake of ours');
  else if (errorKinds[error.kind].reconcile === 'stalled') log.warn(entry, 'stalled');
  else log.info(entry, 'failed, will be tried again');
}
