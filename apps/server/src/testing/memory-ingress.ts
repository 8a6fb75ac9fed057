import { createHash } from 'node:crypto';
import { AppError, canonicalJson } from '@agentpod/core';
import type { CertificateView, DesiredIngress, Ingress } from '../ports/ingress.ts';

/** A proxy that runs at once whatever it is told; for tests and `npm run dev`. */
export class MemoryIngress implements Ingress {
  /** What was applied last. */
  desired: DesiredIngress | undefined;
  /** As if the proxy were not running. */
  down = false;
  /** Certificates of hosts that are not simply issued. */
  readonly certificates = new Map<string, CertificateView>();
  readonly #secure: boolean;

  constructor(options: { secure?: boolean } = {}) {
    this.#secure = options.secure ?? false;
  }

  async apply(desired: DesiredIngress): Promise<string> {
    const hosts = [desired.consoleHost, ...desired.routes.map(({ host }) => host)];
    const twice = hosts.find((host, index) => hosts.indexOf(host) !== index);
    if (twice !== undefined) throw new AppError('bug', 'InvalidIngress', `the host "${twice}" is used twice`);
    this.desired = desired;
    return revisionOf(desired);
  }

  async liveRevision(): Promise<string | undefined> {
    if (this.down) return undefined;
    return this.desired === undefined ? 'none' : revisionOf(this.desired);
  }

  async certificate(host: string): Promise<CertificateView> {
    const state = this.#secure ? 'issued' : 'not-needed';
    return this.certificates.get(host) ?? { state, detail: undefined };
  }
}

function revisionOf(desired: DesiredIngress): string {
  const routes = desired.routes.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return createHash('sha256')
    .update(canonicalJson({ ...desired, routes }))
    .digest('hex')
    .slice(0, 16);
}
