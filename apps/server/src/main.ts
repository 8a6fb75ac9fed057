import { pino } from 'pino';
import { toAppError } from '@agentpod/core';
import { createServer } from './composition.ts';
import { readConfig } from './config.ts';
import { initialise } from './initialise.ts';

/**
 * `init` writes what the other processes need to start; `server` (the default) runs the control plane, and begins with
 * the same.
 */
async function main(command: string): Promise<void> {
  const config = readConfig(process.env);
  const log = pino({ level: config.logLevel, base: { process: 'server' } });
  const installation = await initialise(config);
  if (command === 'init') return;
  if (command !== 'server') {
    log.error({ command }, 'unknown command: use "server" or "init"');
    process.exitCode = 2;
    return;
  }
  const server = await createServer(config, installation, log);
  await server.start();

  const shutdown = (signal: string): void => {
    log.info({ signal }, 'stopping');
    server.stop().then(
      () => log.info('stopped'),
      (error: unknown) => {
        log.error({ err: error }, 'could not stop cleanly');
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', shutdown);
  process.once('SIGINT', shutdown);
}

main(process.argv[2] ?? 'server').catch((thrown: unknown) => {
  const error = toAppError(thrown);
  const remedy = error.remedy === undefined ? '' : ` ${error.remedy}`;
  process.stderr.write(`agentpod-server: ${error.field ? `${error.field}: ` : ''}${error.message}.${remedy}\n`);
  if (error.kind === 'bug') process.stderr.write(`${error.stack ?? ''}\n`);
  process.exit(1);
});
