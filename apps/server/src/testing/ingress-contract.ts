import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { AgentRoute, DesiredIngress, Ingress } from '../ports/ingress.ts';

export interface IngressUnderTest {
  readonly ingress: Ingress;
  readonly stop: () => Promise<void>;
}

export function agentRoute(name: string, over: Partial<AgentRoute> = {}): AgentRoute {
  return {
    agentId: `id-of-${name}`,
    name,
    host: `${name}.localhost`,
    upstream: { address: '127.0.0.1', port: 9 },
    requestHeaders: {},
    closedPaths: [],
    mayCertify: false,
    ...over,
  };
}

export function desiredIngress(...routes: AgentRoute[]): DesiredIngress {
  return { consoleHost: 'console.localhost', consoleMayCertify: false, routes };
}

/** What the controller may rely on, whichever proxy it is. */
export function ingressContract(create: () => Promise<IngressUnderTest>): void {
  let subject: IngressUnderTest;
  beforeAll(async () => {
    subject = await create();
  });
  afterAll(async () => subject.stop());

  const liveIs = (revision: string) =>
    vi.waitFor(async () => expect(await subject.ingress.liveRevision(AbortSignal.timeout(2000))).toBe(revision), 8000);

  test('before anything was applied, what runs is nothing of ours', async () => {
    expect(await subject.ingress.liveRevision(AbortSignal.timeout(2000))).toBe('none');
  });

  test('what was applied is soon what runs', async () => {
    await liveIs(await subject.ingress.apply(desiredIngress(agentRoute('one'))));
  });

  test('no agents at all is a state like any other', async () => {
    await liveIs(await subject.ingress.apply(desiredIngress()));
  });

  test('the same state has the same revision, in whatever order the routes come; another state has another', async () => {
    const [one, two] = [agentRoute('one'), agentRoute('two')];
    const first = await subject.ingress.apply(desiredIngress(one, two));
    expect(await subject.ingress.apply(desiredIngress(two, one))).toBe(first);
    const moved = agentRoute('two', { upstream: { address: '127.0.0.1', port: 10 } });
    expect(await subject.ingress.apply(desiredIngress(one, moved))).not.toBe(first);
  });

  test('of states applied at the same time the last one stays', async () => {
    const revisions = await Promise.all(
      ['one', 'two', 'three'].map((name) => subject.ingress.apply(desiredIngress(agentRoute(name)))),
    );
    await liveIs(revisions[2] ?? 'missing');
  });

  test('a state with one host for two agents is refused and changes nothing', async () => {
    const before = await subject.ingress.apply(desiredIngress(agentRoute('one')));
    const clash = desiredIngress(agentRoute('two'), agentRoute('three', { host: 'two.localhost' }));
    await expect(subject.ingress.apply(clash)).rejects.toMatchObject({ kind: 'bug', reason: 'InvalidIngress' });
    await liveIs(before);
  });

  test('without https nobody needs a certificate', async () => {
    expect(await subject.ingress.certificate('one.localhost', AbortSignal.timeout(2000))).toEqual({
      state: 'not-needed',
      detail: undefined,
    });
  });
}
