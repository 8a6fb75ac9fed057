import { modelReportPath } from '@agentpod/core';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AgentRoute } from '../../ports/ingress.ts';
import { agentRoute, desiredIngress } from '../../testing/ingress-contract.ts';
import { type DynamicConfigOptions, renderDynamicConfig } from './dynamic-config.ts';

const local: DynamicConfigOptions = {
  mode: 'local',
  server: '127.0.0.1:7100',
  gateway: '127.0.0.1:7201',
  certificateAttempt: 0,
};
const domain: DynamicConfigOptions = { ...local, mode: 'domain' };

interface Router {
  readonly rule: string;
  readonly entryPoints: string[];
  readonly service: string;
  readonly middlewares?: string[];
  readonly priority: number;
  readonly tls?: { certResolver?: string };
}

interface Rendered {
  readonly http: {
    readonly routers: Record<string, Router>;
    readonly services: Record<string, unknown>;
    readonly middlewares: Record<string, unknown>;
  };
}

function render(options: DynamicConfigOptions, ...routes: AgentRoute[]): Rendered {
  return JSON.parse(renderDynamicConfig(desiredIngress(...routes), options).text) as Rendered;
}

/** Paths of objects and lists that hold nothing. */
function empties(value: unknown, path = ''): string[] {
  if (value === null || typeof value !== 'object') return [];
  const entries = Object.entries(value);
  return entries.length === 0 ? [path] : entries.flatMap(([key, inner]) => empties(inner, `${path}/${key}`));
}

const anyRoutes = fc.uniqueArray(
  fc.record({
    name: fc.stringMatching(/^[0-9a-f]{12}$/),
    port: fc.integer({ min: 1, max: 65_535 }),
    closedPaths: fc.subarray(['/api/v1/admin', '/metrics', '/x.y']),
    requestHeaders: fc.dictionary(fc.stringMatching(/^X-[A-Za-z]{1,8}$/), fc.stringMatching(/^[a-z, ]{0,10}$/)),
    mayCertify: fc.boolean(),
  }),
  { selector: ({ name }) => name, maxLength: 5 },
);

describe('the routes file', () => {
  test('has for every agent one router that asks forward-auth, and no other router leads to an agent', () => {
    fc.assert(
      fc.property(anyRoutes, fc.constantFrom(local, domain), (some, options) => {
        const routes = some.map(({ name, port, ...rest }) =>
          agentRoute(name, { ...rest, upstream: { address: '10.203.0.2', port } }),
        );
        const { http } = render(options, ...routes);
        const toAgents = Object.values(http.routers).filter(({ service }) => service.startsWith('a-'));
        expect(toAgents.map(({ rule }) => rule).toSorted()).toEqual(
          routes.map(({ host }) => `Host(\`${host}\`)`).toSorted(),
        );
        for (const router of toAgents) expect(router.middlewares?.[0]).toBe('forward-auth');
        for (const router of Object.values(http.routers)) {
          expect(http.services).toHaveProperty([router.service]);
          for (const middleware of router.middlewares ?? []) expect(http.middlewares).toHaveProperty([middleware]);
        }
      }),
    );
  });

  test('leads nobody to what server and gateway tell each other, whatever the path is written like', () => {
    const tricks = [
      modelReportPath,
      modelReportPath.toUpperCase(),
      `/${modelReportPath}`,
      `/%2F${modelReportPath.slice(1)}`,
      modelReportPath.replaceAll('/', '%2F'),
      '/__internal',
      '/x/__agentpod/../__internal/models',
    ];
    fc.assert(
      fc.property(anyRoutes, fc.constantFrom(local, domain), (some, options) => {
        const routes = some.map(({ name, port, ...rest }) =>
          agentRoute(name, { ...rest, upstream: { address: '10.203.0.2', port } }),
        );
        const { routers, services, middlewares } = render(options, ...routes).http;
        const toGateway = Object.values(services).filter((service) =>
          JSON.stringify(service).includes(options.gateway),
        );
        expect(toGateway).toEqual([services['gateway']]);
        for (const { rule, service, middlewares: names = [] } of Object.values(routers)) {
          if (service !== 'gateway') continue;
          const replaced = names.map((name) => (middlewares[name] as { replacePath?: { path: string } }).replacePath);
          const [fixed] = replaced.flatMap((replace) => (replace ? [replace.path] : []));
          if (fixed !== undefined) {
            expect(fixed).toMatch(/^\/__agentpod\/[a-z]+$/);
            continue;
          }
          const pattern = /PathRegexp\(`\(\?i\)(.*)`\)$/.exec(rule)?.[1] ?? '';
          expect(pattern).toMatch(/^\^.+/);
          expect(tricks.filter((path) => new RegExp(pattern, 'i').test(path))).toEqual([]);
        }
        // The two other ways to the gateway have a path of their own.
        const { 'forward-auth': auth, unavailable } = middlewares;
        expect(auth).toMatchObject({ forwardAuth: { address: `http://${options.gateway}/auth` } });
        expect(unavailable).toMatchObject({ errors: { query: '/__agentpod/unavailable?status={status}' } });
      }),
    );
  });

  test('has no element that says nothing, for which Traefik would drop the whole file', () => {
    fc.assert(
      fc.property(anyRoutes, fc.constantFrom(local, domain), (some, options) => {
        const routes = some.map(({ name, port, ...rest }) =>
          agentRoute(name, { ...rest, upstream: { address: '10.0.0.2', port } }),
        );
        const rendered = render(options, ...routes);
        expect(empties(rendered).filter((path) => !path.endsWith('/tls'))).toEqual([]);
      }),
    );
  });

  test('asks for a certificate only where that may be, and only on https', () => {
    const routes = [agentRoute('yes', { mayCertify: true }), agentRoute('no')];
    const { routers } = render(domain, ...routes).http;
    expect(routers['a-yes']?.tls).toEqual({ certResolver: 'le-http' });
    const others = Object.entries(routers).filter(([name]) => name !== 'a-yes');
    expect(others.map(([, { tls }]) => tls)).toEqual(others.map(() => ({})));
    expect(Object.values(render(local, ...routes).http.routers).filter(({ tls }) => tls)).toEqual([]);
  });

  test('names a client address of its own in local mode only', () => {
    const forwarded = (options: DynamicConfigOptions) =>
      JSON.stringify(render(options, agentRoute('acme'))).includes('192.0.2.1');
    expect([forwarded(local), forwarded(domain)]).toEqual([true, false]);
  });

  test('has another revision for whatever is different in it, and carries it', () => {
    const [a, b] = [agentRoute('a'), agentRoute('b')];
    const rendered = [
      renderDynamicConfig(desiredIngress(a), local),
      renderDynamicConfig(desiredIngress(a, b), local),
      renderDynamicConfig(desiredIngress(a), { ...local, gateway: '127.0.0.1:7999' }),
      renderDynamicConfig(desiredIngress(a), { ...local, certificateAttempt: 1 }),
    ];
    expect(new Set(rendered.map(({ revision }) => revision)).size).toBe(rendered.length);
    for (const { revision, text } of rendered) expect(text).toContain(`"X-Agentpod-Rev":"${revision}"`);
  });

  test('is not written with an address under which Traefik would ask the wrong party', () => {
    const { text } = renderDynamicConfig(desiredIngress(agentRoute('a')), local);
    expect(text).toContain('"address":"http://127.0.0.1:7201/auth"');
    expect(text).toContain('"trustForwardHeader":false');
  });

  test.each<[string, Partial<AgentRoute>]>([
    ['a host with a back-tick', { host: 'a`) || Host(`b.localhost' }],
    ['a host in capitals', { host: 'Acme.localhost' }],
    ['a host that is a wildcard', { host: '*.localhost' }],
    ['a name with a slash', { name: 'a/b' }],
    ['an address that is a name', { upstream: { address: 'metadata.internal', port: 80 } }],
    ['a template in a header', { requestHeaders: { 'X-A': '{{ env "SECRET" }}' } }],
    ['a line break in a header', { requestHeaders: { 'X-A': 'a\r\nX-B: c' } }],
    ['a header name with a colon', { requestHeaders: { 'X:A': 'a' } }],
    ['a closed path that is a pattern', { closedPaths: ['/a`)'] }],
    ['a closed path that is everything', { closedPaths: ['/'] }],
  ])('is refused with %s', (_what, over) => {
    expect(() => renderDynamicConfig(desiredIngress(agentRoute('acme', over)), local)).toThrowError(
      expect.objectContaining({ kind: 'bug', reason: 'InvalidIngress' }),
    );
  });

  test.each([
    ['name', [agentRoute('a'), agentRoute('a', { host: 'b.localhost' })]],
    ['host', [agentRoute('a'), agentRoute('b', { host: 'a.localhost' })]],
    ['host', [agentRoute('a', { host: 'console.localhost' })]],
  ])('is refused when one %s stands for two things', (what, routes) => {
    expect(() => renderDynamicConfig(desiredIngress(...routes), local)).toThrowError(`the ${what} `);
  });
});
