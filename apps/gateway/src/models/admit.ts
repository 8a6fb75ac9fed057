import type { IncomingMessage } from 'node:http';
import { hasSha256 } from '../digest.ts';
import type { Agent, Snapshot } from '../snapshot/snapshot.ts';
import { ModelFailure } from './dialect.ts';

const nobody = '0'.repeat(64);

/**
 * The agent that calls: its key and its address must both be right. Throws `forbidden` otherwise and does not say which
 * was wrong: a stolen key must not be testable from elsewhere.
 */
export function admit(snapshot: Snapshot, request: IncomingMessage): Agent {
  const agent = snapshot.agentsByAddress.get(request.socket.remoteAddress ?? '');
  const keyIsRight = hasSha256(keyOf(request), agent?.virtualKeyHash ?? nobody);
  if (agent === undefined || !keyIsRight) throw new ModelFailure('forbidden', 'this key is not accepted from here');
  return agent;
}

function keyOf({ headers }: IncomingMessage): string {
  const bearer = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  return bearer ?? headers['x-api-key']?.toString() ?? '';
}
