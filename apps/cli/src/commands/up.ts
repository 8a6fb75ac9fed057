import { AppError, type Client } from '@agentpod/core';
import { clientFor } from '../api/connect.ts';
import { findToken } from '../api/credentials.ts';
import type { Context } from '../context.ts';
import { neutraliseLine } from '../output/neutralise.ts';
import { hint, printResult } from '../output/print.ts';
import { renderPairs } from '../output/table.ts';
import { awaitHealthy } from '../up/await-healthy.ts';
import {
  applyContainers,
  ensureImage,
  type Present,
  presentContainers,
  requireFreePorts,
  wantedPorts,
} from '../up/bring-up.ts';
import { containerName } from '../up/containers.ts';
import { dockerCli } from '../up/docker.ts';
import {
  dataDirOf,
  loadSettings,
  mergeSettings,
  saveSettings,
  type Settings,
  type SettingsInput,
} from '../up/settings.ts';
import { step } from '../up/steps.ts';
import { cliVersion } from '../version.ts';

export const traefikVersion = '3.7.15';

export interface UpOptions extends Omit<SettingsInput, keyof ReturnType<typeof fromEnvironment>> {
  readonly dataDir?: string;
  readonly yes?: boolean;
}

/** Starts the control plane on this machine; changes only what is not yet as it should be. */
export async function up(context: Context, { dataDir: dataDirOption, yes, ...input }: UpOptions): Promise<number> {
  const { io, t } = context;
  if (process.platform !== 'linux') {
    throw new AppError('terminal', 'NeedsLinux', t.up.needsLinux, { remedy: t.up.needsLinuxRemedy });
  }
  const dataDir = dataDirOf(context, dataDirOption);
  const saved = await loadSettings(dataDir, t);
  const settings = mergeSettings(saved, { ...input, ...fromEnvironment(io.env) }, t);
  const docker = dockerCli(context);
  await step(
    context,
    t.up.docker,
    () => docker.serverVersion(),
    (version) => version,
  );
  const present = await presentContainers(docker, t);
  await step(context, t.up.ports, () => requireFreePorts(context, settings, heldByUs(saved, present, t)));
  if (saved === undefined && yes !== true) await confirmInstall(context, dataDir, settings);
  await step(context, t.up.dataDir(dataDir), () => saveSettings(dataDir, settings, t));

  const images = { agentpod: `agentpod/agentpod:${cliVersion}`, traefik: `agentpod/traefik:${traefikVersion}` };
  const imageIds = {
    agentpod: await ensureImage(context, docker, images.agentpod, 'agentpod'),
    traefik: await ensureImage(context, docker, images.traefik, 'traefik'),
  };
  const dockerSocket =
    io.env['DOCKER_HOST']?.startsWith('unix://') === true ? io.env['DOCKER_HOST'].slice(7) : '/var/run/docker.sock';
  await applyContainers(context, docker, {
    installation: { dataDir, settings, images, dockerSocket },
    imageIds,
    present,
  });

  const here = {
    ...context,
    flags: { ...context.flags, url: undefined },
    io: { ...io, env: { ...io.env, AGENTPOD_DATA_DIR: dataDir } },
  };
  const url = new URL(`http://${settings.listen.replace(/^0\.0\.0\.0:/, '127.0.0.1:')}`);
  const { setUp } = await step(context, t.up.healthy, () =>
    awaitHealthy(here, clientFor(here, { url, token: undefined, giveUp: io.interrupted }), docker),
  );
  const client = clientFor(here, { url, token: await findToken(here, url), giveUp: io.interrupted });
  await tell(context, client, { dataDir, setUp });
  return 0;
}

async function tell(
  context: Context,
  client: Client,
  { dataDir, setUp }: { readonly dataDir: string; readonly setUp: boolean },
): Promise<void> {
  const { t } = context;
  const { consoleUrl, mode, version } = await client.system();
  const link = setUp ? undefined : await client.setupLink();
  await printResult(context, { consoleUrl, mode, version, dataDir, setupLink: link?.url }, () =>
    renderPairs([
      [t.up.labels.console, neutraliseLine(consoleUrl)],
      ...(link ? [[t.up.labels.setupLink, neutraliseLine(link.url)] as const] : []),
    ]),
  );
  if (link) await hint(context, t.setupLink.oneTime(link.expiresAt));
  await hint(context, t.up.next);
}

/** What hardly anybody needs has no option. */
function fromEnvironment(env: Context['io']['env']) {
  return {
    acmeServer: env['AGENTPOD_ACME_SERVER'] || undefined,
    acmeCaFile: env['AGENTPOD_ACME_CA_FILE'] || undefined,
    publicAddresses: env['AGENTPOD_PUBLIC_ADDRESSES'] || undefined,
    resolver: env['AGENTPOD_RESOLVER'] || undefined,
  };
}

/** Ports of the last settings whose containers run now. */
function heldByUs(saved: unknown, present: Present, t: Context['t']): ReadonlySet<number> {
  if (saved === undefined) return new Set();
  const held = wantedPorts(mergeSettings(saved, {}, t)).filter(({ part }) => present.get(containerName(part))?.running);
  return new Set(held.map(({ port }) => port));
}

async function confirmInstall({ io, t }: Context, dataDir: string, settings: Settings): Promise<void> {
  // Without a person to ask, the command itself is the consent: it is safe to repeat and to undo.
  if (io.stdin.isTTY !== true || io.stderr.isTTY !== true) return;
  const { confirm, isCancel } = await import('@clack/prompts');
  const ports = settings.mode === 'domain' ? `${settings.httpPort}, ${settings.httpsPort}` : String(settings.httpPort);
  const answer = await confirm({
    message: t.up.ask(dataDir, ports),
    input: io.stdin,
    output: io.stderr,
    signal: io.interrupted,
  });
  if (isCancel(answer) || !answer) throw new AppError('invalid', 'NotConfirmed', t.up.notConfirmed, { field: '--yes' });
}
