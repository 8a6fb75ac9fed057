import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { AppError, plainText } from '@agentpod/core';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { TrafficLimit } from './traffic-limit.ts';

/** The agent is untrusted code: every limit below is what it may cost us at most. */
const longestFrame = 1024 ** 2;
const helloTimeoutMs = 8000;
const closeTimeoutMs = 1000;

const Event = z.object({ type: z.literal('event'), event: z.string() });
const Response = z.object({
  type: z.literal('res'),
  id: z.string(),
  ok: z.boolean(),
  payload: z.unknown().optional(),
  error: z.object({ code: z.string().optional(), message: z.string().optional() }).optional(),
});
/** A busy agent tells of every step of every reply, to whoever may hear it. Nobody here does. */
const beginningOfEvent = Buffer.from('{"type":"event"');
/** Kinds of frame that a later protocol adds are passed over. */
const Frame = z.union([Event, Response, z.object({ type: z.string() }).transform(() => ({ type: 'other' as const }))]);

const Hello = z.object({
  type: z.literal('hello-ok'),
  server: z.object({ version: z.string().optional() }).optional(),
  auth: z.object({ scopes: z.array(z.string()) }),
});

export interface RpcTarget {
  /** `ws://…` or `wss://…`; over TLS the certificate must be valid for its host. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What is asked for; what was granted stands in `OpenClawRpc.scopes`. */
  readonly scopes: readonly string[];
  /** Where the connection goes, whatever the name in `url` resolves to. */
  readonly connectTo?: { readonly address: string; readonly port: number };
}

interface Pending {
  readonly method: string;
  readonly resolve: (payload: unknown) => void;
  readonly reject: (error: AppError) => void;
}

/** One authenticated connection to the gateway inside an OpenClaw container (its WebSocket protocol 4). */
export class OpenClawRpc {
  readonly #socket: WebSocket;
  readonly #pending = new Map<string, Pending>();
  readonly #greeting = Promise.withResolvers<void>();
  #ended: AppError | undefined;
  readonly #over = Promise.withResolvers<string>();
  readonly #now: () => number;
  readonly #limit: TrafficLimit;
  #greeted = false;
  #nextId = 1;
  #lastFrameAt: number;
  scopes: ReadonlySet<string> = new Set();
  /** As the agent says; `undefined` when it does not. */
  version: string | undefined;

  private constructor(target: RpcTarget, now: () => number) {
    const { connectTo } = target;
    this.#now = now;
    this.#lastFrameAt = now();
    this.#limit = new TrafficLimit(now);
    this.#socket = new WebSocket(target.url, {
      headers: { ...target.headers },
      maxPayload: longestFrame,
      perMessageDeflate: false,
      followRedirects: false,
      handshakeTimeout: helloTimeoutMs,
      ...(connectTo && { createConnection: connectionTo(new URL(target.url), connectTo) }),
    });
    this.#socket.on('message', (data: Buffer) => this.#receive(data));
    this.#socket.on('ping', () => this.#cameIn());
    // Counted as they come in: a frame that never ends is no message. Not before it is open, or the first would be lost.
    this.#socket.on('upgrade', ({ socket }) => {
      this.#socket.once('open', () => socket.on('data', ({ length: bytes }: Buffer) => this.#admit({ bytes })));
    });
    this.#socket.on('close', (code, reason) => this.#end(closed(code, reason.toString())));
    this.#socket.on('error', (cause) => this.#end(unreachable(cause)));
    this.#socket.on('unexpected-response', (request, response) => {
      this.#end(
        new AppError(
          'unavailable',
          'AgentRefused',
          `the answer to the WebSocket handshake is HTTP ${response.statusCode}`,
        ),
      );
      request.destroy();
    });
  }

  /** Resolves after the agent's hello. Throws `unavailable` (`AgentUnreachable`, `AgentRefused`, `AgentTimeout`, `RpcRefused`). */
  static async open(target: RpcTarget, signal: AbortSignal, now: () => number = Date.now): Promise<OpenClawRpc> {
    const rpc = new OpenClawRpc(target, now);
    try {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(helloTimeoutMs)]);
      await rpc.#greet(limit);
      const answer = await rpc.request('connect', connectParams(target.scopes), limit);
      const hello = Hello.safeParse(answer);
      if (!hello.success)
        throw new AppError('unavailable', 'AgentRefused', 'the agent answers, but not with its hello');
      rpc.scopes = new Set(hello.data.auth.scopes);
      rpc.version = hello.data.server?.version;
      return rpc;
    } catch (error) {
      rpc.#socket.terminate();
      throw error;
    }
  }

  /**
   * Asks and waits for the answer until `signal`. Throws `unavailable`: `RpcRefused` with the agent's own words,
   * `AgentTimeout`, or why the connection ended.
   */
  async request(method: string, params: unknown, signal: AbortSignal): Promise<unknown> {
    if (this.#ended) throw this.#ended;
    const id = String(this.#nextId++);
    return await until(signal, `the agent did not answer "${method}" in time`, (resolve, reject) => {
      this.#pending.set(id, { method, resolve, reject });
      this.#send(id, method, params);
    }).finally(() => this.#pending.delete(id));
  }

  /** Asks without waiting: for what is only worth trying. */
  notify(method: string, params: unknown): void {
    if (!this.#ended) this.#send(String(this.#nextId++), method, params);
  }

  /** Milliseconds since 1970 of the last frame that came in, whatever it said. */
  get lastFrameAt(): number {
    return this.#lastFrameAt;
  }

  /** Resolves when the connection ended, with the reason. */
  get ended(): Promise<string> {
    return this.#over.promise;
  }

  close(): void {
    this.#end(new AppError('unavailable', 'AgentClosed', 'the connection was closed'));
    this.#socket.close();
    // An agent that does not answer the closing handshake keeps nothing open.
    setTimeout(() => this.#socket.terminate(), closeTimeoutMs).unref();
  }

  async #greet(signal: AbortSignal): Promise<void> {
    await until<void>(signal, 'the agent did not say hello in time', (resolve, reject) => {
      this.#greeting.promise.then(resolve, reject);
    });
  }

  #send(id: string, method: string, params: unknown): void {
    this.#socket.send(JSON.stringify({ type: 'req', id, method, params }));
  }

  #admit(came: Parameters<TrafficLimit['admit']>[0]): boolean {
    if (this.#limit.admit(came)) return true;
    this.#end(new AppError('unavailable', 'AgentRefused', 'the agent sends without end'));
    this.#socket.terminate();
    return false;
  }

  #cameIn(): boolean {
    this.#lastFrameAt = this.#now();
    return this.#admit({ frames: 1 });
  }

  #receive(data: Buffer): void {
    if (!this.#cameIn()) return;
    if (this.#greeted && data.subarray(0, beginningOfEvent.length).equals(beginningOfEvent)) return;
    const frame = parseFrame(data);
    if (!frame) {
      this.#socket.terminate();
      return this.#end(
        new AppError('unavailable', 'AgentRefused', 'the agent answers in another language than OpenClaw'),
      );
    }
    if (frame.type === 'event') {
      if (frame.event !== 'connect.challenge') return;
      this.#greeted = true;
      return this.#greeting.resolve();
    }
    if (frame.type !== 'res') return;
    const asked = this.#pending.get(frame.id);
    if (!asked) return;
    if (frame.ok) return asked.resolve(frame.payload);
    const words = plainText(frame.error?.message ?? frame.error?.code ?? 'no reason given', 500);
    asked.reject(new AppError('unavailable', 'RpcRefused', `the agent refuses "${asked.method}": ${words}`));
  }

  #end(error: AppError): void {
    this.#ended ??= error;
    this.#over.resolve(this.#ended.message);
    this.#greeting.reject(this.#ended);
    for (const { reject } of this.#pending.values()) reject(this.#ended);
    this.#pending.clear();
  }
}

/** As the control plane (`gateway-client`, `backend`): no device key, or the agent would ask for a pairing. */
function connectParams(scopes: readonly string[]): unknown {
  return {
    minProtocol: 4,
    maxProtocol: 4,
    client: { id: 'gateway-client', version: '1.0.0', platform: 'linux', mode: 'backend' },
    role: 'operator',
    scopes,
    caps: [],
    auth: {},
    locale: 'en-US',
    userAgent: 'agentpod',
  };
}

function parseFrame(data: Buffer): z.infer<typeof Frame> | undefined {
  try {
    return Frame.safeParse(JSON.parse(data.toString())).data;
  } catch {
    // No JSON: the same as JSON of another shape.
    return undefined;
  }
}

function connectionTo(url: URL, { address, port }: { address: string; port: number }) {
  const tls = url.protocol === 'wss:';
  return () =>
    tls ? connectTls({ host: address, port, servername: url.hostname }) : connectTcp({ host: address, port });
}

async function until<T>(
  signal: AbortSignal,
  tooLate: string,
  start: (resolve: (value: T) => void, reject: (error: AppError) => void) => void,
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const expire = () => reject(new AppError('unavailable', 'AgentTimeout', tooLate));
  signal.addEventListener('abort', expire, { once: true });
  try {
    if (signal.aborted) expire();
    else start(resolve, reject);
    return await promise;
  } finally {
    signal.removeEventListener('abort', expire);
  }
}

function closed(code: number, reason: string): AppError {
  // No word of the agent's: it died, or `ws` gave it up for flooding with pings.
  if (code === 1006) return new AppError('unavailable', 'AgentUnreachable', 'the connection to the agent broke');
  const why = plainText(reason, 300);
  return new AppError('unavailable', 'AgentRefused', `the agent closed the connection (${code}${why && `: ${why}`})`);
}

function unreachable(cause: Error & { code?: string }): AppError {
  const why = cause.code === 'ECONNREFUSED' ? 'nothing listens there' : plainText(cause.message, 300);
  return new AppError('unavailable', 'AgentUnreachable', `no connection to the agent: ${why}`, { cause });
}
