import { access, constants, stat } from 'node:fs/promises';
import { AppError, type Check } from '@agentpod/core';
import { rootTokenPath } from '../api/credentials.ts';
import type { Context } from '../context.ts';
import { containerName, parts } from './containers.ts';
import { type Docker, dockerCli } from './docker.ts';
import { portHolder } from './port-holders.ts';
import { dataDirOf, loadSettings, mergeSettings } from './settings.ts';

/** What can be seen of the control plane from outside it, on the machine it should run on. */
export async function localChecks(context: Context): Promise<Check[]> {
  const docker = dockerCli(context);
  const dataDir = dataDirOf(context, undefined);
  const engine = await engineCheck(context, docker);
  return [
    engine,
    ...(engine.status === 'ok' ? await containerChecks(context, docker) : []),
    await dataDirCheck(context, dataDir),
    await tokenCheck(context),
    ...(await portChecks(context, dataDir)),
  ];
}

async function engineCheck({ t }: Context, docker: Docker): Promise<Check> {
  try {
    return { name: 'docker', status: 'ok', message: t.doctor.dockerAnswers(await docker.serverVersion()) };
  } catch (error) {
    return failedCheck('docker', error);
  }
}

async function containerChecks({ t }: Context, docker: Docker): Promise<Check[]> {
  return Promise.all(
    parts.map(containerName).map(async (name): Promise<Check> => {
      try {
        const container = await docker.container(name);
        if (container?.state === 'running') return { name, status: 'ok', message: t.doctor.containerRuns };
        const message = container
          ? t.doctor.containerState(container.state, container.exitCode)
          : t.doctor.containerAbsent;
        return {
          name,
          status: 'failed',
          message,
          remedy: container ? t.doctor.containerRemedy(name) : t.doctor.absentRemedy,
        };
      } catch (error) {
        return failedCheck(name, error);
      }
    }),
  );
}

async function dataDirCheck({ t }: Context, dataDir: string): Promise<Check> {
  const name = t.doctor.dataDir;
  try {
    const { mode } = await stat(dataDir);
    return mode & 0o066
      ? { name, status: 'warning', message: t.doctor.dataDirOpen(dataDir), remedy: `chmod go-rw ${dataDir}` }
      : { name, status: 'ok', message: dataDir };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    return { name, status: 'failed', message: t.doctor.dataDirMissing(dataDir, code), remedy: t.doctor.absentRemedy };
  }
}

async function tokenCheck(context: Context): Promise<Check> {
  const { t } = context;
  const path = rootTokenPath(context);
  try {
    await access(path, constants.R_OK);
    return { name: t.doctor.rootToken, status: 'ok', message: path };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    return {
      name: t.doctor.rootToken,
      status: 'warning',
      message: t.doctor.noRootToken(path, code),
      remedy: t.errors.rootTokenRemedy,
    };
  }
}

/** A port that is held is fine when our own ingress holds it; that is left to the reader of the name. */
async function portChecks({ io, t }: Context, dataDir: string): Promise<Check[]> {
  if (process.platform !== 'linux') return [];
  const { httpPort, httpsPort } = await loadSettings(dataDir, t).then(
    (saved) => mergeSettings(saved, {}, t),
    // Unreadable settings are somebody else's finding; the usual ports are still worth a look.
    () => mergeSettings(undefined, {}, t),
  );
  return Promise.all(
    [httpPort, httpsPort].map(async (port): Promise<Check> => {
      const holder = await portHolder(port, io.proc);
      const name = t.doctor.port(port);
      if (!holder) return { name, status: 'ok', message: t.doctor.portFree };
      if (holder.process === 'traefik')
        return { name, status: 'ok', message: t.up.holder(holder.process, holder.pid ?? 0) };
      const who = holder.process === undefined ? t.up.unknownHolder : t.up.holder(holder.process, holder.pid ?? 0);
      return { name, status: 'warning', message: t.doctor.portHeld(who), remedy: t.doctor.portRemedy };
    }),
  );
}

function failedCheck(name: string, error: unknown): Check {
  if (!(error instanceof AppError)) throw error;
  return {
    name,
    status: 'failed',
    message: error.message,
    ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
  };
}
