import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { renderStaticConfig, type StaticConfigOptions } from './static-config.ts';
import { writeStaticConfig } from './write-static-config.ts';

const options: StaticConfigOptions = {
  mode: 'domain',
  ports: { http: 80, https: 443 },
  apiAddress: '127.0.0.1:8088',
  ingressDirectory: '/data/ingress',
  acme: {
    email: 'ops@example.com',
    server: undefined,
    caFile: undefined,
    storage: '/data/acme/acme.json',
    logFile: '/data/acme/traefik.log',
  },
};

const root = mkdtempSync(join(tmpdir(), 'agentpod-static-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('the static configuration', () => {
  test('in domain mode sends http to https and orders certificates over http', () => {
    const config = parse(renderStaticConfig(options)) as Record<string, unknown>;
    expect(config).toMatchObject({
      entryPoints: {
        web: { address: ':80', http: { redirections: { entryPoint: { to: 'websecure', scheme: 'https' } } } },
        websecure: { address: ':443' },
      },
      certificatesResolvers: {
        'le-http': {
          acme: {
            email: 'ops@example.com',
            storage: '/data/acme/acme.json',
            keyType: 'EC256',
            httpChallenge: { entryPoint: 'web' },
          },
        },
      },
    });
    expect(config).not.toHaveProperty('certificatesResolvers.le-http.acme.caServer');
  });

  test('in local mode opens the one http port, and knows of no certificates', () => {
    const config = parse(renderStaticConfig({ ...options, mode: 'local', ports: { http: 8080, https: 443 } })) as {
      entryPoints: Record<string, { address: string }>;
    };
    expect(Object.values(config.entryPoints).map(({ address }) => address)).toEqual(['127.0.0.1:8088', ':8080']);
    expect(config).not.toHaveProperty('certificatesResolvers');
  });

  test.each(['local', 'domain'] as const)(
    'in %s mode keeps its API on loopback and removes identity headers where agents are',
    (mode) => {
      const { entryPoints, api } = parse(renderStaticConfig({ ...options, mode })) as {
        entryPoints: Record<string, { address: string; http: { middlewares?: string[] } }>;
        api: unknown;
      };
      expect(api).toEqual({ insecure: true, dashboard: false });
      expect(entryPoints['traefik']?.address).toMatch(/^127\.0\.0\.1:/);
      const serving = entryPoints[mode === 'local' ? 'web' : 'websecure'];
      expect(serving?.http).toMatchObject({ middlewares: ['strip-identity@file'], aliasHeadersStrategy: 'delete' });
    },
  );

  test('is written with the authority’s root beside it, and a certificate store of its own that others cannot read', async () => {
    const caFile = join(root, 'given.pem');
    writeFileSync(caFile, 'root of the authority');
    const paths = {
      ingress: join(root, 'd/ingress'),
      traefikConfig: join(root, 'd/traefik/traefik.yml'),
      acme: join(root, 'd/acme'),
    };
    const installation = {
      mode: 'domain' as const,
      ports: { http: 80, https: 443 },
      traefikApi: 'http://127.0.0.1:8088',
      acme: { email: undefined, server: 'https://ca.internal:9000/dir', caFile },
      paths,
    };
    await writeStaticConfig(installation);
    await writeStaticConfig(installation);
    const text = readFileSync(paths.traefikConfig, 'utf8');
    const copied = join(root, 'd/traefik/acme-ca.pem');
    expect(text).toContain(copied);
    expect(text).toContain(join(paths.acme, 'acme-ca.internal.json'));
    expect(readFileSync(copied, 'utf8')).toBe('root of the authority');
    expect(statSync(paths.acme).mode & 0o777).toBe(0o700);
  });
});
