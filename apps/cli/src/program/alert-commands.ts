import { type Command, Option } from 'commander';
import type { AlertListOptions } from '../commands/alert.ts';
import type { ApplyOptions } from '../commands/alert-apply.ts';
import type { MaintenanceOptions, SilenceOptions } from '../commands/alert-quiet.ts';
import type { DeliveriesOptions, TransportAddOptions } from '../commands/alert-transport.ts';
import type { Run } from '../context.ts';
import { duration, moment } from '../durations.ts';
import type { Messages } from '../messages/zh.ts';
import { wholeNumber } from './numbers.ts';

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

/** What people must know, how they are told, and when not. */
export function addAlertCommands(program: Command, help: Messages['help'], run: Run): void {
  const { commands: texts, args } = help;
  const alert = program.command('alert').description(texts.alert.summary);

  alert
    .command('list')
    .alias('ls')
    .description(texts['alert list'].summary)
    .option('-a, --all', texts['alert list'].options.all)
    .option('--tenant <tenant>', texts['alert list'].options.tenant)
    .action((options: AlertListOptions) =>
      run(async (context) => (await import('../commands/alert.ts')).alertList(context, options)),
    );
  alert
    .command('show')
    .description(texts['alert show'].summary)
    .argument('<alert>', args.alert)
    .action((id: string) => run(async (context) => (await import('../commands/alert.ts')).alertShow(context, id)));

  const silence = texts['alert silence'];
  alert
    .command('silence')
    .description(silence.summary)
    .argument('[agent]', args.agent)
    .option('--tenant <tenant>', silence.options.tenant)
    .option('--rule <rule>', silence.options.rule)
    .option('--for <duration>', silence.options.for, duration)
    .addOption(new Option('--until <time>', silence.options.until).argParser(moment).conflicts('for'))
    .option('--comment <text>', silence.options.comment)
    .addHelpText('after', silence.examples)
    .action((agent: string | undefined, options: SilenceOptions) =>
      run(async (context) => (await import('../commands/alert-quiet.ts')).alertSilence(context, agent, options)),
    );
  alert
    .command('silences')
    .description(texts['alert silences'].summary)
    .action(() => run(async (context) => (await import('../commands/alert-quiet.ts')).alertSilences(context)));
  alert
    .command('unsilence')
    .description(texts['alert unsilence'].summary)
    .argument('<id>', args.silence)
    .action((id: string) =>
      run(async (context) => (await import('../commands/alert-quiet.ts')).alertUnsilence(context, id)),
    );

  addMaintenanceCommands(alert, help, run);
  addTransportCommands(alert, help, run);

  const deliveries = texts['alert deliveries'];
  alert
    .command('deliveries')
    .description(deliveries.summary)
    .option('--transport <name>', deliveries.options.transport)
    .option('-n, --tail <lines>', deliveries.options.tail, wholeNumber(1, 1000), 50)
    .action((options: DeliveriesOptions) =>
      run(async (context) => (await import('../commands/alert-transport.ts')).alertDeliveries(context, options)),
    );
  alert
    .command('apply')
    .description(texts['alert apply'].summary)
    .requiredOption('-f, --file <file>', texts['alert apply'].options.file)
    .addHelpText('after', texts['alert apply'].examples)
    .action((options: ApplyOptions) =>
      run(async (context) => (await import('../commands/alert-apply.ts')).alertApply(context, options)),
    );
}

function addMaintenanceCommands(alert: Command, { commands: texts, args }: Messages['help'], run: Run): void {
  const maintenance = alert.command('maintenance').description(texts['alert maintenance'].summary);
  const add = texts['alert maintenance add'];
  maintenance
    .command('add')
    .description(add.summary)
    .argument('[agent]', args.agent)
    .option('--tenant <tenant>', add.options.tenant)
    .option('--everything', add.options.everything)
    .option('--from <time>', add.options.from, moment)
    .option('--for <duration>', add.options.for, duration)
    .addOption(new Option('--until <time>', add.options.until).argParser(moment).conflicts('for'))
    .option('--comment <text>', add.options.comment)
    .addHelpText('after', add.examples)
    .action((agent: string | undefined, options: MaintenanceOptions) =>
      run(async (context) => (await import('../commands/alert-quiet.ts')).maintenanceAdd(context, agent, options)),
    );
  maintenance
    .command('list')
    .alias('ls')
    .description(texts['alert maintenance list'].summary)
    .action(() => run(async (context) => (await import('../commands/alert-quiet.ts')).maintenanceList(context)));
  maintenance
    .command('remove')
    .alias('rm')
    .description(texts['alert maintenance remove'].summary)
    .argument('<id>', args.maintenance)
    .action((id: string) =>
      run(async (context) => (await import('../commands/alert-quiet.ts')).maintenanceRemove(context, id)),
    );
}

function addTransportCommands(alert: Command, { commands: texts, args }: Messages['help'], run: Run): void {
  const transport = alert.command('transport').description(texts['alert transport'].summary);
  const add = texts['alert transport add'];
  transport
    .command('add')
    .description(add.summary)
    .argument('<name>', args.transport)
    .argument('<kind>', args.transportKind)
    .option('--set <setting=value>', add.options.set, collect, [])
    .option('--set-file <setting=file>', add.options.setFile, collect, [])
    .option('--secret-file <secret=file>', add.options.secretFile, collect, [])
    .addOption(
      new Option('--minimum-severity <severity>', add.options.minimumSeverity).choices(['warning', 'critical']),
    )
    .addOption(new Option('--language <language>', add.options.language).choices(['zh', 'en']))
    .option('--only-tenant <tenant>', add.options.onlyTenant, collect, [])
    .option('--disabled', add.options.disabled)
    .addHelpText('after', add.examples)
    .action((name: string, kind: string, options: TransportAddOptions) =>
      run(async (context) =>
        (await import('../commands/alert-transport.ts')).transportAdd(context, name, kind, options),
      ),
    );
  transport
    .command('list')
    .alias('ls')
    .description(texts['alert transport list'].summary)
    .action(() => run(async (context) => (await import('../commands/alert-transport.ts')).transportList(context)));
  transport
    .command('remove')
    .alias('rm')
    .description(texts['alert transport remove'].summary)
    .argument('<name>', args.transport)
    .action((name: string) =>
      run(async (context) => (await import('../commands/alert-transport.ts')).transportRemove(context, name)),
    );
  transport
    .command('test')
    .description(texts['alert transport test'].summary)
    .argument('<name>', args.transport)
    .action((name: string) =>
      run(async (context) => (await import('../commands/alert-transport.ts')).transportTest(context, name)),
    );
}
