import { execFile, execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type LogLine, memoryProfileOf } from '@agentpod/core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { AgentEndpoint, AgentSession, RenderInput } from '../../ports/agent-driver.ts';
import type { FileVerdict } from '../../ports/runtime.ts';
import { anAgent, aSpec } from '../../testing/builders.ts';
import { socketPath } from '../../testing/real-docker.ts';
import { describeReal } from '../../testing/real-parts.ts';
import { checked } from '../../testing/checked.ts';
import { DockerRuntime } from '../docker/docker-runtime.ts';
import { HttpAgentProbe } from '../http-probe/http-agent-probe.ts';
import { loadAgentTypes } from '../manifest/load-agent-types.ts';
import { OpenClawDriver } from './openclaw-driver.ts';

const run = promisify(execFile);
const docker = async (...args: string[]) => (await run('docker', args, { maxBuffer: 16 * 1024 ** 2 })).stdout.trim();

const name = `agentpod-openclaw-test-${process.pid}`;
const block = { subnet: '10.222.71.0/29', gateway: '10.222.71.1', address: '10.222.71.2' };
const [type] = loadAgentTypes([fileURLToPath(new URL('../../../../../agent-types', import.meta.url))]);
const image = 'agentpod/openclaw:2026.9.6';
const driver = new OpenClawDriver();
const credentials = {
  virtualKey: 'vk-of-the-test',
  controlUser: 'control-secret',
  ingressUser: 'people',
  probeUser: 'probe',
  probeToken: 'unused-here',
};

/** An OpenAI-compatible provider on the bridge's gateway address, where the model gateway would be. */
class FakeProvider {
  readonly seen: { model: string; authorization: string | undefined; prompt: string }[] = [];
  failWith: { status: number; body: object } | undefined;
  reply = 'pong';
  readonly server: Server = createServer((request, response) => {
    // Telegram, as it answers a bot whose token was revoked.
    if (request.url?.startsWith('/bot')) {
      response.writeHead(401, { 'content-type': 'application/json' });
      response.end('{"ok":false,"error_code":401,"description":"Unauthorized"}');
      return;
    }
    void (async () => {
      let text = '';
      for await (const chunk of request) text += String(chunk);
      const body = JSON.parse(text || '{}');
      const { authorization } = request.headers;
      this.seen.push({ model: body.model, authorization, prompt: text });
      if (this.failWith) {
        response.writeHead(this.failWith.status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(this.failWith.body));
        return;
      }
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const chunk = (delta: object, finish: string | null, usage?: object) =>
        response.write(
          `data: ${JSON.stringify({
            id: 'c1',
            object: 'chat.completion.chunk',
            created: 1,
            model: body.model,
            choices: [{ index: 0, delta, finish_reason: finish }],
            ...(usage && { usage }),
          })}\n\n`,
        );
      chunk({ role: 'assistant', content: `${this.reply} from ${body.model}` }, null);
      chunk({}, 'stop', { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 });
      response.end('data: [DONE]\n\n');
    })();
  });

  /** In the newest request, anywhere. */
  wasTold(text: string): boolean {
    return this.seen.at(-1)?.prompt.includes(text) ?? false;
  }
}

function input(
  model: Partial<RenderInput['model']> = {},
  identity = {},
  config?: Record<string, unknown>,
): RenderInput {
  if (!type) throw new Error('there is no agent type openclaw');
  const spec = aSpec({
    plan: 'small',
    resources: { memoryBytes: 1024 ** 3, cpus: 2, pids: 512 },
    identity,
    ...(config && { config }),
  });
  return {
    agent: anAgent({ spec }),
    type,
    profile: memoryProfileOf(type, spec.resources.memoryBytes),
    block,
    origin: 'http://acme.localhost',
    credentials,
    model: { gatewayUrl: `http://${block.gateway}:7299`, dialect: 'openai', name: 'm1', epoch: 'one', ...model },
  };
}

const endpoint = (differences: object = {}): AgentEndpoint => ({
  address: block.address,
  port: 18789,
  credentials: { ...credentials, ...differences },
  type: input().type,
});

/** As the runtime does: by rename, private to the agent's user; what is there stays when it is only a seed. */
async function deliver(volume: string, files: ReturnType<typeof driver.render>['configFiles']): Promise<void> {
  for (const { path, content, policy } of files) {
    // The file that OpenClaw watches must not be touched before it is replaced: of two events within 5 ms it sees one.
    const script =
      'umask 077; cd /v; chown 1000:1000 .; mkdir -p "$(dirname "$1")"; chown 1000:1000 "$(dirname "$1")"; ' +
      '[ "$2" = seed ] && [ -e "$1" ] && exit 0; ' +
      'printf %s "$3" > "$1.new"; chmod "$4" "$1.new"; chown 1000:1000 "$1.new"; mv -T "$1.new" "$1"';
    const mode = volume.endsWith('config') ? '0400' : '0600';
    const where = ['-v', `${volume}:/v`, '--user', '0:0', '--network', 'none', '--entrypoint', 'sh', image];
    await docker('run', '--rm', ...where, '-c', script, 'deliver', path, policy, content, mode);
  }
}

/** What the engine shows of a container's log, as the runtime would. */
async function logOf(container: string): Promise<LogLine[]> {
  const { stdout, stderr } = await run('docker', ['logs', '--tail', '300', container], { maxBuffer: 16 * 1024 ** 2 });
  const lines = (text: string, stream: LogLine['stream']) =>
    text
      .split('\n')
      .filter(Boolean)
      .map((line) => ({ time: '', stream, line }));
  return [...lines(stdout, 'stdout'), ...lines(stderr, 'stderr')];
}

async function inContainer(path: string): Promise<string> {
  return await docker('exec', name, 'cat', path);
}

function missing(): string | undefined {
  try {
    execFileSync('docker', ['image', 'inspect', image], { stdio: 'ignore' });
    return undefined;
  } catch {
    return `no engine with the image ${image}`;
  }
}

describeReal('OpenClaw 2026.9.6 in 1 GiB', missing(), () => {
  const provider = new FakeProvider();
  /** Open from the first test to the last. */
  let lasting: AgentSession;
  const signal = () => AbortSignal.timeout(100_000);
  const chat = async (message: string) => await driver.chat(endpoint(), { session: 'test', message }, signal());

  beforeAll(async () => {
    await docker('network', 'create', '--subnet', block.subnet, '--gateway', block.gateway, name);
    await Promise.all([docker('volume', 'create', `${name}-state`), docker('volume', 'create', `${name}-config`)]);
    await new Promise<void>((resolve) => provider.server.listen(7299, block.gateway, resolve));
    const { env, configFiles, stateFiles } = driver.render(input({}, { soul: 'You are Ada of ACME.' }));
    await deliver(`${name}-config`, configFiles);
    await deliver(`${name}-state`, stateFiles);
    const { container, mounts, pids } = input().type;
    const all = { ...container.env, ...input().profile.env, ...env };
    const hardening = [
      '--cap-drop',
      'ALL',
      '--security-opt',
      'no-new-privileges',
      '--user',
      container.user,
      '--read-only',
    ];
    const limits = ['--memory', '1g', '--memory-swap', '1g', '--pids-limit', String(pids)];
    const network = ['--hostname', name, '--network', name, '--ip', block.address];
    const volumes = ['-v', `${name}-state:${mounts.state}`, '-v', `${name}-config:${mounts.config}:ro`];
    const tmpfs = Object.entries(container.tmpfs).flatMap(([path, options]) => ['--tmpfs', `${path}:${options}`]);
    const variables = Object.entries(all).flatMap(([key, value]) => ['-e', `${key}=${value}`]);
    const options = [hardening, limits, network, volumes, tmpfs, variables].flat();
    await docker('run', '-d', '--name', name, ...options, image, ...(container.command ?? []));
    const probe = { address: block.address, port: 18789, probe: input().type.probes.started };
    const started = async () => (await new HttpAgentProbe().started(probe, signal())).ok;
    await vi.waitUntil(started, { timeout: 120_000, interval: 500 });
  }, 150_000);

  afterAll(async () => {
    await docker('rm', '-f', name).catch(() => 'was never made');
    await Promise.all([docker('volume', 'rm', `${name}-state`, `${name}-config`), docker('network', 'rm', name)]);
    provider.server.close();
  }, 60_000);

  test('the control plane is granted what it asks for', async () => {
    expect(await checked(driver, endpoint(), signal())).toEqual({ ok: true, detail: undefined });
  });

  test('a session asks as often as wanted', async () => {
    lasting = await driver.openSession(endpoint(), signal(), Date.now);
    for (let look = 0; look < 3; look++) {
      expect(await lasting.check(signal())).toMatchObject({ healthy: { ok: true }, channels: [] });
    }
  });

  test('nobody else is: not an unknown user, not one who comes through the ingress, not the route probe', async () => {
    for (const controlUser of ['somebody', credentials.ingressUser, credentials.probeUser]) {
      const answer = await checked(driver, endpoint({ controlUser }), signal());
      expect(answer.ok).toBe(false);
      expect(answer.detail).toMatch(/device identity required|does not grant/i);
    }
  });

  test('a probe with the rights of a reader is greeted as a customer would be, under the host it asked for', async () => {
    const route = (user: string) => ({
      url: 'http://acme.localhost',
      connectTo: { address: block.address, port: 18789 },
      headers: {
        'x-agentpod-user': user,
        'x-agentpod-proxy': '1',
        'x-forwarded-for': '192.0.2.1',
        'x-openclaw-scopes': input().type.requestHeaders['X-Openclaw-Scopes'] ?? '',
      },
    });
    expect(await driver.checkRoute(route(credentials.probeUser), signal())).toEqual({ ok: true, detail: undefined });
    expect(await driver.checkRoute(route('somebody'), signal())).toMatchObject({ ok: false });
  });

  test(
    'a message gets the reply of the model, asked with the virtual key and nothing else',
    { timeout: 110_000 },
    async () => {
      expect(await chat('ping')).toBe('pong from m1');
      expect(provider.seen[0]).toMatchObject({ model: 'm1', authorization: `Bearer ${credentials.virtualKey}` });
      const environment = await docker('exec', name, 'sh', '-c', 'cat /proc/[0-9]*/environ | tr "\\0" "\\n"');
      expect(environment).not.toContain(credentials.virtualKey);
      expect(provider.wasTold(credentials.controlUser)).toBe(false);
      const session = await driver.openSession(endpoint(), signal(), Date.now);
      const { lastActivityAt = 0 } = await session.check(signal());
      session.close();
      expect(Date.now() - lastActivityAt).toBeLessThan(60_000);
    },
  );

  test('the identity is ours: given and seeded files are in the prompt, OpenClaw wrote none of them', async () => {
    expect(provider.wasTold('You are Ada of ACME.')).toBe(true);
    expect(provider.wasTold('only files survive a restart')).toBe(true);
    expect(await inContainer('/home/node/.openclaw/workspace/SOUL.md')).toBe('You are Ada of ACME.');
    expect(await inContainer('/home/node/.openclaw/workspace/MEMORY.md')).toContain('I work for acme.');
    expect(await docker('exec', name, 'ls', '/home/node/.openclaw/workspace')).not.toContain('BOOTSTRAP');
  });

  test('another soul and another model are taken over by the running agent', { timeout: 100_000 }, async () => {
    const startedAt = await docker('inspect', '-f', '{{.State.StartedAt}}', name);
    const { configFiles, stateFiles } = driver.render(
      input({ name: 'm2', epoch: 'two' }, { soul: 'You are Grace of ACME.' }),
    );
    await deliver(`${name}-state`, stateFiles);
    await deliver(`${name}-config`, configFiles);
    await vi.waitFor(async () => expect(await chat('who?')).toBe('pong from m2'), { timeout: 60_000, interval: 1000 });
    expect(provider.wasTold('You are Grace of ACME.')).toBe(true);
    expect(await docker('inspect', '-f', '{{.State.StartedAt}}', name)).toBe(startedAt);
  });

  test(
    'a provider that refuses is told in the words of the agent; a new key is a new start',
    { timeout: 120_000 },
    async () => {
      // Of all refusals this one is held against a key the longest: ten minutes, restarts included.
      const error = { message: 'no', type: 'insufficient_quota', code: 'insufficient_quota' };
      provider.failWith = { status: 429, body: { error } };
      await expect(chat('ping')).rejects.toMatchObject({
        kind: 'unavailable',
        reason: 'AgentFailed',
        message: expect.stringMatching(/billing error/),
      });
      provider.failWith = undefined;
      const asked = provider.seen.length;
      await expect(chat('ping')).rejects.toMatchObject({ reason: 'AgentFailed' });
      expect(provider.seen.length, 'OpenClaw holds the key for bad and does not ask').toBe(asked);
      const evidence = { lines: await logOf(name), exitCode: undefined, outOfMemory: false };
      expect(driver.explain(evidence)?.kind).toBe('ModelKeyHeldBack');
      await deliver(`${name}-config`, driver.render(input({ name: 'm2', epoch: 'three' })).configFiles);
      await vi.waitFor(async () => expect(await chat('again')).toBe('pong from m2'), {
        timeout: 60_000,
        interval: 1000,
      });
    },
  );

  test('a bot whose token was revoked is told by the running agent, which goes on', { timeout: 60_000 }, async () => {
    const bot = {
      enabled: true,
      botToken: '123456:revoked-token-of-the-test',
      apiRoot: `http://${block.gateway}:7299`,
    };
    const startedAt = await docker('inspect', '-f', '{{.State.StartedAt}}', name);
    const { configFiles } = driver.render(input({ name: 'm2', epoch: 'three' }, {}, { channels: { telegram: bot } }));
    await deliver(`${name}-config`, configFiles);
    const session = await driver.openSession(endpoint(), signal(), Date.now);
    const channels = async () => (await session.check(signal())).channels;
    const rejected = { name: 'telegram', state: 'rejected', detail: expect.stringMatching(/unauthorized/i) };
    await vi.waitFor(async () => expect(await channels()).toEqual([rejected]), { timeout: 50_000, interval: 500 });
    session.close();
    expect(await docker('inspect', '-f', '{{.State.StartedAt}}', name)).toBe(startedAt);
  });

  test(
    "OpenClaw's own check takes all that we render, and names what it does not take",
    { timeout: 60_000 },
    async () => {
      const runtime = new DockerRuntime({ socketPath, installation: name, gatewayBridge: 'agptcheck' });
      const { container, mounts, validate } = input().type;
      const imageId = (await runtime.imageId(image, signal())) ?? '';
      const verdictOn = async (variant: Partial<RenderInput>) => {
        const { configFiles: files, env } = driver.render({ ...input(), ...variant });
        const check = { agentId: randomUUID(), imageId, files, user: container.user, memoryBytes: 1024 ** 3 };
        const command = validate?.command ?? [];
        return runtime.validateFiles(
          { ...check, command, env: { ...container.env, ...env }, mount: mounts.config },
          signal(),
        );
      };
      const telegram = { enabled: true, botToken: '1:a', dmPolicy: 'nobody' };
      const [plain, domain, anthropic, policy, unknown] = await Promise.all([
        verdictOn({}),
        verdictOn({ origin: 'https://acme.example.com:8443' }),
        verdictOn({ model: { ...input().model, dialect: 'anthropic', name: 'claude-sonnet-4-5' } }),
        verdictOn(input({}, {}, { channels: { telegram } })),
        verdictOn(input({}, {}, { bogus: 1 })),
      ]);
      expect([plain.ok, domain.ok, anthropic.ok]).toEqual([true, true, true]);
      const sentenceOf = ({ output }: FileVerdict) => {
        const lines = output.split('\n').map((line) => ({ time: '', stream: 'stderr' as const, line }));
        return driver.explain({ lines, exitCode: 1, outOfMemory: false })?.message;
      };
      expect([policy.ok, unknown.ok]).toEqual([false, false]);
      expect(sentenceOf(policy)).toBe(
        'Its configuration is invalid: channels.telegram.dmPolicy: invalid config: must be equal to one of the allowed values (allowed: "pairing", "allowlist", "open", "disabled")',
      );
      expect(sentenceOf(unknown)).toBe('Its configuration is invalid: <root>: Unrecognized key: "bogus"');
    },
  );

  test('a start that is refused is explained by its log', { timeout: 60_000 }, async () => {
    const refused = `${name}-refused`;
    const { configFiles } = driver.render(input({}, {}, { bogus: 1 }));
    await docker('volume', 'create', refused);
    try {
      await deliver(refused, configFiles);
      const { container, mounts } = input().type;
      const options = ['--network', 'none', '--user', container.user, '-v', `${refused}:${mounts.config}:ro`];
      const variables = [
        '-e',
        `OPENCLAW_CONFIG_PATH=${mounts.config}/openclaw.json`,
        '-e',
        'OPENCLAW_CONFIG_READONLY=1',
      ];
      await docker('run', '-d', '--name', refused, ...options, ...variables, image, ...(container.command ?? []));
      const exitCode = Number(await docker('wait', refused));
      expect(container.unhealableExitCodes).toContain(exitCode);
      expect(driver.explain({ lines: await logOf(refused), exitCode, outOfMemory: false })).toEqual({
        kind: 'ConfigInvalid',
        message: 'Its configuration is invalid: <root>: Unrecognized key: "bogus"',
        transient: false,
      });
    } finally {
      await docker('rm', '-f', refused);
      await docker('volume', 'rm', refused);
    }
  });

  test('the first session is open still: nobody asked through it, and a tick came every half minute', async () => {
    expect(Date.now() - lasting.lastFrameAt()).toBeLessThan(31_000);
    expect(await lasting.check(signal())).toMatchObject({ healthy: { ok: true } });
    lasting.close();
    expect(await lasting.ended).toBe('the connection was closed');
  });

  test('one GiB was enough for all of it', async () => {
    expect(await docker('inspect', '-f', '{{.State.Running}} {{.State.OOMKilled}} {{.RestartCount}}', name)).toBe(
      'true false 0',
    );
  });
});
