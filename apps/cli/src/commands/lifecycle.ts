import type { AgentView, Client } from '@agentpod/core';
import { connect } from '../api/connect.ts';
import type { Context } from '../context.ts';
import { printResult } from '../output/print.ts';
import { confirm } from './confirm.ts';
import { deleted, type Goal, ready, restarted, stopped } from '../wait/goal.ts';
import { waitFor } from '../wait/wait-for.ts';

export interface WaitOptions {
  readonly wait?: boolean;
  readonly timeout: number;
}

export async function stop(context: Context, ref: string, options: WaitOptions): Promise<number> {
  const client = await connect(context);
  const agent = await client.stopAgent(ref);
  return finish(context, client, agent, { options, goal: stopped(), words: context.t.lifecycle.stop });
}

export async function start(context: Context, ref: string, options: WaitOptions): Promise<number> {
  const client = await connect(context);
  const agent = await client.startAgent(ref);
  return finish(context, client, agent, { options, goal: ready(agent.generation), words: context.t.lifecycle.start });
}

export async function restart(context: Context, ref: string, options: WaitOptions): Promise<number> {
  const client = await connect(context);
  const before = await client.getAgent(ref);
  const agent = await client.restartAgent(ref);
  return finish(context, client, agent, { options, goal: restarted(before), words: context.t.lifecycle.restart });
}

export async function undelete(context: Context, ref: string, options: WaitOptions): Promise<number> {
  const client = await connect(context);
  const agent = await client.undeleteAgent(ref);
  return finish(context, client, agent, {
    options,
    goal: ready(agent.generation),
    words: context.t.lifecycle.undelete,
  });
}

export interface DeleteOptions extends WaitOptions {
  readonly yes?: boolean;
  readonly purge?: boolean;
}

export async function remove(context: Context, ref: string, options: DeleteOptions): Promise<number> {
  const { t } = context;
  const purge = options.purge === true;
  const client = await connect(context);
  const before = await client.getAgent(ref);
  if (options.yes !== true) {
    const { askPurge, askDelete, notConfirmed, confirmRemedy: remedy } = t.lifecycle;
    const question = purge ? askPurge(before.ref) : askDelete(before.ref);
    await confirm(context, { question, refusal: notConfirmed(before.ref), remedy });
  }
  const agent = await client.deleteAgent(ref, { purge });
  return finish(context, client, agent, {
    options,
    goal: deleted(before),
    words: purge ? t.lifecycle.purge : t.lifecycle.delete,
  });
}

interface Words {
  readonly asked: (ref: string) => string;
  readonly done: (ref: string) => string;
}

async function finish(
  context: Context,
  client: Client,
  agent: AgentView,
  { options, goal, words }: { readonly options: WaitOptions; readonly goal: Goal; readonly words: Words },
): Promise<number> {
  if (options.wait !== true) {
    await printResult(context, agent, () => (context.flags.quiet ? '' : `${words.asked(agent.ref)}\n`));
    return 0;
  }
  const after = await waitFor(context, client, agent, { goal, timeoutSeconds: options.timeout });
  await printResult(context, after ?? agent, () => (context.flags.quiet ? '' : `${words.done(agent.ref)}\n`));
  return 0;
}
