import { type Command, Argument, Option } from 'commander';
import type { ImageBuildOptions } from '../commands/image-build.ts';
import type { UpOptions } from '../commands/up.ts';
import type { OrphansOptions } from '../commands/orphans.ts';
import type { Run } from '../context.ts';
import type { Messages } from '../messages/zh.ts';

/** Verbs about the control plane itself and the way to it. */
export function addHostCommands(program: Command, help: Messages['help'], run: Run): void {
  const { commands: texts, args } = help;
  const up = texts.up.options;
  program
    .command('up')
    .description(texts.up.summary)
    .option('--data-dir <dir>', up.dataDir)
    .addOption(new Option('--mode <mode>', up.mode).choices(['local', 'domain']))
    .option('--base-domain <domain>', up.baseDomain)
    .option('--console-host <host>', up.consoleHost)
    .option('--email <address>', up.email)
    .option('--http-port <port>', up.httpPort)
    .option('--https-port <port>', up.httpsPort)
    .option('--supernet <cidr>', up.supernet)
    .option('--listen <address:port>', up.listen)
    .option('-y, --yes', up.yes)
    .addHelpText('after', texts.up.examples)
    .action((options: UpOptions) => run(async (context) => (await import('../commands/up.ts')).up(context, options)));

  program
    .command('down')
    .description(texts.down.summary)
    .action(() => run(async (context) => (await import('../commands/down.ts')).down(context)));

  program
    .command('doctor')
    .description(texts.doctor.summary)
    .action(() => run(async (context) => (await import('../commands/doctor.ts')).doctor(context)));

  program
    .command('orphans')
    .description(texts.orphans.summary)
    .option('--remove', texts.orphans.options.remove)
    .option('-y, --yes', texts.orphans.options.yes)
    .action((options: OrphansOptions) =>
      run(async (context) => (await import('../commands/orphans.ts')).orphans(context, options)),
    );

  program
    .command('setup-link')
    .description(texts['setup-link'].summary)
    .action(() => run(async (context) => (await import('../commands/setup-link.ts')).setupLink(context)));

  const token = program.command('token').description(texts.token.summary);
  token
    .command('create')
    .description(texts['token create'].summary)
    .argument('<name>', args.tokenName)
    .action((name: string) =>
      run(async (context) => (await import('../commands/token.ts')).tokenCreate(context, name)),
    );
  token
    .command('list')
    .alias('ls')
    .description(texts['token list'].summary)
    .action(() => run(async (context) => (await import('../commands/token.ts')).tokenList(context)));
  token
    .command('revoke')
    .description(texts['token revoke'].summary)
    .argument('<id>', args.tokenId)
    .action((id: string) => run(async (context) => (await import('../commands/token.ts')).tokenRevoke(context, id)));

  const image = program.command('image').description(texts.image.summary);
  image
    .command('build')
    .description(texts['image build'].summary)
    .argument('<type>', args.type)
    .argument('[version]', args.version)
    .option('--force', texts['image build'].options.force)
    .action((type: string, version: string | undefined, options: ImageBuildOptions) =>
      run(async (context) => (await import('../commands/image-build.ts')).imageBuild(context, type, version, options)),
    );

  program
    .command('completion')
    .description(texts.completion.summary)
    .addArgument(new Argument('<shell>', args.shell).choices(['bash', 'zsh', 'fish']))
    .addHelpText('after', texts.completion.examples)
    .action((shell: string) =>
      run(async (context) => (await import('../completion.ts')).printCompletionScript(context, shell)),
    );

  program
    .command('version')
    .description(texts.version.summary)
    .action(() => run(async (context) => (await import('../commands/version.ts')).version(context)));
}
