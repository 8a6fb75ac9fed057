import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { once } from 'node:events';
import {
  AgentList,
  type AgentView,
  AppError,
  LogIn,
  Me,
  SetupRequest,
  SetupState,
  SystemView,
  toProblem,
  WatchMessage,
} from '@agentpod/core';

const cookieName = 'agentpod-console';
const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};
/** At least as strict as the real server's. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/** The HTTP API as the dashboard sees it, played from memory, with the built dashboard beside it. Speaks the wire contract. */
export class StubServer {
  readonly setupToken = 'one-time';
  account: { username: string; password: string } | undefined = { username: 'ming', password: 'correct horse' };
  agents: AgentView[] = [];
  /** Answers nothing at all, and has no open stream. */
  isDown = false;
  readonly handedOver: string[] = [];
  readonly #dist: string;
  readonly #sessions = new Set<string>();
  readonly #watchers = new Set<ServerResponse>();
  readonly #server: Server;

  constructor(dist: string) {
    this.#dist = dist;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        problem(response, error instanceof AppError ? error : new AppError('bug', 'Bug', String(error)));
      });
    });
  }

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  get origin(): string {
    const address = this.#server.address();
    return `http://console.localhost:${typeof address === 'object' && address !== null ? address.port : 0}`;
  }

  get watchers(): number {
    return this.#watchers.size;
  }

  /** The value of a session cookie, as after a log-in. */
  openSession(): { name: string; value: string } {
    const value = crypto.randomUUID();
    this.#sessions.add(value);
    return { name: cookieName, value };
  }

  reset(): void {
    this.account = { username: 'ming', password: 'correct horse' };
    this.agents = [];
    this.isDown = false;
    this.handedOver.length = 0;
    this.#sessions.clear();
    this.cutStreams();
  }

  cutStreams(): void {
    for (const watcher of this.#watchers) watcher.destroy();
    this.#watchers.clear();
  }

  /** Changes or adds an agent and tells everybody who watches. */
  change(agent: AgentView): void {
    this.agents = [...this.agents.filter(({ id }) => id !== agent.id), agent];
    this.#tell({ type: 'agent', agent });
  }

  remove(id: string): void {
    this.agents = this.agents.filter((agent) => agent.id !== id);
    this.#tell({ type: 'gone', id });
  }

  #tell(message: WatchMessage): void {
    for (const watcher of this.#watchers) watcher.write(event(message));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, search } = new URL(request.url ?? '/', 'http://stub');
    if (this.isDown && pathname.startsWith('/v1/')) return void request.socket.destroy();
    const session = new RegExp(`${cookieName}=([^;]+)`).exec(request.headers.cookie ?? '')?.[1];
    const me = Me.parse({ id: 'u1', username: this.account?.username ?? 'nobody', via: 'session' });

    switch (`${request.method} ${pathname}`) {
      case 'GET /v1/setup':
        return json(response, SetupState.parse({ done: this.account !== undefined }));
      case 'POST /v1/setup': {
        const { token, username, password } = SetupRequest.parse(await body(request));
        if (token !== this.setupToken) throw new AppError('forbidden', 'InvalidSetupLink', 'this link is not valid');
        this.account = { username, password };
        this.#giveSession(response);
        return json(response, { ...me, username });
      }
      case 'POST /v1/session': {
        const { username, password } = LogIn.parse(await body(request));
        if (username !== this.account?.username || password !== this.account.password) {
          throw new AppError('unauthorized', 'WrongPassword', 'the name or the password is wrong');
        }
        this.#giveSession(response);
        return json(response, me);
      }
      case 'DELETE /v1/session':
        this.#sessions.delete(session ?? '');
        return void response.writeHead(204).end();
    }
    if (pathname === '/handover') {
      this.handedOver.push(pathname + search);
      return void response.writeHead(200, { 'content-type': 'text/plain' }).end('handed over');
    }
    if (!pathname.startsWith('/v1/')) return this.#file(pathname, response);
    if (!this.#sessions.has(session ?? '')) throw new AppError('unauthorized', 'NotLoggedIn', 'you are not logged in');
    switch (pathname) {
      case '/v1/session':
        return json(response, me);
      case '/v1/system':
        return json(response, SystemView.parse(system));
      case '/v1/agents':
        return json(response, AgentList.parse({ items: this.agents }));
      case '/v1/watch':
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(': agentpod\n\n');
        for (const agent of this.agents) response.write(event({ type: 'agent', agent }));
        this.#watchers.add(response);
        response.once('close', () => this.#watchers.delete(response));
        return;
      default:
        throw new AppError('not-found', 'NoSuchRoute', 'nothing is at this address');
    }
  }

  #giveSession(response: ServerResponse): void {
    const { name, value } = this.openSession();
    response.setHeader('set-cookie', `${name}=${value}; HttpOnly; SameSite=Lax; Path=/`);
  }

  async #file(pathname: string, response: ServerResponse): Promise<void> {
    const path = extname(pathname) === '' ? '/index.html' : pathname;
    const content = await readFile(join(this.#dist, path)).catch(() => undefined);
    if (!content) throw new AppError('not-found', 'NoSuchRoute', path);
    const type = types[extname(path)] ?? 'application/octet-stream';
    response.writeHead(200, { 'content-type': type, 'content-security-policy': policy }).end(content);
  }
}

const system: SystemView = {
  version: '0.1.0',
  mode: 'local',
  baseDomain: 'localhost',
  consoleUrl: 'http://console.localhost',
  memoryBytes: 4 * 2 ** 30,
  cpus: 2,
  agents: 0,
};

function event(message: WatchMessage): string {
  return `data: ${JSON.stringify(WatchMessage.parse(message))}\n\n`;
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

function problem(response: ServerResponse, error: AppError): void {
  const answer = toProblem(error);
  response.writeHead(answer.status, { 'content-type': 'application/problem+json' }).end(JSON.stringify(answer));
}

async function body(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return JSON.parse(text);
}
