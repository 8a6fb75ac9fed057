/**
 * Plays the control plane against a modelled world.
 *   npm run sim -- --seeds 300            so many worlds; the last line says how many held
 *   npm run sim -- --seeds 10000 --seconds 180 --from 1   as many of them as fit
 *   npm run sim -- --seed 42              one of them, told step by step
 *   npm run sim -- --agents 3             with so many agents in each
 *   npm run sim -- --sweep 10,100,1000    what a look at every agent costs when there is nothing to do
 */
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { simulate } from '../apps/server/src/simulation/simulate.ts';
import { openStage } from '../apps/server/src/simulation/stage.ts';
import { sweep } from '../apps/server/src/simulation/sweep.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '300' },
    from: { type: 'string', default: '1' },
    seconds: { type: 'string' },
    seed: { type: 'string' },
    agents: { type: 'string' },
    sweep: { type: 'string' },
  },
});

const agents = values.agents === undefined ? undefined : Number(values.agents);
if (values.sweep !== undefined) await sweeps(values.sweep.split(',').map(Number));
else process.exitCode = await (values.seed === undefined ? many() : one(Number(values.seed)));

async function sweeps(counts: readonly number[]): Promise<void> {
  console.log('agents    sweep   per agent');
  for (const count of counts) {
    const { milliseconds } = await sweep(count);
    const each = `${((milliseconds * 1000) / count).toFixed(0)} µs`;
    console.log(`${String(count).padEnd(6)} ${`${milliseconds.toFixed(0)} ms`.padStart(8)} ${each.padStart(11)}`);
  }
}

async function one(seed: number): Promise<number> {
  const stage = await openStage();
  const { violation, simulatedMs } = await simulate({ seed, stage, agents, trace: (line) => console.log(line) });
  await stage.close();
  console.log(`seed ${seed}: ${(simulatedMs / 1000).toFixed(0)} s of time`);
  console.log(violation ? '0 passed, 1 failed' : '1 passed, 0 failed');
  return violation ? 1 : 0;
}

async function many(): Promise<number> {
  const first = Number(values.from);
  const deadline = values.seconds === undefined ? Infinity : performance.now() + Number(values.seconds) * 1000;
  const stage = await openStage();
  const began = performance.now();
  const failed: number[] = [];
  let ran = 0;
  let simulatedMs = 0;
  for (let seed = first; seed < first + Number(values.seeds) && performance.now() < deadline; seed++) {
    const result = await simulate({ seed, stage, agents });
    ran += 1;
    simulatedMs += result.simulatedMs;
    if (!result.violation) continue;
    failed.push(seed);
    console.log(`seed ${seed}: ${result.violation.invariant}: ${firstLine(result.violation.message)}`);
  }
  await stage.close();
  const seconds = (performance.now() - began) / 1000;
  const hours = (simulatedMs / 3_600_000).toFixed(1);
  console.log(`${ran} seeds, ${hours} h of time in ${seconds.toFixed(1)} s (${(ran / seconds).toFixed(0)} seeds/s)`);
  if (failed.length > 0) console.log(`Replay one with: npm run sim -- --seed ${failed[0]}`);
  console.log(`${ran - failed.length} passed, ${failed.length} failed`);
  return failed.length > 0 ? 1 : 0;
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}
