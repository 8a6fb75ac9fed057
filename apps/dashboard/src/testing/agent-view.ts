import { AgentView, type Condition } from '@agentpod/core';

const time = '2026-11-23T10:00:00.000Z';

/** An agent as the API answers with it; ready unless told otherwise. */
export function agentView(
  ref: string,
  state: AgentView['state'] = 'ready',
  why: { reason: string; message: string } = { reason: 'Answering', message: 'Answers through the ingress' },
  model: { provider: string; name: string } = { provider: 'qwen', name: 'qwen3-max' },
): AgentView {
  const [tenant = '', name = 'main'] = ref.split('/');
  const host = `${ref.replace('/', '-')}.localhost`;
  const condition = (type: Condition['type'], status: Condition['status']): Condition => ({
    type,
    status,
    ...why,
    observedGeneration: 1,
    lastTransitionTime: time,
  });
  return AgentView.parse({
    id: `id-of-${ref}`,
    ref,
    tenant,
    name,
    url: `http://${host}`,
    host,
    state,
    generation: 1,
    createdAt: time,
    spec: {
      type: 'openclaw',
      version: '2026.9.6',
      plan: 'standard',
      resources: { memoryBytes: 2 ** 31, cpus: 1, pids: 512 },
      model,
      identity: {},
      suspended: state === 'stopped',
    },
    status: {
      observedGeneration: 1,
      conditions: [
        condition('Ready', state === 'ready' ? 'True' : state === 'unknown' ? 'Unknown' : 'False'),
        condition('Stalled', state === 'stalled' ? 'True' : 'False'),
      ],
    },
  });
}
