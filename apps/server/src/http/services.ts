import type { Check, SystemView } from '@agentpod/core';
import type { FastifyBaseLogger } from 'fastify';
import type { Accounts } from '../ports/accounts.ts';
import type { Clock } from '../ports/clock.ts';
import type { Agents } from '../services/agents.ts';
import type { AlertViews } from '../services/alerts/alert-views.ts';
import type { QuietTimes } from '../services/alerts/quiet-times.ts';
import type { Transports } from '../services/alerts/transports.ts';
import type { AgentTypes } from '../services/agent-types.ts';
import type { Changes } from '../services/changes.ts';
import type { AgentCreation } from '../services/create-agent.ts';
import type { Handover } from '../services/handover.ts';
import type { History } from '../services/history/history.ts';
import type { Orphans } from '../services/orphans.ts';
import type { Setup } from '../services/setup.ts';
import type { TalkToAgent } from '../services/talk-to-agent.ts';
import type { Views } from '../services/views.ts';

/** All that the HTTP API can do. */
export interface Services {
  readonly accounts: Accounts;
  readonly setup: Setup;
  readonly handover: Handover;
  readonly types: AgentTypes;
  readonly agents: Agents;
  readonly creation: AgentCreation;
  readonly talk: TalkToAgent;
  readonly views: Views;
  readonly alerts: AlertViews;
  readonly quietTimes: QuietTimes;
  readonly transports: Transports;
  readonly orphans: Pick<Orphans, 'list' | 'remove'>;
  readonly history: History;
  readonly changes: Changes;
  readonly system: () => Promise<SystemView>;
  readonly examine: () => Promise<Check[]>;
  /** Throws when the store cannot be read. */
  readonly ping: () => Promise<void>;
}

export interface AppOptions {
  readonly logger: FastifyBaseLogger;
  readonly clock: Clock;
  readonly version: string;
  /** Where browsers find us, without a trailing slash. */
  readonly consoleUrl: string;
  /** Whether that is HTTPS. */
  readonly secure: boolean;
  /** Lets the CLI on the same machine in. */
  readonly rootToken: string;
  /** Folder of the built dashboard; left out, or not there, when there is none. */
  readonly dashboard?: string;
}

/** What a part of the API is made from. */
export interface RouteContext {
  readonly services: Services;
  readonly options: AppOptions;
  /** Aborted when the server stops: open streams end. */
  readonly stopping: AbortSignal;
}
