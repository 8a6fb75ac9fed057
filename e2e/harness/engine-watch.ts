import { createInterface } from 'node:readline';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { ControlPlane } from './control-plane.ts';

export interface EngineEvent {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly action: string;
  readonly container: string;
  /** The agent's id. */
  readonly agent: string;
  readonly exitCode: number | undefined;
}

/** What the engine itself tells of the containers of one installation, from now on: it forgets quickly. */
export class EngineWatch {
  readonly #events: EngineEvent[] = [];
  #child: ChildProcess | undefined;

  start(plane: ControlPlane): void {
    const label = `label=agentpod.installation=${plane.installation}`;
    const filters = ['--filter', label, '--filter', 'label=agentpod.role=instance', '--filter', 'type=container'];
    const child = spawn('docker', ['events', ...filters, '--format', '{{json .}}'], {
      env: { ...process.env, ...plane.dockerEnv },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { Action, id, timeNano, Actor } = JSON.parse(line) as {
        Action: string;
        id: string;
        timeNano: number;
        Actor: { Attributes: Record<string, string> };
      };
      const { exitCode } = Actor.Attributes;
      this.#events.push({
        at: timeNano / 1e6,
        action: Action,
        container: id,
        agent: Actor.Attributes['agentpod.agent'] ?? '',
        exitCode: exitCode === undefined ? undefined : Number(exitCode),
      });
    });
    this.#child = child;
  }

  get all(): readonly EngineEvent[] {
    return this.#events;
  }

  of(container: string, action: string, since = 0): readonly EngineEvent[] {
    return this.#events.filter((one) => one.container === container && one.action === action && one.at >= since);
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill();
    await gone;
  }
}
