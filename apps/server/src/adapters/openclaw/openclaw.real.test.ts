import { execFile, execFileSync } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { memoryProfileOf } from '@agentpod/core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { AgentEndpoint, RenderInput } from '../../ports/agent-driver.ts';
import { anAgent, aSpec } from '../../testing/builders.ts';
import { describeReal } from '../../testing/real-parts.ts';
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

function input(model: Partial<RenderInput['model']> = {}, identity = {}): RenderInput {
  if (!type) throw new Error('there is no agent type openclaw');
  const spec = aSpec({ plan: 'small', resources: { memoryBytes: 1024 ** 3, cpus: 2, pids: 512 }, identity });
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
    expect(await driver.checkRpc(endpoint(), signal())).toEqual({ ok: true, detail: undefined });
  });

  test('nobody else is: not an unknown user, not one who comes through the ingress, not the route probe', async () => {
    for (const controlUser of ['somebody', credentials.ingressUser, credentials.probeUser]) {
      const answer = await driver.checkRpc(endpoint({ controlUser }), signal());
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
      await deliver(`${name}-config`, driver.render(input({ name: 'm2', epoch: 'three' })).configFiles);
      await vi.waitFor(async () => expect(await chat('again')).toBe('pong from m2'), {
        timeout: 60_000,
        interval: 1000,
      });
    },
  );

  test(
    'the configurations of the other modes and dialects are valid in the words of OpenClaw',
    { timeout: 60_000 },
    async () => {
      const variants: Partial<RenderInput>[] = [
        { origin: 'https://acme.example.com:8443' },
        { model: { ...input().model, dialect: 'anthropic', name: 'claude-sonnet-4-5' } },
      ];
      for (const variant of variants) {
        const files = driver.render({ ...input(), ...variant }).configFiles;
        await deliver(
          `${name}-config`,
          files.filter(({ path }) => path === 'openclaw.json').map((file) => ({ ...file, path: 'other.json' })),
        );
        const mounts = ['-v', `${name}-config:/etc/openclaw:ro`, '-e', 'OPENCLAW_CONFIG_PATH=/etc/openclaw/other.json'];
        const verdict = await docker(
          'run',
          '--rm',
          '--network',
          'none',
          ...mounts,
          image,
          'node',
          'openclaw.mjs',
          'config',
          'validate',
        );
        expect(verdict).toContain('Config valid');
      }
    },
  );

  test('one GiB was enough for all of it', async () => {
    expect(await docker('inspect', '-f', '{{.State.Running}} {{.State.OOMKilled}} {{.RestartCount}}', name)).toBe(
      'true false 0',
    );
  });
});
