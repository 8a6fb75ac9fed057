import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { AppError, gatewayBlock, parseSubnet } from '@agentpod/core';
import { z } from 'zod';
import { defaultDataDir } from '../api/credentials.ts';
import type { Context } from '../context.ts';

const Port = z.coerce.number().int().min(1).max(65_535);

/** How this machine's control plane is set up; kept beside its data, so that a bare `agentpod up` repeats it. */
const Settings = z.strictObject({
  mode: z.enum(['local', 'domain']).default('local'),
  baseDomain: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/)
    .optional(),
  consoleHost: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/)
    .optional(),
  email: z.email().optional(),
  httpPort: Port.default(80),
  httpsPort: Port.default(443),
  supernet: z.string().default('10.203.0.0/16'),
  listen: z
    .string()
    .regex(/^\d+\.\d+\.\d+\.\d+:\d+$/)
    .default('127.0.0.1:7100'),
  /** Another certificate authority than Let's Encrypt, and the file with its root. */
  acmeServer: z.url().optional(),
  acmeCaFile: z.string().startsWith('/').optional(),
  /** Under which the world knows this machine, beside the addresses it has itself (NAT). */
  publicAddresses: z.string().optional(),
  /** `address:port` of the DNS server that is asked before a certificate is ordered. */
  resolver: z.string().optional(),
});
export type Settings = z.infer<typeof Settings>;
/** As they come from the command line and the environment: text, to be checked here. */
export type SettingsInput = { readonly [K in keyof Settings]?: string | undefined };

export function dataDirOf({ io, t }: Context, option: string | undefined): string {
  const dataDir = option ?? (io.env['AGENTPOD_DATA_DIR'] || defaultDataDir);
  // A colon ends the path in what Docker is told to mount.
  if (isAbsolute(dataDir) && !dataDir.includes(':')) return dataDir.replace(/(?<=.)\/+$/, '');
  throw new AppError('invalid', 'InvalidSettings', t.up.dataDirAbsolute(dataDir), { field: '--data-dir' });
}

/** What was said now, else what was said before, else the default. Throws `invalid` naming the option. */
export function mergeSettings(saved: unknown, input: SettingsInput, t: Context['t']): Settings {
  const said = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
  const before = typeof saved === 'object' && saved !== null ? saved : {};
  // Naming a domain is asking for that mode.
  const implied = 'baseDomain' in said && !('mode' in said) && !('mode' in before) ? { mode: 'domain' } : {};
  const parsed = Settings.safeParse({ ...before, ...implied, ...said });
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new AppError(
      'invalid',
      'InvalidSettings',
      t.up.invalidSetting(String(issue?.path[0] ?? ''), issue?.message ?? ''),
      {
        field: optionOf(String(issue?.path[0] ?? '')),
      },
    );
  }
  const settings = parsed.data;
  parseSubnet(settings.supernet);
  if (settings.mode === 'domain' && settings.baseDomain === undefined) {
    throw new AppError('invalid', 'InvalidSettings', t.up.needsDomain, {
      field: '--base-domain',
      remedy: t.up.needsDomainRemedy,
    });
  }
  return settings;
}

export async function loadSettings(dataDir: string, t: Context['t']): Promise<unknown> {
  const path = settingsPath(dataDir);
  try {
    return JSON.parse(await readFile(path, 'utf8')) as unknown;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new AppError('invalid', 'UnreadableSettings', t.up.settingsUnreadable(path, (cause as Error).message), {
      remedy: t.up.settingsRemedy(path),
      cause,
    });
  }
}

/** Makes the data directory, for root alone, and keeps the settings in it. */
export async function saveSettings(dataDir: string, settings: Settings, t: Context['t']): Promise<void> {
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    const path = settingsPath(dataDir);
    await writeFile(`${path}.new`, `${JSON.stringify(settings, undefined, 2)}\n`, { mode: 0o600 });
    await rename(`${path}.new`, path);
  } catch (cause) {
    throw new AppError('terminal', 'DataDirNotWritable', t.up.dataDirNotWritable(dataDir, (cause as Error).message), {
      field: '--data-dir',
      remedy: t.up.dataDirRemedy,
      cause,
    });
  }
}

/** The address the model gateway listens on. */
export function modelListen(settings: Settings): string {
  return `${gatewayBlock(settings.supernet).gateway}:7200`;
}

function settingsPath(dataDir: string): string {
  return join(dataDir, 'up.json');
}

function optionOf(key: string): string {
  return `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
