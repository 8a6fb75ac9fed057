import { AppError } from '@agentpod/core';
import type { AgentDriver, AgentEndpoint, Answer } from '../ports/agent-driver.ts';

/** One question over a new connection, and its answer as the prober would tell it. */
export async function checked(driver: AgentDriver, endpoint: AgentEndpoint, signal: AbortSignal): Promise<Answer> {
  try {
    const session = await driver.openSession(endpoint, signal, Date.now);
    try {
      return (await session.check(signal)).healthy;
    } finally {
      session.close();
    }
  } catch (error) {
    if (!(error instanceof AppError) || error.kind !== 'unavailable') throw error;
    return { ok: false, detail: error.message.charAt(0).toUpperCase() + error.message.slice(1) };
  }
}
