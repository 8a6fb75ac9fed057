import { CommanderError } from 'commander';
import type { Context, Flags, Format } from './context.ts';
import { type Io, write } from './io.ts';
import { chooseLanguage, loadMessages } from './language.ts';
import { buildProgram } from './program/build-program.ts';

const interruptedExit = 130;

/** One run of the command line: arguments in, exit code out. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const early = glance(argv);
  const language = chooseLanguage(early.language, io.env);
  const t = await loadMessages(language);
  const contextWith = (flags: Flags): Context => ({ io, t, language, flags });
  let exitCode = 0;
  const program = buildProgram({
    io,
    t,
    displayWidth: language === 'zh' ? (await import('./output/table.ts')).widthOf : (text) => text.length,
    run: async (action) => {
      exitCode = await action(contextWith(program.opts<Flags>()));
    },
  });
  if (argv[0] === 'complete' && argv[1] === '--') {
    const { complete } = await import('./completion.ts');
    return complete(contextWith({ output: 'table', quiet: true }), program, argv.slice(2));
  }
  if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
    const { cliVersion } = await import('./version.ts');
    await write(io.stdout, `${cliVersion}\n`);
    return 0;
  }
  if (argv.length === 0) {
    program.outputHelp();
    return 0;
  }
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    if (io.interrupted.aborted) {
      await write(io.stderr, `\n${t.errors.interrupted}\n`);
      return interruptedExit;
    }
    const { reportError } = await import('./error-report.ts');
    const { usageError } = await import('./usage-error.ts');
    const command = commandName(argv, program.commands);
    const reported = error instanceof CommanderError ? usageError(error, t, command) : error;
    return reportError(reported, { io, t, format: early.format, command });
  }
}

/** What must be known before the command line was understood: in which language and form to say that it was not. */
function glance(argv: readonly string[]): { readonly language: string | undefined; readonly format: Format } {
  const end = argv.indexOf('--');
  const words = end === -1 ? argv : argv.slice(0, end);
  const valueOf = (...names: string[]) => {
    const at = words.findIndex((word) => names.includes(word));
    if (at !== -1) return words[at + 1];
    return words.find((word) => names.some((name) => word.startsWith(`${name}=`)))?.split('=')[1];
  };
  const format = words.includes('--json') || words.includes('-ojson') ? 'json' : (valueOf('-o', '--output') ?? 'table');
  return { language: valueOf('--lang'), format: format === 'json' || format === 'yaml' ? format : 'table' };
}

interface Named {
  name(): string;
  aliases(): readonly string[];
  readonly commands: readonly Named[];
}

/** `create`, `model set`: the words of the command line that name a command. */
function commandName(argv: readonly string[], commands: readonly Named[]): string {
  const found = argv
    .map((word) => commands.find((command) => command.name() === word || command.aliases().includes(word)))
    .find((command) => command !== undefined);
  if (!found) return '';
  const rest = commandName(
    argv.slice(argv.findIndex((word) => word === found.name() || found.aliases().includes(word)) + 1),
    found.commands,
  );
  return `${found.name()} ${rest}`.trim();
}
