import { describe, expect, test } from 'vitest';
import { en } from './messages/en.ts';
import { zh } from './messages/zh.ts';
import { whyOf } from './reason.ts';
import { agentView } from './testing/agent-view.ts';

describe('why an agent is as it is', () => {
  test('a ready agent needs no reason', () => {
    expect(whyOf(agentView('acme'), en)).toBeUndefined();
  });

  test('English readers get the words of the server', () => {
    const agent = agentView('acme', 'starting', { reason: 'Booting', message: 'The agent boots' });
    expect(whyOf(agent, en)).toEqual({ reason: 'Booting', sentence: 'The agent boots', detail: undefined });
  });

  test('Chinese readers get a sentence, and in trouble the words of the server beside it', () => {
    const booting = agentView('acme', 'starting', { reason: 'Booting', message: 'The agent boots' });
    expect(whyOf(booting, zh)).toMatchObject({ sentence: zh.reasons['Booting'], detail: undefined });
    const stalled = agentView('acme', 'stalled', { reason: 'ConfigRefused', message: 'exit 78: bad key' });
    expect(whyOf(stalled, zh)).toMatchObject({ sentence: zh.reasons['ConfigRefused'], detail: 'exit 78: bad key' });
  });

  test('an agent that answers, but has trouble beside that, names the trouble', () => {
    const agent = agentView('acme', 'ready');
    const [ready] = agent.status.conditions;
    const trouble = {
      ...ready!,
      type: 'ModelAnswering',
      status: 'False',
      reason: 'ModelKeyRejected',
      message: '401',
    } as const;
    const degraded = {
      ...agent,
      state: 'degraded' as const,
      status: { ...agent.status, conditions: [ready!, trouble] },
    };
    expect(whyOf(degraded, zh)).toEqual({
      reason: 'ModelKeyRejected',
      sentence: zh.reasons['ModelKeyRejected'],
      detail: '401',
    });
  });

  test('a reason without a translation is told in the words of the server', () => {
    const agent = agentView('acme', 'stalled', { reason: 'SomethingNew', message: 'it is new' });
    expect(whyOf(agent, zh)).toEqual({ reason: 'SomethingNew', sentence: 'it is new', detail: undefined });
  });
});
