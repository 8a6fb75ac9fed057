import { type AlertDeliveryView, type AlertTransportView, AppError, type PutAlertTransport } from '@agentpod/core';
import { connect } from '../api/connect.ts';
import type { Context } from '../context.ts';
import { write } from '../io.ts';
import { ageOf } from '../output/duration.ts';
import { neutraliseLine } from '../output/neutralise.ts';
import { hint, printResult } from '../output/print.ts';
import { renderTable } from '../output/table.ts';
import { readKey, readText } from '../read-text.ts';

export interface TransportAddOptions {
  readonly set: readonly string[];
  readonly setFile: readonly string[];
  readonly secretFile: readonly string[];
  readonly minimumSeverity?: 'warning' | 'critical';
  readonly language?: 'zh' | 'en';
  readonly onlyTenant: readonly string[];
  readonly disabled?: boolean;
}

export async function transportAdd(
  context: Context,
  name: string,
  kind: string,
  options: TransportAddOptions,
): Promise<number> {
  const settings: Record<string, string> = {};
  for (const [field, value] of pairsOf(context, options.set, '--set')) settings[field] = value;
  for (const [field, path] of pairsOf(context, options.setFile, '--set-file')) {
    settings[field] = (await readText(context, path, '--set-file')).text;
  }
  const secrets: Record<string, string> = {};
  for (const [field, path] of pairsOf(context, options.secretFile, '--secret-file')) {
    secrets[field] = await readKey(context, path, '--secret-file');
  }
  const request: PutAlertTransport = {
    kind,
    ...(Object.keys(settings).length === 0 ? {} : { settings }),
    ...(Object.keys(secrets).length === 0 ? {} : { secrets }),
    ...(options.minimumSeverity === undefined ? {} : { minimumSeverity: options.minimumSeverity }),
    ...(options.language === undefined ? { language: context.language } : { language: options.language }),
    ...(options.onlyTenant.length === 0 ? {} : { tenants: [...options.onlyTenant] }),
    enabled: options.disabled !== true,
  };
  const client = await connect(context);
  const transport = await client.putAlertTransport(name, request);
  await printResult(context, transport, () => `${context.t.alert.transportSet(transport.name)}\n`);
  await hint(context, context.t.alert.tryIt(transport.name));
  return 0;
}

export async function transportList(context: Context): Promise<number> {
  const client = await connect(context);
  const list = await client.listAlertTransports();
  await printResult(context, list, () => (list.items.length === 0 ? '' : transportTable(context, list.items)));
  if (list.items.length === 0) await hint(context, context.t.alert.noTransport);
  return 0;
}

export async function transportRemove(context: Context, name: string): Promise<number> {
  const client = await connect(context);
  await client.removeAlertTransport(name);
  const sentence = context.flags.quiet ? '' : `${context.t.alert.transportRemoved(neutraliseLine(name))}\n`;
  if (context.flags.output === 'table') await write(context.io.stdout, sentence);
  else await printResult(context, { name, removed: true }, () => '');
  return 0;
}

/** Exit 0 when it arrived; otherwise the failure is reported like any other. */
export async function transportTest(context: Context, name: string): Promise<number> {
  const client = await connect(context);
  const result = await client.testAlertTransport(name);
  const { tested } = context.t.alert;
  await printResult(context, result, () => `${tested(name, neutraliseLine(result.detail), result.milliseconds)}\n`);
  return 0;
}

export interface DeliveriesOptions {
  readonly transport?: string;
  readonly tail: number;
}

export async function alertDeliveries(context: Context, options: DeliveriesOptions): Promise<number> {
  const client = await connect(context);
  const list = await client.listAlertDeliveries({
    limit: options.tail,
    ...(options.transport === undefined ? {} : { transport: options.transport }),
  });
  await printResult(context, list, () => (list.items.length === 0 ? '' : deliveryTable(context, list.items)));
  if (list.items.length === 0) await hint(context, context.t.alert.noDelivery);
  return 0;
}

function transportTable({ t }: Context, items: readonly AlertTransportView[]): string {
  const { columns, severities, onOff, allTenants } = t.alert;
  const titles = [
    columns.name,
    columns.kind,
    columns.enabled,
    columns.minimum,
    columns.language,
    columns.tenants,
    columns.waiting,
    columns.lastError,
  ];
  return renderTable(
    titles.map((title) => ({ title })),
    items.map((item) =>
      [
        item.name,
        item.kind,
        item.enabled ? onOff.on : onOff.off,
        severities[item.minimumSeverity],
        item.language,
        item.tenants?.join(',') ?? allTenants,
        String(item.waiting),
        item.lastError ?? '',
      ].map(neutraliseLine),
    ),
  );
}

function deliveryTable({ io, t }: Context, items: readonly AlertDeliveryView[]): string {
  const { columns, kinds, outcomes } = t.alert;
  const titles = [
    columns.since,
    columns.transport,
    columns.outcome,
    columns.attempts,
    columns.notice,
    columns.who,
    columns.rule,
    columns.detail,
  ];
  return renderTable(
    titles.map((title) => ({ title })),
    items.map((item) =>
      [
        ageOf(item.at, io.now()),
        item.transport,
        outcomes[item.outcome],
        String(item.attempts),
        kinds[item.kind],
        item.subject,
        item.rule,
        item.detail,
      ].map(neutraliseLine),
    ),
  );
}

/** `field=value` as often as it was said. */
function pairsOf({ t }: Context, words: readonly string[], option: string): [string, string][] {
  return words.map((word) => {
    const [, field, value] = /^([A-Za-z][A-Za-z0-9]*)=(.+)$/s.exec(word) ?? [];
    if (field !== undefined && value !== undefined) return [field, value];
    // Not repeated: it may be a secret that was put in the wrong place.
    throw new AppError('invalid', 'Usage', t.alert.noPair(option), {
      field: option,
      remedy: t.alert.pairRemedy(option),
    });
  });
}
