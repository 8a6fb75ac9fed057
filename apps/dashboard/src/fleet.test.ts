import { describe, expect, test } from 'vitest';
import { applyMessage, sortByRef, summarise } from './fleet.ts';
import { agentView } from './testing/agent-view.ts';

describe('the fleet', () => {
  const fleet = sortByRef(['acme/hr', 'shop10', 'acme', 'shop2'].map((ref) => agentView(ref)));

  test('agents stand in the order a person looks for names', () => {
    expect(fleet.map(({ ref }) => ref)).toEqual(['acme', 'acme/hr', 'shop2', 'shop10']);
  });

  test('a new agent appears in its place', () => {
    const after = applyMessage(fleet, { type: 'agent', agent: agentView('beta', 'creating') });
    expect(after.map(({ ref }) => ref)).toEqual(['acme', 'acme/hr', 'beta', 'shop2', 'shop10']);
  });

  test('a change replaces what was known, and saying it twice changes nothing', () => {
    const message = { type: 'agent', agent: agentView('acme', 'stopped') } as const;
    const once = applyMessage(fleet, message);
    expect(once.map(({ state }) => state)).toEqual(['stopped', 'ready', 'ready', 'ready']);
    expect(applyMessage(once, message)).toEqual(once);
  });

  test('what is gone or deleted is not shown any more', () => {
    const gone = applyMessage(fleet, { type: 'gone', id: 'id-of-acme' });
    const deleted = applyMessage(gone, { type: 'agent', agent: agentView('shop2', 'deleted') });
    expect(deleted.map(({ ref }) => ref)).toEqual(['acme/hr', 'shop10']);
  });

  test('the summary counts what needs a person', () => {
    const states = ['ready', 'ready', 'starting', 'stalled', 'degraded', 'unknown', 'stopped'] as const;
    const all = states.map((state, index) => agentView(`a${index}`, state));
    expect(summarise(all)).toEqual({ total: 7, ready: 2, troubled: 3 });
  });
});
