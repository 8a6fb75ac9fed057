import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import { Agent as Pool } from 'undici';
import { createAccessApp } from './access/access-app.ts';
import type { Config } from './config.ts';
import { listenWhenPossible } from './listen.ts';
import { ModelRecords } from './models/model-records.ts';
import { createModelServer, type ModelLimits } from './models/model-server.ts';
import { SnapshotSource } from './snapshot/snapshot-source.ts';

export interface GatewayOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly limits?: Partial<GatewayLimits>;
}

export interface GatewayLimits extends ModelLimits {
  readonly connectMs: number;
  /** For a provider to begin its answer: without streaming, that is when the model has thought to the end. */
  readonly answerMs: number;
  /** Of silence within an answer. */
  readonly silenceMs: number;
  /** For streams to end by themselves when the gateway is stopped. */
  readonly drainMs: number;
}

const defaults = { connectMs: 5000, answerMs: 600_000, silenceMs: 300_000, drainMs: 10_000 };

export interface Gateway {
  readonly stop: () => Promise<void>;
  /** Where forward-auth and pages are served. */
  readonly accessPort: number;
  /** Where model traffic is; 0 while its address is not there yet. */
  readonly modelPort: () => number;
}

/** Resolves when forward-auth is served; model traffic follows when its address exists. */
export async function startGateway({ config, log, limits: given }: GatewayOptions): Promise<Gateway> {
  const limits = { ...defaults, ...given };
  const source = new SnapshotSource(config.files, log);
  const snapshot = () => source.current;
  const pool = new Pool({
    // Tokens of one HTTP/2 connection would wait for each other, and its abort is not the abort of one call.
    allowH2: false,
    connect: { timeout: limits.connectMs },
    headersTimeout: limits.answerMs,
    bodyTimeout: limits.silenceMs,
  });
  const now = () => Date.now();
  const records = new ModelRecords({ snapshot, now });
  const models = createModelServer({ snapshot, pool, records, log, ...(given && { limits: given }) });
  const modelPort = () => (models.listening ? (models.address() as AddressInfo).port : 0);
  const access = await createAccessApp({
    snapshot,
    log,
    now,
    health: () => ({ models: models.listening }),
    reports: () => records.reports(),
  });

  await source.start();
  await access.listen({ host: config.access.address, port: config.access.port });
  const stopping = new AbortController();
  const listening = listenWhenPossible(models, { endpoint: config.models, log, signal: stopping.signal });

  return {
    accessPort: (access.server.address() as AddressInfo).port,
    modelPort,
    stop: async () => {
      stopping.abort();
      await listening;
      await Promise.all([
        drain(models, () => closeModels(models), limits.drainMs),
        drain(access.server, () => access.close(), limits.drainMs),
      ]);
      source.stop();
      await pool.destroy();
    },
  };
}

/** Takes nothing new and lets what runs come to its end, for a while. */
async function drain(server: Server, close: () => Promise<void>, milliseconds: number): Promise<void> {
  // A connection whose last call has ended would be kept for the next one, which must not come.
  const sweep = setInterval(() => server.closeIdleConnections(), 100);
  const timer = setTimeout(() => server.closeAllConnections(), milliseconds);
  try {
    await close();
  } finally {
    clearInterval(sweep);
    clearTimeout(timer);
  }
}

async function closeModels(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  await closed;
}
