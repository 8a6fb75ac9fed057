import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { json, silence, startStubEngine, type StubEngine } from '../../testing/stub-engine.ts';
import { DockerRuntime } from './docker-runtime.ts';

const agentId = '019a0000-0000-7000-8000-0000000000a1';
const installation = 'feed00000001';
const ours = { 'agentpod.installation': installation, 'agentpod.agent': agentId };

let engine: StubEngine;
let stop: AbortController;
let signal: AbortSignal;
beforeEach(async () => {
  engine = await startStubEngine();
  stop = new AbortController();
  ({ signal } = stop);
});
afterEach(async () => {
  stop.abort();
  await engine.close();
});

const runtimeAt = (socketPath: string, timeoutMs = 5000): DockerRuntime =>
  new DockerRuntime({ socketPath, installation, gatewayBridge: 'agpgw', timeoutMs });
const unreachable = { kind: 'unavailable', reason: 'EngineUnreachable' };

describe('the version of the API', () => {
  test.each([
    ['1.41', '1.12', '1.41'],
    ['1.43', '1.24', '1.43'],
    ['1.60', '1.44', '1.47'],
    ['1.47', '1.47', '1.47'],
  ])('with an engine that speaks up to %s and from %s it is %s', async (ApiVersion, MinAPIVersion, agreed) => {
    engine.on('/version', json({ Version: 'x', ApiVersion, MinAPIVersion }));
    engine.on('/networks', json([]));
    expect(await runtimeAt(engine.socketPath).foreignSubnets(signal)).toEqual([]);
    expect(engine.requests).toEqual(['GET /version', `GET /v${agreed}/networks?`.replace('?', '')]);
  });

  test('an engine that is too old is named with the remedy', async () => {
    engine.on('/version', json({ Version: '19.03', ApiVersion: '1.40', MinAPIVersion: '1.12' }));
    await expect(runtimeAt(engine.socketPath).info(signal)).rejects.toMatchObject({
      kind: 'terminal',
      reason: 'EngineTooOld',
      message: expect.stringContaining('19.03'),
      remedy: expect.stringContaining('20.10'),
    });
  });

  test('an engine that dropped everything we speak is named with the remedy', async () => {
    engine.on('/version', json({ Version: '40.0', ApiVersion: '1.99', MinAPIVersion: '1.90' }));
    await expect(runtimeAt(engine.socketPath).info(signal)).rejects.toMatchObject({
      kind: 'terminal',
      reason: 'EngineTooNew',
      remedy: expect.stringContaining('min-api-version'),
    });
  });

  test.each([
    ['a version that is none', json({ ApiVersion: 'none' })],
    ['other JSON', json({ hello: 'world' })],
    ['a web page', (_: unknown, response: { end: (text: string) => void }) => response.end('<html>hello</html>')],
  ])('something that answers with %s is no engine', async (_, answer) => {
    engine.on('/version', answer);
    await expect(runtimeAt(engine.socketPath).info(signal)).rejects.toMatchObject(unreachable);
  });

  test('is asked once, and again after the engine was away', async () => {
    engine.on('/networks', json([]));
    const runtime = runtimeAt(engine.socketPath);
    await runtime.foreignSubnets(signal);
    await runtime.foreignSubnets(signal);
    engine.on('/networks', (request) => request.socket.destroy());
    await expect(runtime.foreignSubnets(signal)).rejects.toMatchObject(unreachable);
    engine.on('/version', json({ ApiVersion: '1.44', MinAPIVersion: '1.24' }));
    engine.on('/networks', json([]));
    await runtime.foreignSubnets(signal);
    expect(engine.requests.filter((request) => request === 'GET /version')).toHaveLength(2);
    expect(engine.requests.at(-1)).toContain('/v1.44/');
  });
});

describe('an engine that', () => {
  test('is not there is unreachable, with what to do', async () => {
    const gone = runtimeAt(`${engine.socketPath}.none`).observe(agentId, signal);
    await expect(gone).rejects.toMatchObject({
      ...unreachable,
      remedy: expect.stringContaining('AGENTPOD_DOCKER_SOCKET'),
    });
  });

  test('comes back is used again without a restart', async () => {
    engine.on('/version', (request) => request.socket.destroy());
    engine.on('/networks', json([]));
    const runtime = runtimeAt(engine.socketPath);
    await expect(runtime.foreignSubnets(signal)).rejects.toMatchObject(unreachable);
    engine.on('/version', json({ ApiVersion: '1.41' }));
    expect(await runtime.foreignSubnets(signal)).toEqual([]);
  });

  test.each(['/version', '/networks'])('hangs at %s is given up after the time-out', async (path) => {
    engine.on(path, silence);
    const hung = runtimeAt(engine.socketPath, 100).foreignSubnets(signal);
    await expect(hung).rejects.toMatchObject({
      kind: 'unavailable',
      reason: 'EngineTimeout',
      message: expect.stringContaining('0.1 s'),
    });
  });

  test('hangs is let go of by a caller who does not want to wait', async () => {
    const asked = Promise.withResolvers<void>();
    engine.on('/networks', () => asked.resolve());
    const hung = runtimeAt(engine.socketPath).foreignSubnets(signal);
    await asked.promise;
    stop.abort(new Error('shutting down'));
    await expect(hung).rejects.toThrow('shutting down');
  });

  test('breaks off in the middle of an answer is given up, not waited for', async () => {
    engine.on('/networks', (_, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '1000' });
      response.write('[{"Name":', () => response.destroy());
    });
    await expect(runtimeAt(engine.socketPath, 200).foreignSubnets(signal)).rejects.toMatchObject({
      kind: 'unavailable',
    });
  });

  test('answers 500 cannot be read: nothing is taken for absent', async () => {
    engine.on('/containers', json([]));
    engine.on('/volumes', json({ Volumes: null }));
    engine.on('/networks', json({ message: 'database is locked' }, 500));
    await expect(runtimeAt(engine.socketPath).observe(agentId, signal)).rejects.toMatchObject({
      kind: 'unavailable',
      reason: 'RuntimeFailed',
      message: expect.stringContaining('database is locked'),
    });
  });

  test('has nothing answers null for volumes, which is none', async () => {
    engine.on('/containers', json([]));
    engine.on('/volumes', json({ Volumes: null }));
    engine.on('/networks', json([]));
    expect(await runtimeAt(engine.socketPath).observe(agentId, signal)).toEqual({
      networks: [],
      volumes: [],
      instances: [],
    });
  });

  test('removed a container between the list and the look shows it as gone', async () => {
    engine.on('/containers/json', json([{ Id: 'abc', Labels: ours }]));
    engine.on('/containers/abc/json', json({ message: 'No such container: abc' }, 404));
    engine.on('/volumes', json({ Volumes: [] }));
    engine.on('/networks', json([]));
    expect((await runtimeAt(engine.socketPath).observe(agentId, signal)).instances).toEqual([]);
  });

  test.each([
    'Pool overlaps with other one on this address space',
    'cannot create network x (br-x): conflicts with network y (br-y): networks have overlapping IPv4',
  ])('says "%s" means: the address is taken', async (message) => {
    engine.on('/networks', json([]));
    engine.on('/networks/create', json({ message }, 403));
    const block = { subnet: '10.221.0.0/29', gateway: '10.221.0.1', address: '10.221.0.2' };
    const made = runtimeAt(engine.socketPath).createNetwork({ agentId, name: 'n', bridge: 'agp1', block }, signal);
    await expect(made).rejects.toMatchObject({ kind: 'conflict', reason: 'AddressTaken' });
  });

  test('says "exists" to the network whose answer was lost has made it', async () => {
    const network = {
      Name: 'n',
      Id: '1',
      Labels: { ...ours, 'agentpod.role': 'network' },
      IPAM: { Config: [{ Subnet: '10.221.0.0/29' }] },
      Options: { 'com.docker.network.bridge.name': 'agp1' },
    };
    let made = false;
    engine.on('/networks', (request, response) => json(made ? [network] : [])(request, response));
    engine.on('/networks/create', (request, response) => {
      made = true;
      json({ message: 'network with name n already exists' }, 409)(request, response);
    });
    const block = { subnet: '10.221.0.0/29', gateway: '10.221.0.1', address: '10.221.0.2' };
    await runtimeAt(engine.socketPath).createNetwork({ agentId, name: 'n', bridge: 'agp1', block }, signal);
    expect(engine.requests.filter((request) => request.startsWith('POST'))).toHaveLength(1);
  });
});

describe('a pull', () => {
  const pull = async (): Promise<void> =>
    runtimeAt(engine.socketPath).pullImage('registry/agent:1', () => undefined, signal);
  const lines = (...values: readonly unknown[]) => values.map((value) => `${JSON.stringify(value)}\n`).join('');

  test.each([
    ['pull access denied for agent, repository does not exist or may require login', 404],
    ['manifest for registry/agent:1 not found: manifest unknown', 404],
    ['no matching manifest for linux/arm64/v8 in the manifest list entries', 404],
    ['unauthorized: authentication required', 500],
  ])('that the registry refuses (%s) is hopeless', async (message, status) => {
    engine.on('/images/create', json({ message }, status));
    const remedy = expect.stringContaining('agentpod image build');
    await expect(pull()).rejects.toMatchObject({ kind: 'terminal', reason: 'ImageUnavailable', remedy });
  });

  test.each([
    'Get "https://registry/v2/": dial tcp: lookup registry: no such host',
    'Get "https://registry/v2/": net/http: request canceled while waiting for connection (Client.Timeout exceeded)',
    'toomanyrequests: You have reached your pull rate limit',
    'Get "https://registry/v2/": x509: certificate signed by unknown authority',
  ])('that does not get through (%s) is worth another try', async (message) => {
    engine.on('/images/create', json({ message }, 500));
    await expect(pull()).rejects.toMatchObject({ kind: 'unavailable', reason: 'RegistryUnreachable' });
  });

  test('that fails after it began is a failure', async () => {
    engine.on('/images/create', (_, response) => {
      response.end(
        lines({ status: 'Pulling fs layer', id: 'aa' }, { error: 'write /var/lib/docker: no space left on device' }),
      );
    });
    await expect(pull()).rejects.toMatchObject({ kind: 'unavailable', reason: 'DiskFull' });
  });

  test('that breaks off is a failure', async () => {
    engine.on('/images/create', (_, response) =>
      response.write(lines({ status: 'Pulling' }), () => response.destroy()),
    );
    await expect(pull()).rejects.toMatchObject({ kind: 'unavailable' });
  });

  test('asks for one tag only', async () => {
    engine.on('/images/create', (_, response) => response.end(lines({ status: 'done' })));
    await runtimeAt(engine.socketPath).pullImage('host:5000/agent', () => undefined, signal);
    expect(decodeURIComponent(engine.requests.at(-1) ?? '')).toContain('fromImage=host:5000/agent:latest');
  });
});

describe('the event stream', () => {
  const event = (Action: string, labels: object, Type = 'container', ID = 'c1') =>
    `${JSON.stringify({ Type, Action, Actor: { ID, Attributes: labels } })}\n`;
  const instance = { ...ours, 'agentpod.role': 'instance' };

  beforeEach(() => {
    engine.on('/networks', json([]));
    engine.on('/volumes', json({ Volumes: [] }));
  });

  test('that breaks is an error after what came before', async () => {
    const breaking = Promise.withResolvers<void>();
    engine.on('/events', (_, response) => {
      response.write(event('start', instance));
      void breaking.promise.then(() => response.destroy());
    });
    const heard = runtimeAt(engine.socketPath).wakeups(signal)[Symbol.asyncIterator]();
    expect((await heard.next()).value).toBe(agentId);
    breaking.resolve();
    await expect(heard.next()).rejects.toMatchObject(unreachable);
  });

  test('that ends is an error, too: nobody would wake us any more', async () => {
    engine.on('/events', (_, response) => response.end(event('die', instance)));
    await expect(Array.fromAsync(runtimeAt(engine.socketPath).wakeups(signal))).rejects.toMatchObject(unreachable);
  });

  test('leaves out helpers, others, and what makes no sense', async () => {
    engine.on('/events', (_, response) => {
      response.write(event('start', { ...ours, 'agentpod.role': 'helper' }));
      response.write(event('start', { ...instance, 'agentpod.installation': 'other' }));
      response.write(event('start', {}));
      response.write('{"Type":"plugin"}\n{}\n');
      response.write(event('destroy', {}, 'network', 'nobody'));
      response.write(event('start', { ...instance, 'agentpod.agent': 'the-one' }));
    });
    const next = await runtimeAt(engine.socketPath).wakeups(signal)[Symbol.asyncIterator]().next();
    expect(next.value).toBe('the-one');
  });

  test('is asked for by the names of actions, so that no command line of an exec comes along', async () => {
    engine.on('/events', (_, response) => response.end());
    await expect(Array.fromAsync(runtimeAt(engine.socketPath).wakeups(signal))).rejects.toMatchObject(unreachable);
    const asked = decodeURIComponent(engine.requests.find((request) => request.includes('/events')) ?? '');
    expect(asked).toContain('"event":["create","start","die"');
    expect(asked).not.toContain('exec');
  });

  const network = { Id: 'n1', Name: 'n', Labels: { ...ours, 'agentpod.role': 'network' } };

  test('knows whose a network was that was there before and is gone now', async () => {
    engine.on('/networks', json([network]));
    engine.on('/events', (_, response) => response.write(event('destroy', {}, 'network', 'n1')));
    const next = await runtimeAt(engine.socketPath).wakeups(signal)[Symbol.asyncIterator]().next();
    expect(next.value).toBe(agentId);
  });

  test('learns whose a network is that is made', async () => {
    engine.on('/events', (_, response) => {
      // Asked first right after the subscription, and again because of the event.
      engine.on('/networks', (request, answer) => {
        engine.on('/networks', json([network]));
        json([])(request, answer);
      });
      response.write(event('create', {}, 'network', 'n1'));
    });
    const next = await runtimeAt(engine.socketPath).wakeups(signal)[Symbol.asyncIterator]().next();
    expect(next.value).toBe(agentId);
  });
});
