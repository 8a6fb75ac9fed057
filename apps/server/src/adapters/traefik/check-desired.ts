import { isIPv4 } from 'node:net';
import { AppError } from '@agentpod/core';
import type { DesiredIngress } from '../../ports/ingress.ts';

const name = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const host = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;
const path = /^\/[A-Za-z0-9/_.-]*[A-Za-z0-9_-]$/;
const headerName = /^[A-Za-z0-9-]+$/;
const headerValue = /^[\x20-\x7e]*$/;

/** One bad route makes Traefik refuse all of them, so nothing is written that is not known to be good. Throws `bug`. */
export function checkDesired(desired: DesiredIngress): void {
  const { routes, consoleHost } = desired;
  for (const route of routes) {
    must(name.test(route.name), `the name "${route.name}"`);
    must(isIPv4(route.upstream.address), `the address "${route.upstream.address}"`);
    for (const closed of route.closedPaths) must(path.test(closed), `the closed path "${closed}"`);
    for (const [header, value] of Object.entries(route.requestHeaders)) {
      must(headerName.test(header) && headerValue.test(value), `the request header "${header}"`);
    }
  }
  for (const one of [consoleHost, ...routes.map((route) => route.host)]) must(host.test(one), `the host "${one}"`);
  unique(
    'name',
    routes.map((route) => route.name),
  );
  unique('host', [consoleHost, ...routes.map((route) => route.host)]);
}

function must(good: boolean, what: string): void {
  if (!good) throw new AppError('bug', 'InvalidIngress', `${what} cannot be routed`);
}

function unique(what: string, values: readonly string[]): void {
  const twice = values.find((value, index) => values.indexOf(value) !== index);
  if (twice !== undefined) throw new AppError('bug', 'InvalidIngress', `the ${what} "${twice}" is used twice`);
}
