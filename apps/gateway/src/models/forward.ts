import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Dispatcher, errors } from 'undici';
import type { Agent } from '../snapshot/snapshot.ts';
import { type CallEnd, endOfAnswer, endOfFailure } from './call-end.ts';
import { ModelFailure } from './dialect.ts';
import { fromProvider, toProvider } from './model-headers.ts';
import type { ModelRoute } from './model-route.ts';
import { redactionOf } from './redaction.ts';
import { countedBody } from './request-body.ts';

export interface Call {
  readonly agent: Agent;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Aborted when the agent is gone. */
  readonly signal: AbortSignal;
  readonly bodyLimitBytes: number;
  /** Called once, unless the call failed for a reason that is not the provider's. */
  readonly ended: (end: CallEnd) => void;
}

/** Of an answer that failed: enough for the sentence that says why. */
const failureBytes = 8192;

/**
 * Passes a call on to the agent's provider and the answer back, both as they come. The body is not looked into (which
 * model an agent asks for is between its configuration and what the key allows), but a failure's beginning. Throws `ModelFailure` while nothing was
 * answered yet; a failure after that breaks the connection off, which is all that is left to say.
 */
export async function forward(pool: Dispatcher, route: ModelRoute, call: Call): Promise<void> {
  try {
    call.ended(await pass(pool, route, call));
  } catch (error) {
    const end = endOfFailure(error);
    if (end) call.ended(end);
    throw error;
  }
}

async function pass(pool: Dispatcher, route: ModelRoute, call: Call): Promise<CallEnd> {
  const { agent, request, response, signal } = call;
  const answer = await ask(pool, route, call);
  const { statusCode, headers, body } = answer;
  try {
    refuseStrange(statusCode, headers['content-encoding']);
  } catch (failure) {
    // An aborted body reports that it was; the failure is what there is to say.
    body.on('error', () => undefined).destroy();
    throw failure;
  }
  const redaction = redactionOf(agent.model.key);
  response.writeHead(statusCode, fromProvider(headers, redaction.text));
  // The head alone tells the agent that the provider took the call; the first token may be long in coming.
  response.flushHeaders();
  const failure = new Beginning(failureBytes);
  const listening = statusCode >= 400 ? [failure.stream] : [];
  await pipeline([body, ...redaction.stream(), ...listening, response], { signal });
  // The provider may have answered without hearing it all; what is still coming is for nobody.
  request.resume();
  return endOfAnswer(statusCode, failure.text, redaction.text);
}

/** Remembers how something begins that passes through. */
class Beginning {
  readonly stream: Transform;
  #kept = Buffer.alloc(0);

  constructor(mostBytes: number) {
    this.stream = new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        this.#kept = Buffer.concat([this.#kept, chunk.subarray(0, mostBytes - this.#kept.length)]);
        done(null, chunk);
      },
    });
  }

  get text(): string {
    return this.#kept.toString();
  }
}

async function ask(pool: Dispatcher, route: ModelRoute, call: Call): Promise<Dispatcher.ResponseData> {
  const { agent, request, signal, bodyLimitBytes } = call;
  if (agent.model.baseUrl === undefined) throw new ModelFailure('bad-upstream', 'the provider has no address');
  try {
    const url = new URL(agent.model.baseUrl.replace(/\/+$/, '') + route.path);
    url.search = /\?.*$/.exec(request.url ?? '')?.[0] ?? '';
    return await pool.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: 'POST',
      headers: toProvider(request.headers, agent),
      body: Readable.from(countedBody(request, bodyLimitBytes), { objectMode: false }),
      signal,
    });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof ModelFailure) throw error;
    throw new ModelFailure('bad-upstream', reasonOf(error), { cause: error });
  }
}

/** In our own words: the error's may name addresses and headers. */
function reasonOf(error: unknown): string {
  if (error instanceof errors.ConnectTimeoutError) return 'the model provider cannot be reached (time-out)';
  if (error instanceof errors.HeadersTimeoutError) return 'the model provider did not answer in time';
  if (error instanceof errors.HTTPParserError || error instanceof errors.HeadersOverflowError) {
    return 'the model provider does not speak HTTP as it should';
  }
  return 'the model provider cannot be reached';
}

/** Throws `bad-upstream` for what must not go on to an agent. */
function refuseStrange(status: number, encoding: string | string[] | undefined): void {
  // The agent would follow it, past the gateway.
  if (status < 200 || (status >= 300 && status < 400)) {
    throw new ModelFailure('bad-upstream', 'the model provider points elsewhere; its base URL may be wrong');
  }
  // A repeated key could not be seen in it.
  if (encoding !== undefined && encoding !== 'identity') {
    throw new ModelFailure('bad-upstream', 'the model provider answered in an encoding that it was asked not to use');
  }
}
