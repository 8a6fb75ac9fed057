import { AppError, modelReportPath, type ModelReport, ModelReports } from '@agentpod/core';
import type { ModelHealth } from '../../ports/model-health.ts';
import { exchange } from '../exchange.ts';

const timeoutMs = 3000;
/** An agent's report is at most a few kilobytes; ten thousand of them fit. */
const longestAnswer = 32 * 1024 ** 2;

export interface GatewayHealthOptions {
  /** Where the gateway serves visitors, as in `http://127.0.0.1:7201`. */
  readonly gatewayUrl: string;
  /** The report key that is in the gateway's snapshot. */
  readonly reportKey: string;
}

/** Asks the gateway over loopback. */
export class HttpModelHealth implements ModelHealth {
  readonly #options: GatewayHealthOptions;

  constructor(options: GatewayHealthOptions) {
    this.#options = options;
  }

  async read(signal: AbortSignal): Promise<ReadonlyMap<string, ModelReport>> {
    const { gatewayUrl, reportKey } = this.#options;
    try {
      const url = `${gatewayUrl}${modelReportPath}`;
      const headers = { authorization: `Bearer ${reportKey}` };
      const { status, body } = await exchange({ url, headers, timeoutMs, longestAnswer }, signal);
      // Without our key the path does not exist: it reads its first snapshot, or is of an older version.
      if (status !== 200) throw new Error(`it answers ${status}`);
      return new Map(Object.entries(ModelReports.parse(JSON.parse(body))));
    } catch (cause) {
      throw new AppError('unavailable', 'GatewaySilent', `read model health from the gateway: ${wordsOf(cause)}`, {
        cause,
        remedy: 'Make sure that agentpod-gateway runs, in the version of the server.',
      });
    }
  }
}

function wordsOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  if (cause.name === 'TimeoutError') return 'it does not answer in time';
  // What was not understood is quoted by these two; it came from outside.
  if (cause.name === 'ZodError' || cause instanceof SyntaxError) return 'its answer is none';
  return (cause as NodeJS.ErrnoException).code ?? cause.message;
}
