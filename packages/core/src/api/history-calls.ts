import type { z } from 'zod';
import { parseAgentRef } from '../domain/names.ts';
import { AgentHistory, type HistoryQuery, type SlaQuery, SlaReport } from './history-schemas.ts';

/** What these calls need of the client. */
export interface HistoryCalling {
  readonly ask: <S extends z.ZodType>(schema: S, method: string, path: string) => Promise<z.output<S>>;
  readonly send: (method: string, path: string) => Promise<{ text(): Promise<string> }>;
  readonly queryString: (values: Readonly<Record<string, string | undefined>>) => string;
}

export function historyCalls({ ask, send, queryString }: HistoryCalling) {
  return {
    /** The last 24 hours when nothing is said. */
    history: (ref: string, query: HistoryQuery = {}) => {
      const { tenant, agent } = parseAgentRef(ref);
      return ask(AgentHistory, 'GET', `/v1/agents/${tenant}/${agent}/history${queryString(query)}`);
    },
    sla: (query: Omit<SlaQuery, 'format'>) => ask(SlaReport, 'GET', `/v1/sla${queryString(query)}`),
    /** The same as a spreadsheet reads it (RFC 4180). */
    slaCsv: async (query: Omit<SlaQuery, 'format'>) =>
      (await send('GET', `/v1/sla${queryString({ ...query, format: 'csv' })}`)).text(),
  };
}
