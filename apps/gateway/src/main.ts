import { toAppError } from '@agentpod/core';
import { pino } from 'pino';
import { readConfig } from './config.ts';
import { startGateway } from './gateway.ts';

async function main(): Promise<void> {
  const config = readConfig(process.env);
  const log = pino({ level: config.logLevel, base: { process: 'gateway' } });
  const gateway = await startGateway({ config, log });

  const shutdown = (signal: string): void => {
    log.info({ signal }, 'stopping');
    gateway.stop().then(
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

main().catch((thrown: unknown) => {
  const error = toAppError(thrown);
  process.stderr.write(`agentpod-gateway: ${error.field ? `${error.field}: ` : ''}${error.message}\n`);
  if (error.kind === 'bug') process.stderr.write(`${error.stack ?? ''}\n`);
  process.exit(1);
});
