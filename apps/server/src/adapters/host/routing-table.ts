/** One line of `/proc/net/route`. */
export interface Route {
  readonly device: string;
  /** CIDR. */
  readonly destination: string;
}

/** RTF_REJECT: such a route leads nowhere, it only keeps packets from leaking. */
const rejects = 0x200;

/** Reads `/proc/net/route`: addresses are hexadecimal, lowest byte first. */
export function parseRoutes(table: string): readonly Route[] {
  return table
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [device, destination, , flags, , , , mask] = line.split('\t');
      if (device === undefined || destination === undefined || flags === undefined || mask === undefined) return [];
      if ((Number.parseInt(flags, 16) & rejects) !== 0) return [];
      return [{ device, destination: `${dotted(destination)}/${prefixLength(mask)}` }];
    });
}

function dotted(hex: string): string {
  return Buffer.from(hex, 'hex').toReversed().join('.');
}

function prefixLength(hex: string): number {
  const bits = Number.parseInt(hex, 16).toString(2);
  return bits.replaceAll('0', '').length;
}
