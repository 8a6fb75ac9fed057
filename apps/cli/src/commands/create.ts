import { type AgentView, AppError, type Client, type CreateAgent, parseAgentRef, parseBytes } from '@agentpod/core';
import { connect } from '../api/connect.ts';
import type { Context } from '../context.ts';
import { write } from '../io.ts';
import { parseModel } from '../model-argument.ts';
import { hint, printResult } from '../output/print.ts';
import { readKey, readText } from '../read-text.ts';
import { ready } from '../wait/goal.ts';
import { waitFor } from '../wait/wait-for.ts';
import { agentDetails } from './status.ts';

export interface CreateOptions {
  readonly type?: string;
  readonly version?: string;
  readonly plan?: string;
  readonly memory?: string;
  readonly cpus?: string;
  readonly soul?: string;
  readonly memoryFile?: string;
  readonly instructions?: string;
  readonly model?: string;
  readonly modelBaseUrl?: string;
  readonly modelKeyFile?: string;
  readonly force?: boolean;
  readonly wait?: boolean;
  readonly timeout: number;
}

/** Safe to repeat: the same again is no error, something else of that name is a conflict. */
export async function create(context: Context, ref: string, options: CreateOptions): Promise<number> {
  const { t } = context;
  const request = await requestOf(context, ref, options);
  const client = await connect(context);
  const before = await existing(client, ref);
  let agent = await client.createAgent(request);
  const told = { ref: agent.ref, state: t.states[agent.state] };
  await hint(
    context,
    before?.id === agent.id ? t.create.alreadyThere(told.ref, told.state) : t.create.accepted(told.ref),
  );
  if (options.wait === true) {
    const goal = ready(agent.generation);
    agent = (await waitFor(context, client, agent, { goal, timeoutSeconds: options.timeout })) ?? agent;
  }
  await show(context, agent);
  if (options.wait === true) await hint(context, t.create.next(agent.ref));
  else if (agent.state !== 'ready') await hint(context, t.create.follow(agent.ref));
  return 0;
}

async function show(context: Context, agent: AgentView): Promise<void> {
  if (context.flags.quiet && context.flags.output === 'table') return write(context.io.stdout, `${agent.ref}\n`);
  return printResult(context, agent, () => agentDetails(context, agent));
}

async function existing(client: Client, ref: string): Promise<AgentView | undefined> {
  try {
    return await client.getAgent(ref);
  } catch (error) {
    if (error instanceof AppError && error.kind === 'not-found') return undefined;
    throw error;
  }
}

async function requestOf(context: Context, ref: string, options: CreateOptions): Promise<CreateAgent> {
  const { t } = context;
  parseAgentRef(ref);
  const { type, version, plan, memory, model } = options;
  if (memory !== undefined && !parseBytes(memory)) {
    throw new AppError('invalid', 'InvalidMemory', t.create.invalidMemory(memory), { field: '--memory' });
  }
  const cpus = options.cpus === undefined ? undefined : Number(options.cpus);
  if (cpus !== undefined && !(cpus > 0 && cpus <= 512)) {
    throw new AppError('invalid', 'InvalidCpus', t.create.invalidCpus(options.cpus ?? ''), { field: '--cpus' });
  }
  for (const [name, value] of [
    ['--model-base-url', options.modelBaseUrl],
    ['--model-key-file', options.modelKeyFile],
  ] as const) {
    if (value !== undefined && model === undefined) {
      throw new AppError('invalid', 'MissingModel', t.create.needsModel(name), { field: '--model' });
    }
  }
  const text = async (path: string | undefined, option: string) =>
    path === undefined ? undefined : (await readText(context, path, option)).text;
  const soul = await text(options.soul, '--soul');
  const memoryText = await text(options.memoryFile, '--memory-file');
  const instructions = await text(options.instructions, '--instructions');
  const modelKey =
    options.modelKeyFile === undefined ? undefined : await readKey(context, options.modelKeyFile, '--model-key-file');
  const resources = given({ memory, cpus });
  const identity = given({ soul, memory: memoryText, instructions });
  return {
    ref,
    spec: {
      ...given({ type, version, plan }),
      ...(Object.keys(resources).length === 0 ? {} : { resources }),
      ...(Object.keys(identity).length === 0 ? {} : { identity }),
      ...(model === undefined ? {} : { model: parseModel(model, options.modelBaseUrl, t) }),
    },
    ...(modelKey === undefined ? {} : { modelKey }),
    ...(options.force === true ? { force: true } : {}),
  };
}

type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without what was not said: the API takes absence for "leave it". */
function given<T extends object>(values: T): Given<T> {
  // Entries lose their key's type; nothing but undefined was taken away.
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Given<T>;
}
