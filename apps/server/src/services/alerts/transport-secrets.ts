import { z } from 'zod';
import type { StoredTransport } from '../../ports/alert-store.ts';
import type { Vault } from '../../ports/vault.ts';

const Values = z.record(z.string(), z.string());

/** What lets us speak to a transport's other side; opens for that transport alone. */
export class TransportSecrets {
  readonly #vault: Vault;

  constructor(vault: Vault) {
    this.#vault = vault;
  }

  /** `undefined` when there is nothing to keep. */
  seal(transportId: string, secrets: Readonly<Record<string, string>>): string | undefined {
    if (Object.keys(secrets).length === 0) return undefined;
    return this.#vault.seal(JSON.stringify(secrets), contextOf(transportId));
  }

  open({ id, sealedSecrets }: Pick<StoredTransport, 'id' | 'sealedSecrets'>): Readonly<Record<string, string>> {
    if (sealedSecrets === undefined) return {};
    return Values.parse(JSON.parse(this.#vault.open(sealedSecrets, contextOf(id))));
  }
}

function contextOf(transportId: string): string {
  return `${transportId}|transport`;
}
