import { AppError, type Block, type ObservedNetwork } from '@agentpod/core';
import type { NetworkInspectInfo } from 'dockerode';
import type { EngineConnection } from './engine-connection.ts';
import { foreignObject, type Ownership, type Role } from './ownership.ts';
import { SharedListing } from './shared-listing.ts';
import { ignore, isKind } from './translate.ts';

interface WantedNetwork {
  readonly role: Extract<Role, 'network' | 'gateway'>;
  readonly agentId: string | undefined;
  readonly name: string;
  readonly bridge: string;
  readonly block: Block;
}

const bridgeOption = 'com.docker.network.bridge.name';

/** One bridge per agent with an address range of its own, so that agents do not share a wire. */
export class Networks {
  readonly #connection: EngineConnection;
  readonly #ownership: Ownership;
  readonly ours: SharedListing<NetworkInspectInfo>;

  constructor(connection: EngineConnection, ownership: Ownership) {
    this.#connection = connection;
    this.#ownership = ownership;
    this.ours = new SharedListing(ownership, (label, signal) => this.#list({ filters: { label } }, signal));
  }

  /** IPv4 subnets of all networks that are not ours. */
  async foreignSubnets(signal: AbortSignal): Promise<readonly string[]> {
    const all = await this.#list({}, signal);
    return all
      .filter(({ Labels }) => !this.#ownership.isOurs(Labels))
      .flatMap((network) => network.IPAM?.Config ?? [])
      .flatMap(({ Subnet }) => (Subnet === undefined || Subnet.includes(':') ? [] : [Subnet]));
  }

  /** Throws `conflict`: `AddressTaken`, `ForeignObject`, or `NetworkDiffers` when ours has another address range. */
  async create(wanted: WantedNetwork, signal: AbortSignal): Promise<void> {
    if (await this.#isThere(wanted, signal)) return;
    const { role, agentId, name, bridge, block } = wanted;
    try {
      await this.#connection.call(
        `create network ${name}`,
        (docker, abortSignal) =>
          docker.createNetwork({
            Name: name,
            CheckDuplicate: true,
            Driver: 'bridge',
            EnableIPv6: false,
            IPAM: { Driver: 'default', Config: [{ Subnet: block.subnet, Gateway: block.gateway }] },
            Options: { [bridgeOption]: bridge, 'com.docker.network.bridge.enable_icc': 'false' },
            Labels: this.#ownership.labels(role, agentId),
            abortSignal,
          }),
        signal,
      );
    } catch (error) {
      // "Exists" and "overlaps" also come when the network is our own, made by a call whose answer was lost.
      if (!isKind(error, 'conflict') || !(await this.#isThere(wanted, signal))) throw error;
    }
  }

  async remove(name: string, signal: AbortSignal): Promise<void> {
    // By id: old engines allow two networks of one name, and refuse to guess which one is meant.
    for (const network of (await this.ours.all(signal)).filter(({ Name }) => Name === name)) {
      await this.#connection
        .call(
          `remove network ${name}`,
          (docker, abortSignal) => docker.getNetwork(network.Id).remove({ abortSignal }),
          signal,
        )
        .catch(ignore('not-found'));
    }
  }

  async #isThere({ role, agentId, name, bridge, block }: WantedNetwork, signal: AbortSignal): Promise<boolean> {
    const sameName = (await this.#list({}, signal)).filter(({ Name }) => Name === name);
    const owner = { role, ...(agentId === undefined ? {} : { agentId }) };
    const own = sameName.find(({ Labels }) => this.#ownership.isOurs(Labels, owner));
    if (!own) {
      if (sameName.length > 0) throw foreignObject('network', name);
      return false;
    }
    const { subnet } = observedNetwork(own);
    if (subnet === block.subnet && own.Options?.[bridgeOption] === bridge) return true;
    throw new AppError(
      'conflict',
      'NetworkDiffers',
      `network ${name} exists with ${subnet} instead of ${block.subnet}`,
      {
        remedy: `Remove it with "docker network rm ${name}"; AgentPod makes it anew.`,
      },
    );
  }

  async #list(
    options: { readonly filters?: { label: string[] } },
    signal: AbortSignal,
  ): Promise<readonly NetworkInspectInfo[]> {
    return this.#connection.call(
      'list networks',
      (docker, abortSignal) => docker.listNetworks({ ...options, abortSignal }),
      signal,
    );
  }
}

export function observedNetwork(network: NetworkInspectInfo): ObservedNetwork {
  return { name: network.Name, subnet: network.IPAM?.Config?.[0]?.Subnet ?? '' };
}
