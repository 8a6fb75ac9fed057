/**
 * Time to the first token through the gateway against a direct call of the same provider, taken in turns in one run.
 * The gateway is its own process, as in production; provider and client share this one. Prints JSON.
 *
 *   node bench/gateway-ttft.ts [pairs]
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, createServer, type IncomingMessage, request } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { GatewaySnapshot } from '@agentpod/core';
import { GatewayFileFeed } from '../apps/server/src/adapters/gateway-file/gateway-file-feed.ts';

const warmUp = 300;
const virtualKey = 'apk_bench';
const chunk = 'data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"token"}}]}\n\n';
/** As large as OpenClaw's request for a one-word prompt. */
const body = JSON.stringify({ model: 'm1', stream: true, messages: [{ role: 'user', content: 'x'.repeat(61_000) }] });

interface Target {
  readonly port: number;
  readonly key: string;
  readonly agent: Agent;
}

async function timeToFirstToken({ port, key, agent }: Target): Promise<number> {
  const headers = {
    authorization: `Bearer ${key}`,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  };
  const started = performance.now();
  const call = request({ host: '127.0.0.1', port, path: '/v1/chat/completions', method: 'POST', agent, headers });
  call.end(body);
  const [answer] = (await once(call, 'response')) as [IncomingMessage];
  if (answer.statusCode !== 200) throw new Error(`the answer was ${answer.statusCode}`);
  await once(answer, 'data');
  const taken = performance.now() - started;
  answer.resume();
  if (!answer.readableEnded) await once(answer, 'end');
  return taken;
}

function percentile(sorted: readonly number[], share: number): number {
  return Number((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(3));
}

function summary(values: readonly number[]): { p50: number; p99: number } {
  const sorted = values.toSorted((a, b) => a - b);
  return { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) };
}

function residentMegabytes(child: ChildProcess): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  return Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024);
}

async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function publish(folder: string, providerPort: number): Promise<void> {
  mkdirSync(join(folder, 'gateway'));
  const random = (): string => randomBytes(32).toString('base64url');
  const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
  const snapshot: GatewaySnapshot = {
    formatVersion: 1,
    revision: 1,
    consoleUrl: 'http://console.localhost',
    secure: false,
    sessionKey: random(),
    handoverKey: random(),
    users: [],
    agents: [
      {
        id: 'bench',
        ref: 'bench',
        hosts: ['bench.localhost'],
        address: '127.0.0.1',
        state: 'running',
        user: 'owner',
        probeTokenHash: hash(random()),
        probeUser: 'probe',
        virtualKeyHash: hash(virtualKey),
        model: {
          provider: 'openai-compatible',
          dialect: 'openai',
          name: 'm1',
          baseUrl: `http://127.0.0.1:${providerPort}/v1`,
          key: random(),
        },
      },
    ],
  };
  const files = {
    keyFile: join(folder, 'gateway/gateway.key'),
    snapshotFile: join(folder, 'gateway/gateway.snapshot'),
  };
  await new GatewayFileFeed(files).publish(snapshot);
}

async function untilServed(port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const health = await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => undefined);
    if (health?.ok && JSON.stringify(await health.json()).includes('"models":true')) return;
    await setTimeout(50);
  }
  throw new Error('the gateway did not start');
}

const pairs = Number(process.argv[2] ?? 2000);
const folder = mkdtempSync(join(tmpdir(), 'agentpod-bench-'));
const provider = createServer((incoming, response) => {
  incoming.resume();
  incoming.once('end', () => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(chunk);
    response.end('data: [DONE]\n\n');
  });
});
provider.listen(0, '127.0.0.1');
await once(provider, 'listening');
const providerPort = (provider.address() as AddressInfo).port;
await publish(folder, providerPort);
const [accessPort, modelPort] = [await freePort(), await freePort()];
const gateway = spawn(process.execPath, [fileURLToPath(new URL('../apps/gateway/src/main.ts', import.meta.url))], {
  env: {
    AGENTPOD_DATA_DIR: folder,
    AGENTPOD_GATEWAY_LISTEN: `127.0.0.1:${accessPort}`,
    AGENTPOD_MODEL_LISTEN: `127.0.0.1:${modelPort}`,
    AGENTPOD_LOG_LEVEL: 'info',
  },
  stdio: ['ignore', 'ignore', 'inherit'],
});
try {
  await untilServed(accessPort);
  const idle = residentMegabytes(gateway);
  const through: Target = { port: modelPort, key: virtualKey, agent: new Agent({ keepAlive: true }) };
  const direct: Target = { port: providerPort, key: 'sk-bench', agent: new Agent({ keepAlive: true }) };
  const times = { gateway: [] as number[], direct: [] as number[], added: [] as number[] };
  for (let pair = -warmUp; pair < pairs; pair++) {
    const gatewayFirst = pair % 2 === 0;
    const first = await timeToFirstToken(gatewayFirst ? through : direct);
    const second = await timeToFirstToken(gatewayFirst ? direct : through);
    if (pair < 0) continue;
    const [viaGateway, alone] = gatewayFirst ? [first, second] : [second, first];
    times.gateway.push(viaGateway);
    times.direct.push(alone);
    times.added.push(viaGateway - alone);
  }
  const [viaGateway, alone] = [summary(times.gateway), summary(times.direct)];
  const result = {
    name: 'gateway-ttft',
    pairs,
    requestBytes: Buffer.byteLength(body),
    milliseconds: { gateway: viaGateway, direct: alone, added: summary(times.added) },
    ratio: {
      p50: Number((viaGateway.p50 / alone.p50).toFixed(2)),
      p99: Number((viaGateway.p99 / alone.p99).toFixed(2)),
    },
    residentMegabytes: { idle, afterwards: residentMegabytes(gateway) },
  };
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  through.agent.destroy();
  direct.agent.destroy();
} finally {
  gateway.kill('SIGTERM');
  await once(gateway, 'exit');
  provider.closeAllConnections();
  provider.close();
  rmSync(folder, { recursive: true, force: true });
}
