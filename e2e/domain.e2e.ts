import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBrowser } from './harness/browser.ts';
import { ControlPlane } from './harness/control-plane.ts';
import { logInAndOpen, say } from './harness/control-ui.ts';
import { FakeProvider } from './harness/fake-provider.ts';
import { Pebble } from './harness/pebble.ts';
import { until } from './harness/processes.ts';

/** An address of this machine that is not loopback: agents refuse visitors who seem to be the machine itself. */
const address = Object.values(networkInterfaces())
  .flat()
  .find((one) => one !== undefined && !one.internal && one.family === 'IPv4')?.address;
const files = mkdtempSync(join(tmpdir(), 'agentpod-pebble-'));
const pebble = new Pebble(files, 21_200);
const provider = new FakeProvider();
const plane = new ControlPlane({
  slot: 4,
  env: {
    AGENTPOD_MODE: 'domain',
    AGENTPOD_BASE_DOMAIN: 'agents.test',
    AGENTPOD_ACME_EMAIL: 'ops@agents.test',
    AGENTPOD_ACME_SERVER: pebble.directoryUrl,
    AGENTPOD_ACME_CA_FILE: pebble.caFile,
    AGENTPOD_RESOLVER: pebble.resolver,
    NODE_EXTRA_CA_CERTS: pebble.rootFile,
  },
});

beforeAll(async () => {
  if (address === undefined) throw new Error('this machine has no address besides loopback');
  await provider.start();
  await pebble.start({ address, httpPort: plane.ports.http, httpsPort: plane.ports.https });
  await plane.start();
});

afterAll(async () => {
  await plane.destroy();
  await pebble.stop();
  await provider.stop();
  rmSync(files, { recursive: true, force: true });
});

test('a customer opens the agent over HTTPS, with a certificate of its own and without pairing', async () => {
  const model = ['--model', 'openai-compatible/fake-1', '--model-base-url', provider.baseUrl];
  const created = await plane.cli('create', 'acme', '--type', 'openclaw', ...model, '--wait', '--timeout', '300');
  expect({ code: created.code, stderr: created.code === 0 ? '' : created.stderr }).toEqual({ code: 0, stderr: '' });

  const certificate = await leafOf('acme.agents.test');
  expect(certificate).toMatchObject({ authorized: true, names: 'DNS:acme.agents.test' });

  const agent = await plane.client.getAgent('acme');
  expect(agent.url).toBe(`https://acme.agents.test:${plane.ports.https}`);
  const { context, close } = await openBrowser({ hosts: { '*.agents.test': address ?? '' }, ignoreCertificates: true });
  try {
    provider.reply = 'Hello over HTTPS';
    const { url: setupUrl } = await plane.client.setupLink();
    const page = await logInAndOpen(context, {
      setupUrl,
      username: 'lina',
      password: 'a long enough secret',
      agentUrl: agent.url,
    });
    await say(page, 'hello', 'Hello over HTTPS');
    expect(await page.content()).not.toMatch(/pairing required/i);
    const cookies = await context.cookies(agent.url);
    expect(
      cookies.filter(({ name }) => name.startsWith('__Host-')).map(({ secure, httpOnly }) => [secure, httpOnly]),
    ).toEqual([[true, true]]);
    // The customer is served by Traefik and the gateway alone.
    await plane.stop('server');
    provider.reply = 'Still here over HTTPS';
    await say(page, 'are you there', 'Still here over HTTPS');
    await page.reload();
    await say(page, 'and now', 'Still here over HTTPS');
    await plane.startServer();
  } finally {
    await close();
  }
});

test('a host whose DNS points elsewhere gets one clear sentence and no order is placed', async () => {
  await pebble.setAddress('lost.agents.test', ['203.0.113.9']);
  const before = orders();
  const { code, stderr } = await plane.cli('create', 'lost', '--type', 'stub', '--wait', '--timeout', '20');
  expect(code).not.toBe(0);
  expect(stderr).toContain('lost.agents.test resolves to 203.0.113.9, which is not this machine');
  expect(orders()).toBe(before);

  // Once the record is right the certificate comes by itself.
  await pebble.setAddress('lost.agents.test', [address ?? '']);
  await until('the agent is Ready', 90, async () => (await plane.client.getAgent('lost')).state === 'ready');
});

function orders(): number {
  return readFileSync(join(files, 'pebble.log'), 'utf8').split('lost.agents.test').length;
}

function leafOf(host: string): Promise<{ authorized: boolean; names: string | undefined }> {
  return new Promise((resolve, reject) => {
    const socket = connect(
      {
        host: address ?? '',
        port: plane.ports.https,
        servername: host,
        ca: readFileSync(pebble.rootFile),
        rejectUnauthorized: false,
      },
      () => {
        resolve({ authorized: socket.authorized, names: socket.getPeerCertificate().subjectaltname });
        socket.end();
      },
    );
    socket.on('error', reject);
  });
}
