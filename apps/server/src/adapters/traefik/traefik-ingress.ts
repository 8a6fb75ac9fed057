import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '@agentpod/core';
import { z } from 'zod';
import type { Clock } from '../../ports/clock.ts';
import type { CertificateView, DesiredIngress, Ingress } from '../../ports/ingress.ts';
import { exchange } from '../exchange.ts';
import { orderFailure } from './order-failure.ts';
import { probeCertificate } from './probe-certificate.ts';
import { renderDynamicConfig } from './dynamic-config.ts';
import { replaceFile } from './replace-file.ts';

export interface TraefikIngressOptions {
  /** Folder that Traefik watches; nothing but our file is in it. */
  readonly directory: string;
  /** URL of Traefik's API, on loopback. */
  readonly apiUrl: string;
  readonly mode: 'local' | 'domain';
  readonly httpsPort: number;
  /** `address:port` of the control plane and of the gateway, as Traefik reaches them. */
  readonly server: string;
  readonly gateway: string;
  /** Traefik's JSON log, from which the reason of a failed order is read. */
  readonly logFile?: string | undefined;
  readonly clock: Clock;
}

/** An order takes seconds; after this long without a certificate something is wrong. */
const patienceMs = 180_000;

/** Let's Encrypt locks a host out after five failed orders an hour. */
const retryMs = 15 * 60_000;

const longestRevision = 64 * 1024;
const RevisionMiddleware = z.object({
  headers: z.object({ customResponseHeaders: z.object({ 'X-Agentpod-Rev': z.string() }) }),
});

/** Traefik, told what to do by one generated file, which it keeps serving without us. */
export class TraefikIngress implements Ingress {
  readonly #options: TraefikIngressOptions;
  /** Hosts whose certificate was ordered and not seen yet, and since when. */
  readonly #ordered = new Map<string, number>();
  readonly #issued = new Set<string>();
  #attempt = 0;
  #lastAttempt = 0;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(options: TraefikIngressOptions) {
    this.#options = options;
  }

  /** One after the other, so that the last call decides what stays. */
  apply(desired: DesiredIngress): Promise<string> {
    const written = this.#writing.then(() => this.#apply(desired));
    this.#writing = written.catch(() => undefined);
    return written;
  }

  async #apply(desired: DesiredIngress): Promise<string> {
    this.#noteOrders(desired);
    await this.#retryOrders();
    const { mode, server, gateway, directory } = this.#options;
    const { revision, text } = renderDynamicConfig(desired, {
      mode,
      server,
      gateway,
      certificateAttempt: this.#attempt,
    });
    const path = join(directory, 'agentpod.yml');
    try {
      await mkdir(directory, { recursive: true });
      await replaceFile(path, text);
    } catch (cause) {
      throw new AppError('unavailable', 'RoutesNotWritten', `write ${path}: ${(cause as Error).message}`, { cause });
    }
    return revision;
  }

  async liveRevision(signal: AbortSignal): Promise<string | undefined> {
    const url = new URL('/api/http/middlewares/agentpod-rev@file', this.#options.apiUrl).href;
    try {
      const { status, body } = await exchange({ url, timeoutMs: 3000, longestAnswer: longestRevision }, signal);
      // It answers, but has not read our file yet.
      if (status === 404) return 'none';
      return RevisionMiddleware.safeParse(JSON.parse(body)).data?.headers.customResponseHeaders['X-Agentpod-Rev'];
    } catch {
      // Not reachable, too slow, or no JSON: whatever it is, it does not answer as Traefik.
      return undefined;
    }
  }

  async certificate(host: string, signal: AbortSignal): Promise<CertificateView> {
    if (this.#options.mode === 'local') return { state: 'not-needed', detail: undefined };
    const seen = await probeCertificate({ host, port: this.#options.httpsPort, signal });
    if (seen.kind === 'valid') {
      this.#ordered.delete(host);
      this.#issued.add(host);
      return { state: 'issued', detail: `Issued by ${seen.issuer}, valid until ${seen.validTo.toISOString()}` };
    }
    if (seen.kind === 'unreachable') return { state: 'waiting', detail: seen.detail };
    this.#issued.delete(host);
    const since = this.#ordered.get(host);
    if (since === undefined) return { state: 'waiting', detail: undefined };
    if (this.#options.clock.now() - since < patienceMs) {
      return { state: 'waiting', detail: 'The certificate was ordered and has not arrived yet' };
    }
    const { logFile } = this.#options;
    const reason = logFile === undefined ? undefined : await orderFailure(logFile, host);
    return { state: 'failed', detail: reason ?? `No certificate after ${patienceMs / 1000} s; see the log of Traefik` };
  }

  #noteOrders(desired: DesiredIngress): void {
    const wanted = new Set(desired.routes.filter(({ mayCertify }) => mayCertify).map(({ host }) => host));
    if (desired.consoleMayCertify) wanted.add(desired.consoleHost);
    const now = this.#options.clock.now();
    for (const host of this.#ordered.keys()) if (!wanted.has(host)) this.#ordered.delete(host);
    for (const host of wanted.difference(this.#issued)) {
      if (this.#ordered.has(host)) continue;
      this.#ordered.set(host, now);
      this.#lastAttempt = now;
    }
  }

  /** Traefik orders a missing certificate once, and again only when its configuration changes. */
  async #retryOrders(): Promise<void> {
    const { clock, mode } = this.#options;
    if (mode === 'local' || this.#ordered.size === 0 || clock.now() - this.#lastAttempt < retryMs) return;
    // Nobody may have looked at the certificate of a host since it came.
    await Promise.all([...this.#ordered.keys()].map((host) => this.certificate(host, AbortSignal.timeout(5000))));
    if (this.#ordered.size === 0) return;
    this.#attempt += 1;
    this.#lastAttempt = clock.now();
  }
}
