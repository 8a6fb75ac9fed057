import type { AgentView, ConditionType } from '@agentpod/core';
import type { Context } from '../context.ts';
import { formatElapsed } from '../output/duration.ts';
import { neutraliseLine } from '../output/neutralise.ts';
import { startFrames } from '../output/frames.ts';
import { styleFor } from '../output/style.ts';
import { pad, widthOf } from '../output/table.ts';
import { type Goal, presentCondition } from './goal.ts';

export interface Progress {
  show(agent: AgentView): void;
  note(text: string): void;
  stop(): void;
}

/** The steps on stderr: a living list for a person, a line per change for a log, nothing when told to be quiet. */
export function startProgress(context: Context, agent: AgentView, goal: Goal): Progress {
  if (context.flags.quiet) return { show: () => undefined, note: () => undefined, stop: () => undefined };
  return context.io.stderr.isTTY === true ? livingList(context, agent, goal) : linePerChange(context, goal);
}

function livingList(context: Context, first: AgentView, goal: Goal): Progress {
  const { io, t } = context;
  const style = styleFor(io, io.stderr);
  const begin = io.now();
  const reachedAt = new Map<ConditionType, number>();
  const labelWidth = Math.max(0, ...goal.steps.map((type) => widthOf(t.conditions[type])));
  let agent = first;
  let note = '';
  let current = goal.steps[0];
  const line = (type: ConditionType, spinner: string) => {
    const condition = presentCondition(agent, type);
    const label = pad(t.conditions[type], labelWidth);
    if (condition?.status === 'True') {
      return `  ${style('green', '✓')} ${label}  ${style('dim', formatElapsed((reachedAt.get(type) ?? begin) - begin))}`;
    }
    if (type !== current) return style('dim', `  · ${label}`);
    const detail = condition ? `${condition.reason}: ${neutraliseLine(condition.message)}` : '';
    return `  ${style('cyan', spinner)} ${label}  ${detail}`;
  };
  const frames = startFrames(io, (spinner) => [
    `${style('cyan', spinner)} ${agent.ref}: ${t.states[agent.state]} ${style('dim', formatElapsed(io.now() - begin))}`,
    ...goal.steps.map((type) => line(type, spinner)),
    ...(note === '' ? [] : [style('yellow', `  ${note}`)]),
  ]);
  return {
    show: (seen) => {
      agent = seen;
      note = '';
      for (const type of goal.steps) {
        const holds = presentCondition(agent, type)?.status === 'True';
        if (holds && !reachedAt.has(type)) reachedAt.set(type, io.now());
        if (!holds) reachedAt.delete(type);
      }
      current = goal.steps.find((type) => !reachedAt.has(type));
      frames.draw();
    },
    note: (text) => {
      note = neutraliseLine(text);
      frames.draw();
    },
    stop: () => frames.stop(),
  };
}

function linePerChange({ io, t }: Context, goal: Goal): Progress {
  const begin = io.now();
  const said = new Map<string, string>();
  const say = (topic: string, key: string, text: string) => {
    if (said.get(topic) === key) return;
    said.set(topic, key);
    io.stderr.write(`[${formatElapsed(io.now() - begin).padStart(6)}] ${text}\n`);
  };
  return {
    show: (agent) => {
      said.delete('note');
      for (const type of goal.steps) {
        const condition = presentCondition(agent, type);
        if (!condition) continue;
        const mark = condition.status === 'True' ? '✓' : '…';
        const detail = `${neutraliseLine(condition.reason)}: ${neutraliseLine(condition.message)}`;
        say(type, `${condition.status} ${condition.reason}`, `${mark} ${t.conditions[type]}  ${detail}`);
      }
      say('state', agent.state, `${agent.ref}: ${t.states[agent.state]}`);
    },
    note: (text) => say('note', text, neutraliseLine(text)),
    stop: () => undefined,
  };
}
