import { type Client, createClient } from '@agentpod/core';
import type { Context } from '../context.ts';
import { warn } from '../output/print.ts';
import { findToken, isLoopback, serverUrl } from './credentials.ts';
import { createHttpCall } from './http-call.ts';

/** The typed client of the server that this command speaks to. Makes no call yet; `giveUp` ends all it makes. */
export async function connect(context: Context, giveUp = context.io.interrupted): Promise<Client> {
  const url = serverUrl(context);
  const token = await findToken(context, url);
  if (token !== undefined && url.protocol === 'http:' && !isLoopback(url)) {
    await warn(context, context.t.errors.tokenInClear(url.host));
  }
  return clientFor(context, { url, token, giveUp });
}

export interface Connection {
  readonly url: URL;
  readonly token: string | undefined;
  readonly giveUp: AbortSignal;
}

export function clientFor({ t }: Context, { url, token, giveUp }: Connection): Client {
  return createClient(createHttpCall({ baseUrl: url.origin, token, interrupted: giveUp, t }));
}
