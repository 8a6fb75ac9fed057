import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { canonicalJson } from '@agentpod/core';
import { modelListen, type Settings } from './settings.ts';

export type ControlPlanePart = 'server' | 'gateway' | 'traefik';

/** In the order they are started. */
export const parts: readonly ControlPlanePart[] = ['server', 'gateway', 'traefik'];

/** One container as arguments of `docker run`. */
export interface ContainerSpec {
  readonly name: string;
  readonly image: string;
  readonly options: readonly string[];
  readonly command: readonly string[];
}

export const partLabel = 'agentpod.up.part';
export const settingsLabel = 'agentpod.up.settings';

export interface Installation {
  readonly dataDir: string;
  readonly settings: Settings;
  readonly images: { readonly agentpod: string; readonly traefik: string };
  readonly dockerSocket: string;
}

export function containerName(part: ControlPlanePart): string {
  return `agentpod-${part}`;
}

/** Kept in step with deploy/compose.yaml: the same containers for people who like compose better. */
export function containerSpec(part: ControlPlanePart, installation: Installation): ContainerSpec {
  const { dataDir, settings, images, dockerSocket } = installation;
  const name = containerName(part);
  switch (part) {
    case 'server':
      return {
        name,
        image: images.agentpod,
        options: [
          ...hardened,
          ...mount(dockerSocket),
          ...mount(dataDir),
          ...caFileMount(settings),
          ...environment(serverEnvironment(installation)),
        ],
        command: ['server'],
      };
    case 'gateway':
      return {
        name,
        image: images.agentpod,
        options: [
          ...hardened,
          ...mount(join(dataDir, 'gateway'), 'ro'),
          ...environment({ AGENTPOD_DATA_DIR: dataDir, AGENTPOD_MODEL_LISTEN: modelListen(settings) }),
        ],
        command: ['gateway'],
      };
    case 'traefik':
      return {
        name,
        image: images.traefik,
        options: [
          ...hardened,
          '--cap-add',
          'NET_BIND_SERVICE',
          ...mount(join(dataDir, 'ingress'), 'ro'),
          ...mount(join(dataDir, 'traefik'), 'ro'),
          ...mount(join(dataDir, 'acme')),
        ],
        command: [`--configfile=${traefikConfig(dataDir)}`],
      };
  }
}

/** Makes keys, folders and Traefik's static file; changes nothing that is there. */
export function initSpec(installation: Installation): ContainerSpec {
  const { dataDir, settings, images } = installation;
  return {
    name: 'agentpod-init',
    image: images.agentpod,
    options: [
      '--network',
      'none',
      '--cap-drop',
      'ALL',
      ...mount(dataDir),
      ...caFileMount(settings),
      ...environment(serverEnvironment(installation)),
    ],
    command: ['init'],
  };
}

/** Changes exactly when the container has to be made anew. `configuration` is what it reads once, at its start. */
export function settingsHash(spec: ContainerSpec, imageId: string, configuration = ''): string {
  return createHash('sha256').update(canonicalJson({ spec, imageId, configuration })).digest('hex').slice(0, 16);
}

/** What Traefik reads at its start; written by `init`. */
export function traefikConfig(dataDir: string): string {
  return join(dataDir, 'traefik', 'traefik.yml');
}

const hardened: readonly string[] = [
  '--network',
  'host',
  '--restart',
  'unless-stopped',
  '--read-only',
  '--tmpfs',
  '/tmp',
  '--cap-drop',
  'ALL',
  '--security-opt',
  'no-new-privileges',
  '--pids-limit',
  '512',
  '--stop-timeout',
  '30',
  '--log-opt',
  'max-size=10m',
  '--log-opt',
  'max-file=3',
];

function serverEnvironment({ dataDir, settings, dockerSocket }: Installation): Record<string, string | undefined> {
  return {
    AGENTPOD_DATA_DIR: dataDir,
    AGENTPOD_LISTEN: settings.listen,
    AGENTPOD_MODE: settings.mode,
    AGENTPOD_BASE_DOMAIN: settings.baseDomain,
    AGENTPOD_CONSOLE_HOST: settings.consoleHost,
    AGENTPOD_ACME_EMAIL: settings.email,
    AGENTPOD_ACME_SERVER: settings.acmeServer,
    AGENTPOD_ACME_CA_FILE: settings.acmeCaFile,
    AGENTPOD_PUBLIC_ADDRESSES: settings.publicAddresses,
    AGENTPOD_RESOLVER: settings.resolver,
    AGENTPOD_HTTP_PORT: String(settings.httpPort),
    AGENTPOD_HTTPS_PORT: String(settings.httpsPort),
    AGENTPOD_SUPERNET: settings.supernet,
    AGENTPOD_DOCKER_SOCKET: dockerSocket,
  };
}

function environment(values: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : ['--env', `${name}=${value}`]));
}

/** The same path inside as outside: paths in settings and files mean the same on both sides. */
function mount(path: string, mode?: 'ro'): string[] {
  return ['--volume', `${path}:${path}${mode ? `:${mode}` : ''}`];
}

function caFileMount({ acmeCaFile }: Settings): string[] {
  return acmeCaFile === undefined ? [] : mount(acmeCaFile, 'ro');
}
