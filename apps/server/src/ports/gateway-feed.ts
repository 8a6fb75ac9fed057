import type { GatewaySnapshot, HandoverClaims } from '@agentpod/core';

/** Hands the gateway all it needs at run time, sealed for it alone, replaced atomically. */
export interface GatewayFeed {
  publish(snapshot: GatewaySnapshot): Promise<void>;
  /** A one-time code that the gateway checks with the same key (base64url, 32 bytes) from its snapshot. */
  signHandover(claims: HandoverClaims, key: string): Promise<string>;
}
