import { Command, Option } from 'commander';
import type { Io } from '../io.ts';
import type { Messages } from '../messages/zh.ts';
import type { Flags, Run } from '../context.ts';
import { addAgentCommands } from './agent-commands.ts';
import { addAlertCommands } from './alert-commands.ts';
import { addConfigCommands } from './config-commands.ts';
import { addHostCommands } from './host-commands.ts';

/** The whole command line. Parsing throws `CommanderError`; nothing here ends the process or writes past `io`. */
export function buildProgram({
  io,
  t,
  run,
  displayWidth,
}: {
  readonly io: Io;
  readonly t: Messages;
  readonly run: Run;
  /** How many columns a text takes; only Chinese needs to be measured. */
  readonly displayWidth: (text: string) => number;
}): Command {
  const { titles, globals } = t.help;
  const program = new Command('agentpod')
    .description(t.help.description)
    .usage(titles.usage)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      // Reported where every other failure is reported.
      outputError: () => undefined,
      getOutHelpWidth: () => io.stdout.columns ?? 100,
      // Help is plain, and asking the terminal costs time.
      getOutHasColors: () => false,
      getErrHasColors: () => false,
      getErrHelpWidth: () => io.stderr.columns ?? 100,
    })
    .configureHelp({
      showGlobalOptions: true,
      displayWidth,
      styleTitle: (title) => titles.of[title] ?? title,
      optionDescription: (option) => describe(option.description, option.argChoices, shownDefault(option), t),
      argumentDescription: (argument) => describe(argument.description, argument.argChoices, undefined, t),
    })
    .helpOption('-h, --help', globals.help)
    .helpCommand('help [command]', globals.helpCommand)
    .addOption(
      new Option('-o, --output <format>', globals.output).choices(['table', 'json', 'yaml', 'csv']).default('table'),
    )
    .addOption(new Option('--json', globals.json).implies({ output: 'json' }))
    .option('--url <url>', globals.url)
    .option('--token <token>', globals.token)
    .addOption(new Option('--lang <language>', globals.lang).choices(['zh', 'en']))
    .option('-q, --quiet', globals.quiet);
  program.hook('preAction', (_, command) => {
    if (program.opts<Flags>().output !== 'csv' || command.name() === 'sla') return;
    command.error("option '-o, --output <format>' argument 'csv' is invalid", { code: 'commander.invalidArgument' });
  });
  program.commandsGroup(titles.agents);
  addAgentCommands(program, t.help, run);
  addConfigCommands(program, t.help, run);
  program.commandsGroup(titles.alerts);
  addAlertCommands(program, t.help, run);
  program.commandsGroup(titles.host);
  addHostCommands(program, t.help, run);
  return program;
}

function shownDefault({ defaultValue }: Option): string | undefined {
  return typeof defaultValue === 'string' || typeof defaultValue === 'number' ? String(defaultValue) : undefined;
}

/** Commander's own words for choices and defaults are English. */
function describe(
  text: string,
  choices: readonly string[] | undefined,
  initial: string | undefined,
  t: Messages,
): string {
  const { titles } = t.help;
  const extra = [
    ...(choices ? [titles.choices(choices.join(', '))] : []),
    ...(initial === undefined ? [] : [titles.default(initial)]),
  ];
  return extra.length === 0 ? text : `${text} (${extra.join('; ')})`;
}
