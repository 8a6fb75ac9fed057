import { readFile } from 'node:fs/promises';
import { AppError } from '@agentpod/core';
import type { Context } from '../context.ts';
import { findRecipe, runRecipe } from '../image/recipe.ts';
import { requireBuildTools } from '../image/tools.ts';
import { hint } from '../output/print.ts';
import {
  containerName,
  containerSpec,
  type ControlPlanePart,
  initSpec,
  type Installation,
  partLabel,
  parts,
  settingsHash,
  settingsLabel,
  traefikConfig,
} from './containers.ts';
import type { ContainerView, Docker } from './docker.ts';
import { portHolder } from './port-holders.ts';
import type { Settings } from './settings.ts';
import { step } from './steps.ts';

export type Present = ReadonlyMap<string, ContainerView>;

/** The containers of this machine's control plane. Throws `conflict` when another tool made one of that name. */
export async function presentContainers(docker: Docker, t: Context['t']): Promise<Present> {
  const present = new Map<string, ContainerView>();
  for (const part of parts) {
    const name = containerName(part);
    const container = await docker.container(name);
    if (!container) continue;
    if (container.labels[partLabel] !== part) {
      const compose = container.labels['com.docker.compose.project'];
      throw new AppError('conflict', 'ForeignContainer', t.up.foreign(name), {
        remedy: compose === undefined ? t.up.foreignRemedy(name) : t.up.composeRemedy,
      });
    }
    present.set(name, container);
  }
  return present;
}

/** Throws `conflict` naming the port and, where it can be seen, who holds it. What our own containers hold is free. */
export async function requireFreePorts(
  { io, t }: Context,
  settings: Settings,
  held: ReadonlySet<number>,
): Promise<void> {
  for (const { port, option } of wantedPorts(settings)) {
    if (held.has(port)) continue;
    const holder = await portHolder(port, io.proc);
    if (!holder) continue;
    const who = holder.process === undefined ? t.up.unknownHolder : t.up.holder(holder.process, holder.pid ?? 0);
    throw new AppError('conflict', 'PortTaken', t.up.portTaken(port, who), {
      ...(option === undefined ? {} : { field: option }),
      remedy: t.up.portRemedy(port, option),
    });
  }
}

/** Which part listens where, and the option that moves it. */
export function wantedPorts(settings: Settings): readonly WantedPort[] {
  return [
    { part: 'traefik', port: settings.httpPort, option: '--http-port' },
    ...(settings.mode === 'domain'
      ? [{ part: 'traefik', port: settings.httpsPort, option: '--https-port' } as const]
      : []),
    { part: 'traefik', port: 8088 },
    { part: 'server', port: Number(settings.listen.split(':')[1]), option: '--listen' },
    { part: 'gateway', port: 7200 },
    { part: 'gateway', port: 7201 },
  ];
}

export interface WantedPort {
  readonly part: ControlPlanePart;
  readonly port: number;
  readonly option?: string;
}

/** Present, or built from the recipe that came along, or from a registry. Answers with the engine's id of it. */
export async function ensureImage(
  context: Context,
  docker: Docker,
  reference: string,
  recipe: string,
): Promise<string> {
  const { t } = context;
  const present = await docker.imageId(reference);
  if (present !== undefined) return present;
  const unavailable = (cause?: unknown): AppError =>
    new AppError('terminal', 'ImageUnavailable', t.up.noImage(reference), { remedy: t.up.noImageRemedy, cause });

  // What this checkout says comes before what a registry has under our name: one of the two gets the engine's socket.
  const script = await findRecipe(context, recipe).catch(() => undefined);
  if (script === undefined) {
    const pulled = await step(
      context,
      t.up.pulling(reference),
      () => docker.pull(reference),
      (had) => (had ? '' : t.up.notPulled),
    );
    if (!pulled) throw unavailable();
  } else {
    await requireBuildTools(context);
    await hint(context, t.up.building(reference));
    await runRecipe(context, script, [reference.slice(reference.lastIndexOf(':') + 1)]);
  }
  const id = await docker.imageId(reference);
  if (id === undefined) throw unavailable();
  return id;
}

/** Brings every container to what it should be, and touches none that is so already. */
export async function applyContainers(
  context: Context,
  docker: Docker,
  {
    installation,
    imageIds,
    present,
  }: {
    readonly installation: Installation;
    readonly imageIds: { readonly agentpod: string; readonly traefik: string };
    readonly present: Present;
  },
): Promise<void> {
  const { t } = context;
  await step(context, t.up.init, () => docker.runOnce(initSpec(installation)));
  for (const part of parts) {
    const spec = containerSpec(part, installation);
    const hash =
      part === 'traefik'
        ? settingsHash(spec, imageIds.traefik, await contentOf(traefikConfig(installation.dataDir)))
        : settingsHash(spec, imageIds.agentpod);
    const now = present.get(spec.name);
    const same = now?.labels[settingsLabel] === hash;
    const what = same ? (now.running ? t.up.unchanged : t.up.started) : now ? t.up.replaced : t.up.created;
    await step(
      context,
      spec.name,
      async () => {
        if (same) {
          if (!now.running) await docker.start(spec.name);
          return;
        }
        if (now) {
          await docker.stop(spec.name);
          await docker.remove(spec.name);
        }
        await docker.runDetached(spec, { [partLabel]: part, [settingsLabel]: hash });
      },
      () => what,
    );
  }
}

async function contentOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
