import { randomBytes, randomUUIDv7 } from 'node:crypto';
import { type Agent, type AgentStatus, type AlertNotice, type AppError, mergeFindings } from '@agentpod/core';
import { SqliteAlerts } from '../../adapters/sqlite/sqlite-alerts.ts';
import { openSqliteStore } from '../../adapters/sqlite/sqlite-store.ts';
import { FileVault } from '../../adapters/vault-file/file-vault.ts';
import type { AlertStore } from '../../ports/alert-store.ts';
import { aNewAgent, aSpec } from '../../testing/builders.ts';
import { FakeClock } from '../../testing/fake-clock.ts';
import { FakeTransport } from '../../testing/fake-transport.ts';
import { createAlerting } from './alerting.ts';
import type { HostLook } from './host-checks.ts';

export const second = 1000;
export const minute = 60 * second;

/** May stop a process at one of its calls to the alert store: `before` it was carried out, or right `after`. */
export interface Kill {
  readonly atCall: number;
  readonly when: 'before' | 'after';
}

/** The real store and vault, transports that are lists, and processes that can be killed between any two store calls. */
export async function aWorldOfAlerts() {
  const clock = new FakeClock();
  const { store, database, close } = await openSqliteStore(':memory:');
  const alerts = new SqliteAlerts(database);
  const vault = new FileVault(randomBytes(32));
  const transports = [new FakeTransport('ops'), new FakeTransport('boss')];
  const host = new Map<HostLook['name'], boolean>();
  const errors: AppError[] = [];
  let broken: Error | undefined;

  function startProcess(kill?: Kill) {
    let calls = 0;
    let isDead = false;
    const forever = new Promise<never>(() => undefined);
    const mortal = new Proxy<AlertStore>(alerts, {
      get(target, name) {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== 'function') return method;
        return async (...given: unknown[]): Promise<unknown> => {
          if (isDead) return forever;
          if (broken) throw broken;
          const isLast = kill?.atCall === calls++;
          isDead ||= isLast && kill?.when === 'before';
          if (isDead) return forever;
          const result: unknown = await Reflect.apply(method, target, given);
          isDead ||= isLast;
          return isDead ? forever : result;
        };
      },
    });
    const alerting = createAlerting({
      alerts: mortal,
      store,
      vault,
      kinds: transports,
      looks: [...host.keys()].map((name) => ({
        name,
        look: async () => ({ ok: host.get(name) === true, message: `${name} said` }),
      })),
      clock: {
        now: () => clock.now(),
        after: (milliseconds, call) => clock.after(milliseconds, () => (isDead ? undefined : call())),
      },
      random: () => 0.5,
      newId: () => randomUUIDv7(),
      startDeadlineSeconds: () => 300,
      consoleUrl: 'https://console.example',
      remindEveryHours: 0,
      onError: (error) => errors.push(error),
    });
    alerting.start();
    return {
      ...alerting,
      get isDead() {
        return isDead;
      },
      die: () => {
        isDead = true;
      },
    };
  }

  let process = startProcess();

  /** As the controller does it: the status is stored, then told. */
  async function report(id: string, status: 'True' | 'False' | 'Unknown', reason: string): Promise<Agent | undefined> {
    const agent = await store.getAgent(id);
    if (!agent) return undefined;
    const after: AgentStatus = {
      observedGeneration: agent.generation,
      conditions: mergeFindings(
        agent.status.conditions,
        [{ type: 'Ready', status, reason, message: `${reason} said` }],
        {
          generation: agent.generation,
          now: clock.now(),
        },
      ),
    };
    await store.saveStatus(id, after);
    if (!process.isDead) process.statusSaved(agent, after);
    return agent;
  }

  return {
    clock,
    store,
    alerts,
    transports,
    host,
    errors,
    report,
    /** The process that runs now. */
    get process() {
      return process;
    },
    /** Ends the present process without a word and starts another one on what it left. */
    restart(kill?: Kill): void {
      process.die();
      process = startProcess(kill);
    },
    /** Every call to the alert store fails from now on, or no more. */
    breakStore(error: Error | undefined): void {
      broken = error;
    },
    /** An agent that has been answering for a while. */
    async addAgent(tenant: string): Promise<string> {
      const { id } = await store.createAgent(aNewAgent({ tenant }), clock.now());
      await store.saveRecorded(id, { good: { generation: 1, spec: aSpec() } });
      await report(id, 'True', 'Answering');
      return id;
    },
    async addTransport(kind = 'ops', differences: Parameters<typeof process.transports.put>[1] | object = {}) {
      const request = { kind, settings: { to: kind }, secrets: { password: 'hunter2-secret' }, ...differences };
      await process.transports.put(kind, request);
    },
    async stop(): Promise<void> {
      if (!process.isDead) {
        const stopping = process.stop();
        await clock.advance(10 * second);
        await stopping;
      }
      await close();
    },
  };
}
export type WorldOfAlerts = Awaited<ReturnType<typeof aWorldOfAlerts>>;

/** What somebody who looks at ids sees: each notice once, where it came first. */
export function told(transport: FakeTransport | undefined): AlertNotice[] {
  const notices = (transport?.received ?? []).map(({ notice }) => notice);
  return [...new Map(notices.toReversed().map((notice) => [notice.id, notice])).values()].toReversed();
}

export function brief(notices: readonly AlertNotice[]): string[] {
  return notices.map(({ kind, rule, subject, reason }) => `${kind} ${rule} ${subject.ref} ${reason}`);
}
