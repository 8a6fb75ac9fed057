import type { Command } from 'commander';
import type { ConfigChangeOptions } from '../commands/config.ts';
import type { Run } from '../context.ts';
import type { Messages } from '../messages/zh.ts';
import { wholeNumber } from './numbers.ts';

const daySeconds = 86_400;

/** `agentpod config …`: settings for experts, merged over what AgentPod renders. */
export function addConfigCommands(program: Command, help: Messages['help'], run: Run): void {
  const { commands: texts, args, waiting } = help;
  const config = program.command('config').description(texts.config.summary);
  const waitable = (command: Command) =>
    command
      .option('-w, --wait', waiting.wait)
      .option('--no-wait', waiting.noWait)
      .option('--timeout <seconds>', waiting.timeout, wholeNumber(1, daySeconds), 600);

  waitable(
    config
      .command('set')
      .description(texts['config set'].summary)
      .argument('<agent>', args.agent)
      .requiredOption('--file <file>', texts['config set'].options.file),
  )
    .addHelpText('after', texts['config set'].examples)
    .action((ref: string, options: ConfigChangeOptions & { file: string }) =>
      run(async (context) => (await import('../commands/config.ts')).configSet(context, ref, options)),
    );
  config
    .command('show')
    .description(texts['config show'].summary)
    .argument('<agent>', args.agent)
    .action((ref: string) => run(async (context) => (await import('../commands/config.ts')).configShow(context, ref)));
  waitable(config.command('unset').description(texts['config unset'].summary).argument('<agent>', args.agent)).action(
    (ref: string, options: ConfigChangeOptions) =>
      run(async (context) => (await import('../commands/config.ts')).configUnset(context, ref, options)),
  );
}
