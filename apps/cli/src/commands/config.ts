import { type AgentView, AppError } from '@agentpod/core';
import { connect } from '../api/connect.ts';
import type { Context } from '../context.ts';
import { escapeForMachines } from '../output/neutralise.ts';
import { hint, printResult } from '../output/print.ts';
import { readInput, readText } from '../read-text.ts';
import { ready } from '../wait/goal.ts';
import { waitFor } from '../wait/wait-for.ts';

export interface ConfigChangeOptions {
  readonly wait?: boolean;
  readonly timeout: number;
}

type Config = NonNullable<AgentView['spec']['config']>;

/** Replaces all of what stood there: what a person has in the file is what there is. */
export async function configSet(
  context: Context,
  ref: string,
  options: ConfigChangeOptions & { readonly file: string },
): Promise<number> {
  return change(context, ref, await readConfig(context, options.file), options);
}

export async function configUnset(context: Context, ref: string, options: ConfigChangeOptions): Promise<number> {
  return change(context, ref, null, options);
}

/** What `config set` would read: JSON on stdout, whatever else is asked for. */
export async function configShow(context: Context, ref: string): Promise<number> {
  const client = await connect(context);
  await printConfig(context, await client.getAgent(ref));
  return 0;
}

async function change(
  context: Context,
  ref: string,
  config: Config | null,
  options: ConfigChangeOptions,
): Promise<number> {
  const client = await connect(context);
  let agent = await client.updateAgent(ref, { spec: { config } });
  if (options.wait === true) {
    const goal = ready(agent.generation);
    agent = (await waitFor(context, client, agent, { goal, timeoutSeconds: options.timeout })) ?? agent;
  }
  await printConfig(context, agent);
  if (options.wait !== true) await hint(context, context.t.config.applied(agent.ref));
  return 0;
}

function printConfig(context: Context, { spec }: AgentView): Promise<void> {
  const config = spec.config ?? {};
  return printResult(context, config, () => `${escapeForMachines(JSON.stringify(config, undefined, 2))}\n`);
}

async function readConfig(context: Context, path: string): Promise<Config> {
  const text = path === '-' ? await readInput(context, '--file') : (await readText(context, path, '--file')).text;
  const config = parsed(context, path, text);
  if (typeof config === 'object' && config !== null && !Array.isArray(config)) return config as Config;
  throw new AppError('invalid', 'InvalidConfig', context.t.config.noObject(path), { field: '--file' });
}

function parsed(context: Context, path: string, text: string): unknown {
  try {
    // Windows editors begin a file with a mark that is no JSON.
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    const message = context.t.config.noJson(path, (cause as SyntaxError).message);
    throw new AppError('invalid', 'InvalidConfig', message, { field: '--file', cause });
  }
}
