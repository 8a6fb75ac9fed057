import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, type Client, gatewayBlock } from '@agentpod/core';
import { Program, until } from './processes.ts';

const root = new URL('../..', import.meta.url).pathname;
const node = join(root, 'node_modules/.bin/node');

export interface Ports {
  readonly api: number;
  readonly gateway: number;
  readonly model: number;
  readonly traefik: number;
  readonly http: number;
  readonly https: number;
}

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * The three real processes of an installation of its own: data directory, ports, supernet and engine labels are not
 * shared with any other installation on the machine.
 */
export class ControlPlane {
  readonly dataDir: string;
  readonly ports: Ports;
  readonly env: Record<string, string>;
  readonly supernet: string;
  readonly #programs = new Map<'server' | 'gateway' | 'traefik', Program>();

  readonly #programOf: (name: 'server' | 'gateway') => readonly string[];

  readonly dockerEnv: Record<string, string>;

  /** `bundled`: what ships, after `npm run build`, instead of the sources. `engine`: socket of another than the machine's. */
  constructor(options: { slot: number; env?: Record<string, string>; bundled?: boolean; engine?: string }) {
    const { slot, bundled = false, engine } = options;
    this.dockerEnv = engine === undefined ? {} : { DOCKER_HOST: `unix://${engine}` };
    this.#programOf = (name) =>
      // With the flags of the image's own start script.
      bundled
        ? ['--max-semi-space-size=4', '--heap-growing-percent=25', join(root, `dist/${name}/main.js`)]
        : [join(root, `apps/${name}/src/main.ts`)];
    this.dataDir = mkdtempSync(join(tmpdir(), 'agentpod-e2e-'));
    const base = 21_000 + slot * 20;
    this.ports = { api: base, gateway: base + 1, model: base + 2, traefik: base + 3, http: base + 4, https: base + 5 };
    this.supernet = `10.${230 + slot}.0.0/16`;
    this.env = {
      AGENTPOD_DATA_DIR: this.dataDir,
      AGENTPOD_LISTEN: `127.0.0.1:${this.ports.api}`,
      AGENTPOD_HTTP_PORT: String(this.ports.http),
      AGENTPOD_HTTPS_PORT: String(this.ports.https),
      AGENTPOD_SUPERNET: this.supernet,
      AGENTPOD_MODEL_PORT: String(this.ports.model),
      AGENTPOD_GATEWAY_PORT: String(this.ports.gateway),
      AGENTPOD_TRAEFIK_API: `http://127.0.0.1:${this.ports.traefik}`,
      AGENTPOD_GATEWAY_LISTEN: `127.0.0.1:${this.ports.gateway}`,
      AGENTPOD_MODEL_LISTEN: `${gatewayBlock(this.supernet).gateway}:${this.ports.model}`,
      AGENTPOD_AGENT_TYPES: join(root, 'e2e/agent-types'),
      AGENTPOD_BUILTIN_AGENT_TYPES: join(root, 'agent-types'),
      AGENTPOD_DASHBOARD: join(root, 'apps/dashboard/dist'),
      AGENTPOD_URL: `http://127.0.0.1:${this.ports.api}`,
      AGENTPOD_LANG: 'en',
      AGENTPOD_RESYNC_SECONDS: '10',
      ...(engine === undefined ? {} : { AGENTPOD_DOCKER_SOCKET: engine }),
      ...options.env,
    };
  }

  async start(): Promise<void> {
    await this.#removeLeftovers();
    const init = await run(node, [...this.#programOf('server'), 'init'], this.env);
    if (init.code !== 0) throw new Error(`init failed: ${init.stderr}`);
    this.startGateway();
    this.startTraefik();
    await this.startServer();
    await until('Traefik answers', 30, async () => (await fetch(`${this.env['AGENTPOD_TRAEFIK_API']}/api/version`)).ok);
    await until(
      'the gateway answers',
      30,
      async () => (await fetch(`http://127.0.0.1:${this.ports.gateway}/healthz`)).ok,
    );
  }

  async startServer(): Promise<void> {
    this.#start('server', node, this.#programOf('server'));
    await until('the server answers', 30, async () => (await fetch(`${this.url}/readyz`)).ok);
  }

  startGateway(): void {
    this.#start('gateway', node, this.#programOf('gateway'));
  }

  startTraefik(): void {
    this.#start('traefik', traefikBinary(), [`--configfile=${join(this.dataDir, 'traefik/traefik.yml')}`]);
  }

  async stop(name: 'server' | 'gateway' | 'traefik', signal?: NodeJS.Signals): Promise<void> {
    await this.#programs.get(name)?.stop(signal);
  }

  isAlive(name: 'server' | 'gateway' | 'traefik'): boolean {
    return this.#programs.get(name)?.alive === true;
  }

  processId(name: 'server' | 'gateway' | 'traefik'): number {
    const pid = this.#programs.get(name)?.child.pid;
    if (pid === undefined) throw new Error(`${name} is not running`);
    return pid;
  }

  /** Ends the processes and removes everything this installation made on the engine, found by its own label. */
  async destroy(): Promise<void> {
    for (const program of this.#programs.values()) await program.stop();
    await this.cleanEngine();
    if (process.env['AGENTPOD_E2E_KEEP'] === undefined) rmSync(this.dataDir, { recursive: true, force: true });
  }

  async cleanEngine(installation = this.installation): Promise<void> {
    const label = `label=agentpod.installation=${installation}`;
    const list = async (...args: string[]) =>
      (await this.docker(...args, '--filter', label)).split('\n').filter(Boolean);
    for (const [found, remove] of [
      [
        ['ps', '-aq'],
        ['rm', '-f'],
      ],
      [
        ['network', 'ls', '-q'],
        ['network', 'rm'],
      ],
      [
        ['volume', 'ls', '-q'],
        ['volume', 'rm', '-f'],
      ],
    ] as const) {
      const ids = await list(...found);
      if (ids.length > 0) await this.docker(...remove, ...ids);
    }
  }

  /** A run that was killed left its objects on the engine; they are in the addresses that only this slot uses. */
  async #removeLeftovers(): Promise<void> {
    const label = 'agentpod.installation';
    const format = `{{.Label "${label}"}} {{.ID}}`;
    const networks = await this.docker('network', 'ls', '--filter', `label=${label}`, '--format', format);
    const ours = this.supernet.replace('.0.0/16', '.');
    for (const line of networks.split('\n').filter(Boolean)) {
      const [installation = '', id = ''] = line.split(' ');
      const subnet = await this.docker(
        'network',
        'inspect',
        '--format',
        '{{range .IPAM.Config}}{{.Subnet}}{{end}}',
        id,
      ).catch(() => '');
      if (subnet.startsWith(ours)) await this.cleanEngine(installation);
    }
  }

  get url(): string {
    return `http://127.0.0.1:${this.ports.api}`;
  }

  get rootToken(): string {
    return readFileSync(join(this.dataDir, 'root.token'), 'utf8').trim();
  }

  /** Written by `init`; every object on the engine carries it. */
  get installation(): string {
    return readFileSync(join(this.dataDir, 'installation'), 'utf8').trim();
  }

  log(name: 'server' | 'gateway' | 'traefik'): string {
    const file = join(this.dataDir, `${name}.log`);
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  get client(): Client {
    return createClient(async (path, request) => {
      const response = await fetch(`${this.url}${path}`, {
        method: request.method,
        headers: { ...request.headers, authorization: `Bearer ${this.rootToken}` },
        ...(request.body === undefined ? {} : { body: request.body }),
      });
      return { ok: response.ok, status: response.status, text: () => response.text(), lines: () => linesOf(response) };
    });
  }

  /** Runs the real command line program. */
  async cli(...args: string[]): Promise<CommandResult> {
    return run(node, [join(root, 'apps/cli/src/main.ts'), ...args], this.env);
  }

  /** On the engine of this installation, which need not be the machine's. */
  async docker(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await run('docker', args, this.dockerEnv);
    if (code !== 0) throw new Error(`docker ${args.join(' ')}: ${stderr}`);
    return stdout.trim();
  }

  #start(name: 'server' | 'gateway' | 'traefik', command: string, args: readonly string[]): void {
    mkdirSync(this.dataDir, { recursive: true });
    const logFile = join(this.dataDir, `${name}.log`);
    this.#programs.set(name, new Program(command, args, { env: this.env, cwd: this.dataDir, logFile }));
  }
}

export function traefikBinary(): string {
  const binary = process.env['AGENTPOD_TRAEFIK_BIN'];
  if (binary === undefined || !existsSync(binary)) {
    throw new Error('AGENTPOD_TRAEFIK_BIN does not name the Traefik binary; scripts/test.sh sets it');
  }
  return binary;
}

export async function docker(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run('docker', args, {});
  if (code !== 0) throw new Error(`docker ${args.join(' ')}: ${stderr}`);
  return stdout.trim();
}

export async function run(
  command: string,
  args: readonly string[],
  env: Record<string, string>,
  cwd?: string,
): Promise<CommandResult> {
  return new Promise((resolve) => {
    execFile(
      command,
      args,
      { env: { ...process.env, NO_COLOR: '1', ...env }, cwd, maxBuffer: 32 * 1024 * 1024 },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
        resolve({ code, stdout, stderr });
      },
    ).stdin?.end();
  });
}

async function* linesOf(response: Response): AsyncIterable<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of response.body ?? []) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}
