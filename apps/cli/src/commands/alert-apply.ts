import { dirname, resolve } from 'node:path';
import { AppError, type Client, type PutAlertTransport } from '@agentpod/core';
import { z } from 'zod';
import { connect } from '../api/connect.ts';
import type { Context } from '../context.ts';
import { neutraliseLine } from '../output/neutralise.ts';
import { printResult } from '../output/print.ts';
import { readInput, readKey, readText } from '../read-text.ts';

const Moment = z.iso.datetime({ offset: true });
const Scope = { agent: z.string().exactOptional(), tenant: z.string().exactOptional() };

const AlertsFile = z.strictObject({
  apiVersion: z.literal('agentpod/v1'),
  kind: z.literal('Alerts'),
  spec: z.strictObject({
    transports: z
      .record(
        z.string(),
        z.strictObject({
          kind: z.string(),
          settings: z.record(z.string(), z.unknown()).exactOptional(),
          /** Paths, seen from the file: a secret never stands in it. */
          secretFiles: z.record(z.string(), z.string()).default({}),
          minimumSeverity: z.enum(['warning', 'critical']).default('warning'),
          language: z.enum(['zh', 'en']).default('en'),
          tenants: z.array(z.string()).min(1).nullable().default(null),
          enabled: z.boolean().default(true),
        }),
      )
      .default({}),
    silences: z
      .array(
        z.strictObject({ ...Scope, rule: z.string().exactOptional(), until: Moment, comment: z.string().default('') }),
      )
      .default([]),
    maintenance: z
      .array(
        z.strictObject({
          ...Scope,
          everything: z.literal(true).exactOptional(),
          from: Moment,
          until: Moment,
          comment: z.string().default(''),
        }),
      )
      .default([]),
  }),
});
type AlertsFile = z.infer<typeof AlertsFile>;

interface Applied {
  readonly what: 'transport' | 'silence' | 'maintenance';
  readonly name: string;
  readonly result: 'applied' | 'unchanged' | 'over';
}

export interface ApplyOptions {
  readonly file: string;
}

/** Safe to repeat. Everything is read and checked before anything is changed; what the file does not name stays. */
export async function alertApply(context: Context, { file }: ApplyOptions): Promise<number> {
  const { spec } = await readAlertsFile(context, file);
  const transports = await Promise.all(
    Object.entries(spec.transports).map(async ([name, { secretFiles, ...transport }]) => {
      const secrets: Record<string, string> = {};
      for (const [field, path] of Object.entries(secretFiles)) {
        secrets[field] = await readKey(context, beside(context, file, path), `spec.transports.${name}.secretFiles`);
      }
      return [name, { ...transport, secrets } satisfies PutAlertTransport] as const;
    }),
  );
  const client = await connect(context);
  const applied: Applied[] = [];
  for (const [name, request] of transports) {
    await client.putAlertTransport(name, request);
    applied.push({ what: 'transport', name, result: 'applied' });
  }
  applied.push(...(await applySilences(context, client, spec.silences)));
  applied.push(...(await applyMaintenance(context, client, spec.maintenance)));
  const { appliedLine } = context.t.alert;
  await printResult(context, { items: applied }, () =>
    applied.map(({ what, name, result }) => `${appliedLine[result](what, neutraliseLine(name))}\n`).join(''),
  );
  return 0;
}

async function readAlertsFile(context: Context, file: string): Promise<AlertsFile> {
  const text = file === '-' ? await readInput(context, '--file') : (await readText(context, file, '--file')).text;
  const { parse, YAMLParseError } = await import('yaml');
  let value: unknown;
  try {
    value = parse(text);
  } catch (cause) {
    if (!(cause instanceof YAMLParseError)) throw cause;
    throw new AppError('invalid', 'InvalidFile', `${file}: ${cause.message}`, { field: '--file', cause });
  }
  const parsed = AlertsFile.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const extra = issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
  const field = [...(issue?.path ?? []), ...extra].join('.');
  throw new AppError('invalid', 'InvalidFile', `${file}: ${field}: ${issue?.message ?? ''}`, {
    field,
    remedy: context.t.alert.fileRemedy,
  });
}

async function applySilences(
  { io }: Context,
  client: Client,
  wanted: AlertsFile['spec']['silences'],
): Promise<Applied[]> {
  const { items } = await client.listSilences();
  const applied: Applied[] = [];
  for (const silence of wanted) {
    const { agent, tenant, rule, until, comment } = silence;
    const name = [agent, tenant, rule].filter(Boolean).join(' ');
    const isThere = items.some(
      (item) =>
        item.agent === agent &&
        item.tenant === tenant &&
        item.rule === rule &&
        item.comment === comment &&
        Date.parse(item.until) === Date.parse(until),
    );
    if (!isThere && Date.parse(until) > io.now()) {
      await client.createSilence(silence as Parameters<Client['createSilence']>[0]);
    }
    applied.push({ what: 'silence', name, result: isThere ? 'unchanged' : resultOf(until, io.now()) });
  }
  return applied;
}

async function applyMaintenance(
  { io }: Context,
  client: Client,
  wanted: AlertsFile['spec']['maintenance'],
): Promise<Applied[]> {
  const { items } = await client.listMaintenance();
  const applied: Applied[] = [];
  for (const window of wanted) {
    const { agent, tenant, from, until, comment } = window;
    const isThere = items.some(
      (item) =>
        item.agent === agent &&
        item.tenant === tenant &&
        item.comment === comment &&
        Date.parse(item.from) === Date.parse(from),
    );
    if (!isThere && Date.parse(until) > io.now()) await client.createMaintenance(window);
    const name = agent ?? tenant ?? '*';
    applied.push({ what: 'maintenance', name, result: isThere ? 'unchanged' : resultOf(until, io.now()) });
  }
  return applied;
}

function resultOf(until: string, now: number): Applied['result'] {
  return Date.parse(until) > now ? 'applied' : 'over';
}

/** A path in a file is seen from that file; in standard input, from where the person stands. */
function beside({ io }: Context, file: string, path: string): string {
  return file === '-' ? path : resolve(io.cwd, dirname(file), path);
}
