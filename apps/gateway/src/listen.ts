import { once } from 'node:events';
import type { Server } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Endpoint } from './config.ts';

const retryMs = 1000;

/**
 * Listens as soon as the address is there and free: the bridge that carries it is made by the control plane, maybe long
 * after this process started. Resolves then, or when `signal` is aborted.
 */
export async function listenWhenPossible(
  server: Server,
  { endpoint, log, signal }: { endpoint: Endpoint; log: Logger; signal: AbortSignal },
): Promise<void> {
  let outage: string | undefined;
  while (!signal.aborted) {
    try {
      server.listen({ host: endpoint.address, port: endpoint.port });
      await once(server, 'listening');
      log.info({ address: endpoint.address, port: endpoint.port }, 'model traffic is served');
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (outage !== code) log.warn({ ...endpoint, code }, 'model traffic cannot be served yet');
      outage = code;
      // Ends early when the gateway is stopped, which the loop sees for itself.
      await setTimeout(retryMs, undefined, { signal }).catch(() => undefined);
    }
  }
}
