import type { Context } from '../context.ts';
import { hint, printResult } from '../output/print.ts';
import { presentContainers } from '../up/bring-up.ts';
import { containerName, parts } from '../up/containers.ts';
import { dockerCli } from '../up/docker.ts';
import { step } from '../up/steps.ts';

/** Stops the control plane of this machine, the ingress first; containers, data and agents stay. */
export async function down(context: Context): Promise<number> {
  const { t } = context;
  const docker = dockerCli(context);
  await docker.serverVersion();
  const present = await presentContainers(docker, t);
  const stopped: string[] = [];
  for (const name of parts.map(containerName).toReversed()) {
    if (present.get(name)?.running !== true) continue;
    await step(context, t.down.stopping(name), () => docker.stop(name));
    stopped.push(name);
  }
  await printResult(context, { stopped }, () => `${stopped.length === 0 ? t.down.nothing : t.down.done}\n`);
  if (stopped.length > 0) await hint(context, t.down.agentsGoOn);
  return 0;
}
