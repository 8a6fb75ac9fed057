import { lookup, Resolver } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { availableParallelism, networkInterfaces } from 'node:os';
import { AppError } from '@agentpod/core';
import type { Host } from '../../ports/host.ts';
import { parseRoutes, type Route } from './routing-table.ts';

export interface LinuxHostOptions {
  /** `address:port` of the DNS server to ask; absent means the system's. */
  readonly resolver?: string | undefined;
  /** How our own bridges begin. */
  readonly bridgePrefix?: string;
  readonly routeFile?: string;
  readonly memoryFile?: string;
  readonly interfaces?: typeof networkInterfaces;
  /** Milliseconds, from any beginning. */
  readonly now?: () => number;
  readonly resolveMs?: number;
}

/** No such name, or a name without addresses: an answer, not a failure. */
const absent: ReadonlySet<unknown> = new Set(['ENOTFOUND', 'ENODATA']);

/** To list the devices of a machine takes longer with each agent on it, and each check of a route asks. */
const outwardStandsMs = 60_000;

/** The machine AgentPod runs on, as Linux shows it. */
export class LinuxHost implements Host {
  readonly #options: Required<Omit<LinuxHostOptions, 'resolver'>>;
  readonly #resolver: Resolver | undefined;
  #outward: { readonly address: string; readonly at: number } | undefined;

  constructor({ resolver, ...options }: LinuxHostOptions = {}) {
    this.#options = {
      bridgePrefix: 'agp',
      routeFile: '/proc/net/route',
      memoryFile: '/proc/meminfo',
      interfaces: networkInterfaces,
      now: () => performance.now(),
      resolveMs: 5000,
      ...options,
    };
    if (resolver === undefined) return;
    this.#resolver = new Resolver({ timeout: this.#options.resolveMs / 2, tries: 2 });
    this.#resolver.setServers([resolver]);
  }

  memoryBytes(): number {
    const kilobytes = /^MemTotal:\s+(\d+) kB$/m.exec(readFileSync(this.#options.memoryFile, 'utf8'))?.[1];
    if (kilobytes === undefined) throw new Error(`${this.#options.memoryFile} does not say how much memory there is`);
    return Number(kilobytes) * 1024;
  }

  cpus(): number {
    return availableParallelism();
  }

  async routes(): Promise<readonly string[]> {
    return (await this.#routes())
      .map(({ destination }) => destination)
      .filter((destination) => !isDefault(destination));
  }

  async outwardAddress(): Promise<string | undefined> {
    const now = this.#options.now();
    if (this.#outward && now - this.#outward.at < outwardStandsMs) return this.#outward.address;
    const address = await this.#lookOutward();
    // None is soon another answer: the machine may be booting.
    this.#outward = address === undefined ? undefined : { address, at: now };
    return address;
  }

  async #lookOutward(): Promise<string | undefined> {
    const { bridgePrefix, interfaces } = this.#options;
    const candidates = Object.entries(interfaces()).flatMap(([device, addresses = []]) =>
      addresses
        .filter(({ family, internal }) => family === 'IPv4' && !internal && !device.startsWith(bridgePrefix))
        .map(({ address }) => ({ device, address })),
    );
    // The way the world comes in is the way out; without one, any address will do.
    const outward = (await this.#routes()).find(({ destination }) => isDefault(destination))?.device;
    return (candidates.find(({ device }) => device === outward) ?? candidates[0])?.address;
  }

  async localAddresses(): Promise<readonly string[]> {
    return Object.values(this.#options.interfaces()).flatMap((addresses = []) =>
      addresses.map(({ address }) => address),
    );
  }

  async resolve(name: string): Promise<readonly string[]> {
    const limit = Promise.withResolvers<never>();
    const timer = setTimeout(() => limit.reject(unresolved(name, 'no answer')), this.#options.resolveMs);
    try {
      return await Promise.race([this.#addressesOf(name), limit.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #addressesOf(name: string): Promise<readonly string[]> {
    const resolver = this.#resolver;
    if (!resolver) return known(name, async () => (await lookup(name, { all: true })).map(({ address }) => address));
    const both = [known(name, async () => resolver.resolve4(name)), known(name, async () => resolver.resolve6(name))];
    return (await Promise.all(both)).flat();
  }

  async #routes(): Promise<readonly Route[]> {
    return parseRoutes(await readFile(this.#options.routeFile, 'utf8'));
  }
}

function isDefault(destination: string): boolean {
  return destination === '0.0.0.0/0';
}

async function known(name: string, ask: () => Promise<readonly string[]>): Promise<readonly string[]> {
  try {
    return await ask();
  } catch (cause) {
    const { code } = cause as { code?: unknown };
    if (absent.has(code)) return [];
    throw unresolved(name, String(code), cause);
  }
}

function unresolved(name: string, why: string, cause?: unknown): AppError {
  return new AppError('unavailable', 'ResolverUnreachable', `could not look up ${name} (${why})`, { cause });
}
