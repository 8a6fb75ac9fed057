import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DesiredIngress } from '../../ports/ingress.ts';
import { FakeClock } from '../../testing/fake-clock.ts';
import { agentRoute } from '../../testing/ingress-contract.ts';
import { describeReal } from '../../testing/real-parts.ts';
import { pebbleMissing, PebbleUnderTest } from './pebble-under-test.ts';
import { TraefikIngress } from './traefik-ingress.ts';
import { eventually, freePorts, traefikMissing, TraefikUnderTest } from './traefik-under-test.ts';
import { ask, EchoServer } from './upstreams-under-test.ts';
import { traefikLogFile } from './write-static-config.ts';

const minute = 60_000;

describeReal('Certificates from a real ACME authority', traefikMissing ?? pebbleMissing, () => {
  describe('in domain mode', { timeout: 60_000 }, () => {
    const clock = new FakeClock();
    const backend = new EchoServer('backend');
    let pebble: PebbleUnderTest;
    let traefik: TraefikUnderTest;
    let ingress: TraefikIngress;
    const stops: (() => Promise<void>)[] = [];

    beforeAll(async () => {
      const [http] = await freePorts();
      pebble = await PebbleUnderTest.start(http);
      stops.push(() => pebble.stop());
      await backend.start();
      stops.push(() => backend.stop());
      traefik = await TraefikUnderTest.create({
        mode: 'domain',
        ports: { http },
        acme: { email: 'ops@agents.test', server: pebble.directory, caFile: pebble.caFile },
      });
      stops.push(() => traefik.destroy());
      await traefik.start();
      ingress = new TraefikIngress({
        directory: traefik.installation.paths.ingress,
        apiUrl: traefik.installation.traefikApi,
        mode: 'domain',
        httpsPort: traefik.ports.https,
        server: backend.address,
        gateway: backend.address,
        logFile: traefikLogFile(traefik.installation.paths.acme),
        clock,
      });
    }, 60_000);
    afterAll(async () => {
      await Promise.all(stops.map((stop) => stop()));
    });

    const agent = (name: string, mayCertify: boolean) =>
      agentRoute(name, {
        host: `${name}.agents.test`,
        mayCertify,
        upstream: { address: '127.0.0.1', port: backend.port },
      });
    const desired = (...routes: DesiredIngress['routes']): DesiredIngress => ({
      consoleHost: 'console.agents.test',
      consoleMayCertify: false,
      routes,
    });
    const certificate = (name: string) => ingress.certificate(`${name}.agents.test`, AbortSignal.timeout(5000));
    const storage = () => readFileSync(join(traefik.installation.paths.acme, 'acme-127.0.0.1.json'), 'utf8');
    const log = () => readFileSync(traefikLogFile(traefik.installation.paths.acme), 'utf8');
    const failures = (name: string) =>
      log()
        .split('\n')
        .filter((line) => line.includes('"level":"error"') && line.includes(`${name}.agents.test`)).length;

    test('a host that may have one gets a certificate; a host that may not is never ordered for', async () => {
      await ingress.apply(desired(agent('acme', true), agent('later', false)));
      await eventually(async () => (await certificate('acme')).state === 'issued', 40_000);
      expect(await certificate('acme')).toEqual({
        state: 'issued',
        detail: expect.stringMatching(/^Issued by Pebble.*, valid until 20\d\d-/),
      });
      expect(await certificate('later')).toEqual({ state: 'waiting', detail: undefined });
      expect(storage()).toContain('acme.agents.test');
      expect(storage()).not.toContain('later.agents.test');
      expect(log()).not.toContain('later.agents.test');
    });

    test('plain http is sent to https', async () => {
      expect(await ask(traefik.ports.http, { host: 'acme.agents.test', path: '/x' })).toMatchObject({
        status: 301,
        headers: { location: `https://acme.agents.test:${traefik.ports.https}/x` },
      });
    });

    test('an order that fails is told after a while with the authority’s own reason, and is made again later', async () => {
      await pebble.misdirect('broken.agents.test');
      const routes = desired(agent('acme', true), agent('broken', true));
      const revision = await ingress.apply(routes);
      await eventually(async () => failures('broken') > 0, 40_000);
      expect(await certificate('broken')).toMatchObject({ state: 'waiting' });
      await clock.advance(4 * minute);
      expect(await certificate('broken')).toEqual({
        state: 'failed',
        detail: expect.stringMatching(/^No certificate: .*acme:error:connection/s),
      });
      expect(await ingress.apply(routes)).toBe(revision);

      const before = failures('broken');
      await clock.advance(12 * minute);
      expect(await ingress.apply(routes)).not.toBe(revision);
      await eventually(async () => failures('broken') > before, 40_000);
    });

    test('a proxy that is down is not taken for a failed order', async () => {
      await traefik.stop();
      expect(await certificate('acme')).toEqual({
        state: 'waiting',
        detail: expect.stringContaining(`Traefik does not answer on port ${traefik.ports.https}`),
      });
    });
  });
});
