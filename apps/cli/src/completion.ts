import { RootCommand, script } from '@bomb.sh/tab';
import type { Argument, Command, Option } from 'commander';
import { connect } from './api/connect.ts';
import type { Context } from './context.ts';
import { write } from './io.ts';

/** A person waits with the finger on the Tab key. */
const patienceMs = 1_000;
const suggestedAgents = 200;

/** The only file that knows the completion library. */
export async function printCompletionScript({ io }: Context, shell: string): Promise<number> {
  await write(
    io.stdout,
    captured(() => script(shell, 'agentpod', 'agentpod')),
  );
  return 0;
}

/** Answers the shell's question what could come next. Never fails and never says anything else. */
export async function complete(context: Context, program: Command, words: readonly string[]): Promise<number> {
  const fileWanted = words.length > 1 && isFileOption(program, words.at(-2) ?? '');
  // `:0` lets the shell complete files, which the library itself never does.
  const answer = fileWanted ? ':0\n' : await suggestions(context, program, words);
  await write(context.io.stdout, answer);
  return 0;
}

async function suggestions(context: Context, program: Command, words: readonly string[]): Promise<string> {
  const { modelProviders } = await import('@agentpod/core');
  const agents = words.length > 1 ? await agentNames(context) : [];
  const values = (argument: Argument): readonly string[] => {
    if (argument.argChoices) return argument.argChoices;
    if (argument.name() === 'agent') return agents;
    if (argument.name() === 'provider/name')
      return modelProviders.map(({ name, exampleModel }) => `${name}/${exampleModel}`);
    return [];
  };
  const root = new RootCommand();
  const describe = (command: Command, path: string) => {
    const target = path === '' ? root : root.command(path, command.description());
    for (const option of [...command.options, ...(path === '' ? [] : program.options)]) addOption(target, option);
    // `create` names an agent that is not there yet.
    for (const argument of path === 'create' ? [] : command.registeredArguments) {
      target.argument(
        argument.name(),
        (suggest) => values(argument).forEach((value) => suggest(value, '')),
        argument.variadic,
      );
    }
    for (const child of command.commands) describe(child, `${path} ${child.name()}`.trim());
  };
  describe(program, '');
  return captured(() => root.parse([...words]));
}

function addOption(target: RootCommand | ReturnType<RootCommand['command']>, option: Option): void {
  const name = option.long?.slice(2);
  if (name === undefined) return;
  const short = option.short?.slice(1);
  if (option.isBoolean() || option.negate) target.option(name, option.description, short);
  else
    target.option(
      name,
      option.description,
      (suggest) => option.argChoices?.forEach((choice) => suggest(choice, '')),
      short,
    );
}

async function agentNames(context: Context): Promise<string[]> {
  try {
    const client = await connect(context, AbortSignal.timeout(patienceMs));
    const { items } = await client.listAgents({ limit: suggestedAgents });
    return items.map(({ ref }) => ref);
  } catch {
    // No server, no token, too slow: nothing to suggest, and a message would land in the command line.
    return [];
  }
}

function isFileOption(program: Command, word: string): boolean {
  const all = (command: Command): readonly Option[] => [...command.options, ...command.commands.flatMap(all)];
  return all(program).some((option) => option.long === word && /<(file|dir)>/.test(option.flags));
}

/** The library writes to the console; both calls are synchronous, so nothing else can get in between. */
function captured(speak: () => void): string {
  const lines: string[] = [];
  const original = console.log;
  console.log = (line: string) => void lines.push(line);
  try {
    speak();
  } finally {
    console.log = original;
  }
  return `${lines.join('\n')}\n`;
}
