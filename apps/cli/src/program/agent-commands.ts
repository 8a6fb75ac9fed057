import type { Command } from 'commander';
import type { ChatOptions } from '../commands/chat.ts';
import type { CreateOptions } from '../commands/create.ts';
import type { DeleteOptions, WaitOptions } from '../commands/lifecycle.ts';
import type { ListOptions } from '../commands/list.ts';
import type { LogsOptions } from '../commands/logs.ts';
import type { ModelSetOptions } from '../commands/model.ts';
import type { OpenOptions } from '../commands/open.ts';
import type { SlaOptions } from '../commands/sla.ts';
import type { StatusOptions } from '../commands/status.ts';
import type { Run } from '../context.ts';
import type { Messages } from '../messages/zh.ts';
import { wholeNumber } from './numbers.ts';

const daySeconds = 86_400;

/** Verbs about agents. Each loads its code when it is used: most runs need one of them, and `--help` none. */
export function addAgentCommands(program: Command, help: Messages['help'], run: Run): void {
  const { commands: texts, args, waiting } = help;
  const waitable = (command: Command) =>
    command
      .option('-w, --wait', waiting.wait)
      .option('--no-wait', waiting.noWait)
      .option('--timeout <seconds>', waiting.timeout, wholeNumber(1, daySeconds), 600);

  const create = texts.create.options;
  waitable(
    program
      .command('create')
      .description(texts.create.summary)
      .argument('<agent>', args.newAgent)
      .option('--type <type>', create.type)
      .option('--version <version>', create.version)
      .option('--plan <plan>', create.plan)
      .option('--memory <size>', create.memory)
      .option('--cpus <number>', create.cpus)
      .option('--soul <file>', create.soul)
      .option('--memory-file <file>', create.memoryFile)
      .option('--instructions <file>', create.instructions)
      .option('--model <provider/name>', create.model)
      .option('--model-base-url <url>', create.modelBaseUrl)
      .option('--model-key-file <file>', create.modelKeyFile)
      .option('--force', create.force),
  )
    .addHelpText('after', texts.create.examples)
    .action((ref: string, options: CreateOptions) =>
      run(async (context) => (await import('../commands/create.ts')).create(context, ref, options)),
    );

  program
    .command('list')
    .alias('ls')
    .description(texts.list.summary)
    .option('--tenant <tenant>', texts.list.options.tenant)
    .option('--deleted', texts.list.options.deleted)
    .option('--watch', texts.list.options.watch)
    .action((options: ListOptions) =>
      run(async (context) => (await import('../commands/list.ts')).list(context, options)),
    );

  waitable(program.command('status').description(texts.status.summary).argument('<agent>', args.agent)).action(
    (ref: string, options: StatusOptions) =>
      run(async (context) => (await import('../commands/status.ts')).status(context, ref, options)),
  );

  program
    .command('logs')
    .description(texts.logs.summary)
    .argument('<agent>', args.agent)
    .option('-f, --follow', texts.logs.options.follow)
    .option('-n, --tail <lines>', texts.logs.options.tail, wholeNumber(0, 10_000), 100)
    .action((ref: string, options: LogsOptions) =>
      run(async (context) => (await import('../commands/logs.ts')).logs(context, ref, options)),
    );

  program
    .command('events')
    .description(texts.events.summary)
    .argument('<agent>', args.agent)
    .action((ref: string) => run(async (context) => (await import('../commands/events.ts')).events(context, ref)));

  program
    .command('sla')
    .description(texts.sla.summary)
    .option('--month <month>', texts.sla.options.month)
    .option('--tenant <tenant>', texts.sla.options.tenant)
    .option('--tz <zone>', texts.sla.options.tz)
    .addHelpText('after', texts.sla.examples)
    .action((options: SlaOptions) =>
      run(async (context) => (await import('../commands/sla.ts')).sla(context, options)),
    );

  program
    .command('open')
    .description(texts.open.summary)
    .argument('<agent>', args.agent)
    .option('--no-browser', texts.open.options.noBrowser)
    .action((ref: string, options: OpenOptions) =>
      run(async (context) => (await import('../commands/open.ts')).open(context, ref, options)),
    );

  program
    .command('chat')
    .description(texts.chat.summary)
    .argument('<agent>', args.agent)
    .argument('[message...]', args.message)
    .option('--session <name>', texts.chat.options.session)
    .option('--timeout <seconds>', texts.chat.options.timeout, wholeNumber(1, 300), 120)
    .addHelpText('after', texts.chat.examples)
    .action((ref: string, words: string[], options: ChatOptions) =>
      run(async (context) => (await import('../commands/chat.ts')).chat(context, ref, words, options)),
    );

  for (const verb of ['stop', 'start', 'restart', 'undelete'] as const) {
    waitable(program.command(verb).description(texts[verb].summary).argument('<agent>', args.agent)).action(
      (ref: string, options: WaitOptions) =>
        run(async (context) => (await import('../commands/lifecycle.ts'))[verb](context, ref, options)),
    );
  }

  waitable(
    program
      .command('delete')
      .alias('rm')
      .description(texts.delete.summary)
      .argument('<agent>', args.agent)
      .option('-y, --yes', texts.delete.options.yes)
      .option('--purge', texts.delete.options.purge),
  ).action((ref: string, options: DeleteOptions) =>
    run(async (context) => (await import('../commands/lifecycle.ts')).remove(context, ref, options)),
  );

  const model = program.command('model').description(texts.model.summary);
  const set = texts['model set'];
  waitable(
    model
      .command('set')
      .description(set.summary)
      .argument('<agent>', args.agent)
      .argument('<provider/name>', args.model)
      .option('--key-file <file>', set.options.keyFile)
      .option('--base-url <url>', set.options.baseUrl),
  ).action((ref: string, name: string, options: ModelSetOptions) =>
    run(async (context) => (await import('../commands/model.ts')).modelSet(context, ref, name, options)),
  );
  model
    .command('show')
    .description(texts['model show'].summary)
    .argument('<agent>', args.agent)
    .action((ref: string) => run(async (context) => (await import('../commands/model.ts')).modelShow(context, ref)));
}
