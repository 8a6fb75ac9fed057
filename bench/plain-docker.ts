import { setTimeout as pause } from 'node:timers/promises';
import { docker } from '../e2e/harness/control-plane.ts';
import { type ContainerRun, signalAgentProcess } from '../e2e/harness/containers.ts';

/** What people do without AgentPod: a restart policy and a health check, here as eager as AgentPod's own probe. */
const healing = [
  '--restart=unless-stopped',
  '--init',
  '--health-interval=3s',
  '--health-timeout=3s',
  '--health-retries=3',
];

export interface PlainContainer {
  readonly name: string;
  readonly port: number;
  /** What is asked for, and what the answer contains once it works. */
  readonly path: string;
  readonly ready: string;
}

export async function startPlain(
  { name, port, path }: PlainContainer,
  image: string,
  args: readonly string[],
  command: readonly string[],
): Promise<void> {
  const ask = `node -e "fetch('http://127.0.0.1:${port}${path}').then(r=>process.exit(r.ok?0:1),()=>process.exit(1))"`;
  await docker('run', '--detach', '--name', name, ...healing, `--health-cmd=${ask}`, ...args, image, ...command);
}

export async function plainRun(name: string): Promise<ContainerRun & { readonly health: string }> {
  const [inspected] = JSON.parse(await docker('inspect', name)) as {
    Id: string;
    State: {
      StartedAt: string;
      Running: boolean;
      ExitCode: number;
      OOMKilled: boolean;
      Pid: number;
      Health?: { Status: string };
    };
    NetworkSettings: { IPAddress: string };
  }[];
  if (!inspected) throw new Error(`no container ${name}`);
  const { Id, State, NetworkSettings } = inspected;
  return {
    name,
    id: Id,
    startedAt: State.StartedAt,
    running: State.Running,
    exitCode: State.ExitCode,
    outOfMemory: State.OOMKilled,
    hostPid: State.Pid,
    address: NetworkSettings.IPAddress,
    health: State.Health?.Status ?? 'none',
  };
}

export async function plainAnswers({ name, port, path, ready }: PlainContainer): Promise<boolean> {
  try {
    const { address } = await plainRun(name);
    const response = await fetch(`http://${address}:${port}${path}`, {
      signal: AbortSignal.timeout(2000),
    });
    return (await response.text()).includes(ready);
  } catch {
    // Nobody there, or silent.
    return false;
  }
}

/** Seconds until it answers again after its process was killed; undefined when it did not within `seconds`. */
export async function plainCrash(container: PlainContainer, seconds: number): Promise<number | undefined> {
  const before = await plainRun(container.name);
  const began = Date.now();
  // From outside the engine: `docker kill` would count as a stop that was asked for.
  signalAgentProcess(before, container.port, 'SIGKILL');
  return plainRecovery(container, before.startedAt, { began, seconds });
}

/** The same after it was stopped in its tracks, and what the health check made of that. */
export async function plainHang(
  container: PlainContainer,
  seconds: number,
): Promise<{ answering: number | undefined; unhealthyAfter: number | undefined }> {
  const before = await plainRun(container.name);
  const began = Date.now();
  signalAgentProcess(before, container.port, 'SIGSTOP');
  let unhealthyAfter: number | undefined;
  const watching = (async () => {
    while (unhealthyAfter === undefined && Date.now() - began < seconds * 1000) {
      if ((await plainRun(container.name)).health === 'unhealthy') unhealthyAfter = (Date.now() - began) / 1000;
      await pause(250);
    }
  })();
  const answering = await plainRecovery(container, before.startedAt, { began, seconds });
  await watching;
  return { answering, unhealthyAfter };
}

async function plainRecovery(
  container: PlainContainer,
  startedBefore: string,
  { began, seconds }: { began: number; seconds: number },
): Promise<number | undefined> {
  while (Date.now() - began < seconds * 1000) {
    if (await plainAnswers(container)) {
      const now = await plainRun(container.name);
      if (now.running && now.startedAt !== startedBefore) return (Date.now() - began) / 1000;
    }
    await pause(100);
  }
  return undefined;
}
