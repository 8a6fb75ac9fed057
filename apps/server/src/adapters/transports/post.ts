import type { LookupFunction } from 'node:net';
import { AppError } from '@agentpod/core';
import type { Agent, Dispatcher } from 'undici';
import { checkedAddresses, codeOf, hostOf } from './checked-addresses.ts';
import type { Address, Network } from './network.ts';

export interface Post {
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
  readonly allowPrivate: boolean;
  /** Certificate authority of the receiver, PEM, beside the usual ones. */
  readonly ca?: string | undefined;
  /** Whether the verdict is in the body. If not, the status line is the answer, however the body goes on. */
  readonly needsBody: boolean;
}

export interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  /** At most 64 kB. */
  readonly body: string;
}

const longestBody = 64 * 1024;

/**
 * One request to an address that an operator entered. It goes only to addresses that were checked, follows no
 * redirect, and ends in time. Errors name host and failure, never path or query: tokens live there.
 */
export async function post(request: Post, network: Network, signal: AbortSignal): Promise<Answer> {
  const timeout = AbortSignal.timeout(network.timeoutMs);
  const either = AbortSignal.any([signal, timeout]);
  const host = hostOf(request.url);
  let agent: Agent | undefined;
  try {
    const addresses = await untilAborted(checkedAddresses(host, request.allowPrivate, network), either);
    agent = await pinnedAgent(addresses, request, network);
    return await exchange(request, agent, either);
  } catch (error) {
    if (error instanceof AppError) throw error;
    // Without `cause`: what a library attaches to its errors may hold the request.
    if (signal.aborted) throw new AppError('unavailable', 'DeliveryStopped', 'The delivery was stopped');
    if (timeout.aborted) {
      const seconds = network.timeoutMs / 1000;
      throw new AppError('unavailable', 'ReceiverTooSlow', `${host} did not answer within ${seconds} seconds`);
    }
    throw new AppError('unavailable', 'ReceiverUnreachable', `${host} cannot be reached (${describe(error)})`);
  } finally {
    // Closing politely would wait for an answer that may never end.
    await agent?.destroy();
  }
}

async function pinnedAgent(addresses: readonly Address[], { ca }: Post, network: Network): Promise<Agent> {
  // Not before somebody wants to be told: it takes 13 MB of memory.
  const { Agent } = await import('undici');
  const lookup: LookupFunction = (_host, { all }, callback) => {
    const [first] = addresses;
    if (all) callback(null, [...addresses]);
    else callback(null, first?.address ?? '', first?.family);
  };
  return new Agent({
    connect: { lookup, timeout: network.timeoutMs, ...(ca !== undefined && { ca }) },
    allowH2: false,
    pipelining: 1,
  });
}

async function exchange(request: Post, agent: Agent, signal: AbortSignal): Promise<Answer> {
  const { statusCode, headers, body } = await agent.request({
    origin: request.url.origin,
    path: `${request.url.pathname}${request.url.search}`,
    method: 'POST',
    headers: { 'content-type': 'application/json; charset=utf-8', 'user-agent': 'AgentPod', ...request.headers },
    body: request.body,
    signal,
  });
  const retryAfter = headers['retry-after'];
  return {
    status: statusCode,
    retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined,
    body: await read(body, request.needsBody),
  };
}

async function read(body: Dispatcher.ResponseData['body'], needed: boolean): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > longestBody) {
        if (needed) throw new AppError('unavailable', 'AnswerTooLong', 'The answer is longer than 64 kB');
        break;
      }
      chunks.push(chunk);
    }
  } catch (error) {
    if (needed) throw error;
  }
  return Buffer.concat(chunks).toString();
}

/** DNS cannot be cancelled, but nobody has to wait for it. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

const certificateTrouble: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate comes from an unknown authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate comes from an unknown authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate comes from an unknown authority',
};

function describe(error: unknown): string {
  const code = codeOf(error);
  return certificateTrouble[code] ?? code;
}
