/**
 * How fast agents are healed, what watching them costs, and the same faults on plain Docker, in one run. Prints Markdown.
 *   npm run bench:healing            needs what scripts/test.sh installs, `npm run build`, and AGENTPOD_TRAEFIK_BIN
 *   npm run bench:healing -- NAME    crash | hang | load | cost | plain
 */
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { AgentView } from '@agentpod/core';
import { runOf, signalAgentProcess } from '../e2e/harness/containers.ts';
import { ControlPlane, docker } from '../e2e/harness/control-plane.ts';
import { createAll } from '../e2e/harness/create.ts';
import { EngineWatch } from '../e2e/harness/engine-watch.ts';
import { recoveryFrom } from '../e2e/harness/measure.ts';
import { until } from '../e2e/harness/processes.ts';
import { askStub } from '../e2e/harness/stub-faults.ts';
import { Visitor } from '../e2e/harness/visitor.ts';
import { type PlainContainer, plainAnswers, plainCrash, plainHang, startPlain } from './plain-docker.ts';

const parts = ['crash', 'hang', 'load', 'cost', 'plain'] as const;
const crashes = 25;
const watched = 100;
const idleSeconds = 60;
const quietSeconds = 120;
const openclawImage = 'agentpod/openclaw:2026.9.6';
const openclawPort = 18_789;
/** Long enough to say that nobody comes. */
const plainPatienceSeconds = 120;

const plane = new ControlPlane({ slot: 13, bundled: true, env: { AGENTPOD_RESYNC_SECONDS: '30' } });
const visitor = new Visitor(plane);
const engine = new EngineWatch();

function row(what: string, value: string): void {
  console.log(`| ${what} | ${value} |`);
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

const milliseconds = (value: number): string => `${Math.round(value)} ms`;
const seconds = (value: number | undefined): string => (value === undefined ? 'never' : `${value.toFixed(1)} s`);

async function stubs(count: number): Promise<AgentView[]> {
  for (let from = 0; from < count; from += 10) {
    const names = Array.from({ length: Math.min(10, count - from) }, (_, index) => `stub-${from + index}`);
    await createAll(
      plane,
      names.map((name) => [name, '--type', 'stub', '--force']),
    );
  }
  return (await plane.client.listAgents({ limit: 500 })).items.filter(({ spec }) => spec.type === 'stub');
}

/** One crash each, one after the other: a second one would meet the back-off. */
async function crash(agents: readonly AgentView[]): Promise<void> {
  const issued: number[] = [];
  const answering: number[] = [];
  for (const agent of agents.slice(0, crashes)) {
    const recovery = await recoveryFrom((run) => plane.docker('kill', run.name), {
      plane,
      visitor,
      agent,
      seconds: 30,
    });
    const died = engine.of(recovery.before.id, 'die', recovery.faultAt)[0]?.at ?? NaN;
    issued.push((engine.of(recovery.before.id, 'start', recovery.faultAt)[0]?.at ?? NaN) - died);
    answering.push(recovery.answeringMs);
  }
  row(`crash → started again, ${issued.length} stub agents, p50`, milliseconds(percentile(issued, 0.5)));
  row('the same, p95 (bar: ≤ 1000 ms)', milliseconds(percentile(issued, 0.95)));
  row('crash → a customer is answered, stub agent, p50', milliseconds(percentile(answering, 0.5)));
}

/** Real OpenClaw; a restart asked for in between forgives the one before. */
async function hang(): Promise<void> {
  await createAll(plane, [['real', '--type', 'openclaw']]);
  const issued: number[] = [];
  const answering: number[] = [];
  const killed: number[] = [];
  for (let round = 0; round < 3; round++) {
    const agent = await plane.client.getAgent('real');
    const recovery = await recoveryFrom((run) => signalAgentProcess(run, openclawPort, 'SIGSTOP'), {
      plane,
      visitor,
      agent,
      seconds: 120,
    });
    issued.push((engine.of(recovery.before.id, 'kill', recovery.faultAt)[0]?.at ?? NaN) - recovery.faultAt);
    answering.push(recovery.answeringMs);
    await plane.cli('restart', 'real', '--wait');
    const crashed = await recoveryFrom((run) => plane.docker('kill', run.name), {
      plane,
      visitor,
      agent,
      seconds: 120,
    });
    killed.push(crashed.answeringMs);
    await plane.cli('restart', 'real', '--wait');
  }
  row('OpenClaw: hang → restart issued, worst of 3 (bar: ≤ 12 s)', seconds(Math.max(...issued) / 1000));
  row('OpenClaw: hang → a customer is answered, worst of 3 (bar: ≤ 30 s)', seconds(Math.max(...answering) / 1000));
  row('OpenClaw: crash → a customer is answered, worst of 3', seconds(Math.max(...killed) / 1000));
  await plane.client.deleteAgent('real', { purge: true });
}

/** Ten busy agents, and both cores of the machine busy beside them; every end of a container is a false restart. */
async function load(agents: readonly AgentView[]): Promise<void> {
  const since = Date.now();
  const hogs = Array.from({ length: 2 }, () => new Worker('for (;;);', { eval: true }));
  try {
    for (const [index, agent] of agents.slice(-10).entries()) {
      await askStub(await runOf(plane, agent), `/busy?seconds=${index % 2 === 0 ? 10 : 40}`);
    }
    await pause(90_000);
  } finally {
    await Promise.all(hogs.map((hog) => hog.terminate()));
  }
  const ended = engine.all.filter(({ action, at }) => action === 'die' && at >= since).length;
  row('false restarts: 10 agents busy for 10 and 40 s, all cores taken for 90 s (bar: 0)', String(ended));
}

async function cost(agents: readonly AgentView[]): Promise<void> {
  await until('all are ready', 300, async () =>
    (await plane.client.listAgents({ limit: 500 })).items.every(({ state }) => state === 'ready'),
  );
  // What it costs to watch, not what it cost to create them: the young heap of that shrinks only when it is quiet.
  await pause(quietSeconds * 1000);
  const ticks = (): number => {
    const fields =
      readFileSync(`/proc/${plane.processId('server')}/stat`, 'utf8')
        .split(') ')[1]
        ?.split(' ') ?? [];
    return Number(fields[11]) + Number(fields[12]);
  };
  const before = ticks();
  await pause(idleSeconds * 1000);
  const used = (ticks() - before) / idleSeconds;
  const status = readFileSync(`/proc/${plane.processId('server')}/status`, 'utf8');
  const resident = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
  row(`server: CPU over ${idleSeconds} s, ${agents.length} agents (bar: < 2 % of a core)`, `${used.toFixed(2)} %`);
  row(`server: resident memory, ${agents.length} agents (bar: ≤ 150 MB)`, `${Math.round(resident)} MB`);
}

async function plain(): Promise<void> {
  const stub: PlainContainer = { name: 'agentpod-bench-stub', port: 8080, path: '/startupz', ready: '"started"' };
  const real: PlainContainer = {
    name: 'agentpod-bench-openclaw',
    port: openclawPort,
    path: '/startupz',
    ready: '"started"',
  };
  const config = JSON.stringify({
    gateway: { mode: 'local', bind: 'lan', port: openclawPort, auth: { mode: 'token' } },
  });
  const boot = `mkdir -p $HOME/.openclaw && printf '%s' '${config}' >$HOME/.openclaw/openclaw.json && exec node /app/openclaw.mjs gateway --bind lan --port ${openclawPort}`;
  try {
    await startPlain(stub, 'agentpod-test/stub-agent:1', ['--memory=1g', '--cpus=0.5'], []);
    await startPlain(
      real,
      openclawImage,
      ['--memory=2g', '--env=OPENCLAW_GATEWAY_TOKEN=bench', '--entrypoint=/bin/sh'],
      ['-c', boot],
    );
    for (const [what, container] of [
      ['stub agent', stub],
      ['OpenClaw', real],
    ] as const) {
      await until(`plain ${what} answers`, 120, () => plainAnswers(container));
      row(`plain Docker, ${what}: crash → answering`, seconds(await plainCrash(container, plainPatienceSeconds)));
      await pause(15_000);
      const { answering, unhealthyAfter } = await plainHang(container, plainPatienceSeconds);
      row(`plain Docker, ${what}: hang → shown as unhealthy`, seconds(unhealthyAfter));
      row(`plain Docker, ${what}: hang → answering, within ${plainPatienceSeconds} s`, seconds(answering));
    }
  } finally {
    for (const { name } of [stub, real]) await docker('rm', '--force', '--volumes', name).catch(() => undefined);
  }
}

const wanted = process.argv[2];
const does = (part: (typeof parts)[number]): boolean => wanted === undefined || wanted === part;
console.log('| what | measured |\n| --- | --- |');
if (does('plain')) await plain();
if (wanted !== 'plain') {
  try {
    await plane.start();
    await visitor.logIn();
    engine.start(plane);
    if (does('hang')) await hang();
    const agents = does('crash') || does('load') || does('cost') ? await stubs(does('cost') ? watched : crashes) : [];
    if (does('cost')) await cost(agents);
    if (does('crash')) await crash(agents);
    if (does('load')) await load(agents);
  } finally {
    await engine.stop();
    await plane.destroy();
  }
}
