import type { AgentView } from '@agentpod/core';
import { connect } from '../api/connect.ts';
import type { Context } from '../context.ts';
import { parseModel } from '../model-argument.ts';
import { neutraliseLine } from '../output/neutralise.ts';
import { hint, printResult } from '../output/print.ts';
import { renderPairs } from '../output/table.ts';
import { readKey } from '../read-text.ts';
import { ready } from '../wait/goal.ts';
import { waitFor } from '../wait/wait-for.ts';

export interface ModelSetOptions {
  readonly keyFile?: string;
  readonly baseUrl?: string;
  readonly wait?: boolean;
  readonly timeout: number;
}

export async function modelSet(
  context: Context,
  ref: string,
  model: string,
  options: ModelSetOptions,
): Promise<number> {
  const parsed = parseModel(model, options.baseUrl, context.t);
  const modelKey = options.keyFile === undefined ? undefined : await readKey(context, options.keyFile, '--key-file');
  const client = await connect(context);
  let agent = await client.setModel(ref, { model: parsed, ...(modelKey === undefined ? {} : { modelKey }) });
  if (options.wait === true) {
    const goal = ready(agent.generation);
    agent = (await waitFor(context, client, agent, { goal, timeoutSeconds: options.timeout })) ?? agent;
  }
  await printModel(context, agent);
  if (options.wait !== true) await hint(context, context.t.model.applied(agent.ref));
  return 0;
}

export async function modelShow(context: Context, ref: string): Promise<number> {
  const client = await connect(context);
  await printModel(context, await client.getAgent(ref));
  return 0;
}

function printModel(context: Context, { spec: { model } }: AgentView): Promise<void> {
  const { labels, keySet, noKey, defaultUrl } = context.t.model;
  const shown = { provider: model.provider, name: model.name, baseUrl: model.baseUrl, keySet: model.key !== undefined };
  return printResult(context, shown, () =>
    renderPairs([
      [labels.provider, neutraliseLine(model.provider)],
      [labels.name, neutraliseLine(model.name)],
      [labels.baseUrl, model.baseUrl === undefined ? defaultUrl : neutraliseLine(model.baseUrl)],
      [labels.key, model.key ? keySet : noKey],
    ]),
  );
}
