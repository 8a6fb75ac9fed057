/**
 * Reproducible figures, as ratios of things measured in one run. Prints Markdown.
 *   npm run bench            needs what scripts/test.sh installs, `npm run build`, and AGENTPOD_TRAEFIK_BIN
 *   npm run bench -- NAME    create | ready | idle | help
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ControlPlane, docker, run } from '../e2e/harness/control-plane.ts';
import { inspectContainer, instanceOf } from '../e2e/harness/engine.ts';
import { until } from '../e2e/harness/processes.ts';

const root = new URL('..', import.meta.url).pathname;
/** Customers with a stub agent each while idle cost is measured. */
const idleAgents = 10;
const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
const stubImage = 'agentpod-test/stub-agent:1';

/** Create → container running, against the same engine calls from a shell script; the two take turns. */
async function create(plane: ControlPlane): Promise<void> {
  const rounds = 9;
  const ours: number[] = [];
  const shell: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const name = `bench-${round}`;
    const began = Date.now();
    const agent = await plane.client.createAgent({ ref: name, spec: { type: 'stub' } });
    const container = await until('the container runs', 60, async () => {
      const found = await inspectContainer(await instanceOf(plane, agent));
      return found.State.Running ? found : undefined;
    });
    ours.push(Date.parse(container.State.StartedAt) - began);
    await plane.client.deleteAgent(name, { purge: true });
    await until('it is gone', 60, async () => (await plane.client.listAgents()).items.length === 0);

    const other = `agentpod-bench-${round}`;
    const start = Date.now();
    const made = await run(
      join(root, 'bench/create-by-shell.sh'),
      [other, stubImage, '10.246.0.0/29', '10.246.0.1', '10.246.0.2'],
      {},
    );
    if (made.code !== 0) throw new Error(made.stderr);
    shell.push(Date.parse((await inspectContainer(other)).State.StartedAt) - start);
    await docker('rm', '-f', other);
    await docker('network', 'rm', other);
    await docker('volume', 'rm', `${other}-state`, `${other}-config`);
  }
  row('create → container running, AgentPod', `${median(ours)} ms`);
  row('the same engine calls from a shell script', `${median(shell)} ms`);
  row('ratio (bar: ≤ 1.05)', (median(ours) / median(shell)).toFixed(2));
}

/** From the command to `Ready`, split by what the conditions say; the agent's own boot is apart. */
async function ready(plane: ControlPlane): Promise<void> {
  const began = Date.now();
  const result = await plane.cli('create', 'bench-real', '--type', 'openclaw', '--wait', '--timeout', '400');
  if (result.code !== 0) throw new Error(result.stderr);
  const agent = await plane.client.getAgent('bench-real');
  const at = (type: string) =>
    (Date.parse(agent.status.conditions.find((one) => one.type === type)?.lastTransitionTime ?? '') - began) / 1000;
  const started = (Date.parse(agent.status.instance?.startedAt ?? '') - began) / 1000;
  row('OpenClaw: command → container started', `${started.toFixed(1)} s`);
  row('OpenClaw: its own boot (started → healthy)', `${(at('Healthy') - started).toFixed(1)} s`);
  row('OpenClaw: healthy → Ready through the ingress', `${(at('Ready') - at('Healthy')).toFixed(1)} s`);
  row('OpenClaw: command → Ready, all', `${at('Ready').toFixed(1)} s`);
}

async function idle(plane: ControlPlane): Promise<void> {
  const ticks = (pid: number) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return Number(fields[11]) + Number(fields[12]);
  };
  const names = ['server', 'gateway'] as const;
  for (let index = 0; index < idleAgents; index++) {
    await plane.client.createAgent({ ref: `idle-${index}`, spec: { type: 'stub' } });
  }
  await until('all are ready', 120, async () =>
    (await plane.client.listAgents()).items.every(({ state }) => state === 'ready'),
  );
  await pause(10_000);
  const before = names.map((name) => ticks(plane.processId(name)));
  const seconds = 60;
  await pause(seconds * 1000);
  names.forEach((name, index) => {
    const pid = plane.processId(name);
    const resident = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    const percent = (ticks(pid) - (before[index] ?? 0)) / seconds;
    row(`${name}: resident memory, ${idleAgents} idle agents`, `${Math.round(Number(resident) / 1024)} MB`);
    row(`${name}: CPU over ${seconds} s, ${idleAgents} idle agents`, `${percent.toFixed(2)} % of a core`);
  });
}

/** Needs the bundle: `npm run build`. */
function help(): void {
  const node = join(root, 'node_modules/.bin/node');
  const bundle = join(root, 'apps/cli/dist/agentpod.js');
  if (!existsSync(bundle)) throw new Error('the command line program is not built: npm run build');
  const time = (args: readonly string[]) => {
    const began = process.hrtime.bigint();
    spawnSync(node, args, { stdio: 'ignore' });
    return Number(process.hrtime.bigint() - began) / 1e6;
  };
  const bare: number[] = [];
  const ours: number[] = [];
  for (let round = 0; round < 21; round++) {
    bare.push(time(['-e', '0']));
    ours.push(time([bundle, '--help']));
  }
  row('agentpod --help', `${median(ours).toFixed(0)} ms`);
  row('node -e 0', `${median(bare).toFixed(0)} ms`);
  row('ratio (bar: ≤ 1.5)', (median(ours) / median(bare)).toFixed(2));
}

function row(what: string, value: string): void {
  console.log(`| ${what} | ${value} |`);
}

const only = process.argv[2];
console.log('| what | measured |\n| --- | --- |');
if (only === undefined || only === 'help') help();
if (only !== 'help') {
  const plane = new ControlPlane({ slot: 9, bundled: true });
  try {
    await plane.start();
    if (only === undefined || only === 'create') await create(plane);
    if (only === undefined || only === 'ready') await ready(plane);
    if (only === undefined || only === 'idle') await idle(plane);
  } finally {
    await plane.destroy();
  }
}
