/** Facts of the machine the engine runs on. */
export interface Host {
  memoryBytes(): number;
  cpus(): number;
  /** Destinations of the routing table (CIDR), the default route left out. */
  routes(): Promise<readonly string[]>;
  /** An IPv4 address of this machine that is neither loopback nor one of ours; `undefined` when there is none. */
  outwardAddress(): Promise<string | undefined>;
  /** All IPv4 and IPv6 addresses a name resolves to; empty when it does not resolve. */
  resolve(name: string): Promise<readonly string[]>;
  /** All IPv4 and IPv6 addresses of this machine, loopback among them. */
  localAddresses(): Promise<readonly string[]>;
}
