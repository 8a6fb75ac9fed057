import { z } from 'zod';
import { AgentStatus } from '../domain/agent.ts';
import { ModelSpec, AgentSpec, AgentSpecInput } from '../domain/spec.ts';

/** Everything that crosses the wire. The server parses and answers with these, the client is typed by them. */

export const AgentStateWord = z.enum([
  'creating',
  'starting',
  'ready',
  'degraded',
  'stopped',
  'stalled',
  'deleting',
  'deleted',
  'unknown',
]);

export const AgentView = z.object({
  id: z.string(),
  /** `acme` or `acme/hr`: what a person types. */
  ref: z.string(),
  tenant: z.string(),
  name: z.string(),
  /** Where customers open it. */
  url: z.url(),
  host: z.string(),
  state: AgentStateWord,
  generation: z.number().int(),
  createdAt: z.iso.datetime(),
  deletedAt: z.iso.datetime().optional(),
  spec: AgentSpec,
  status: AgentStatus,
  /** Its last answer over its authenticated interface; absent when there was none since the control plane started. */
  heartbeatAt: z.iso.datetime().optional(),
  /** The newest message that it took or sent, as far as its type can tell. */
  lastActivityAt: z.iso.datetime().optional(),
  /** Now; absent when it does not run, or was not measured yet. */
  usage: z
    .object({
      /** 1 is one core. */
      cpuFraction: z.number(),
      memoryBytes: z.number(),
      memoryLimitBytes: z.number(),
      /** What lies in its volumes; measured more rarely. */
      diskBytes: z.number().optional(),
    })
    .optional(),
});
export type AgentView = z.infer<typeof AgentView>;

/** Write-only: goes in, is sealed, and never comes out. */
const ModelKey = z.string().min(1).max(4096).meta({ writeOnly: true });

export const CreateAgent = z.strictObject({
  /** `acme` or `acme/hr`; the tenant comes into being with its first agent. */
  ref: z.string(),
  spec: AgentSpecInput.default({}),
  modelKey: ModelKey.optional(),
  /** Create it although memory does not suffice. */
  force: z.boolean().default(false),
});
export type CreateAgent = z.input<typeof CreateAgent>;

export const UpdateAgent = z.strictObject({ spec: AgentSpecInput });
export type UpdateAgent = z.input<typeof UpdateAgent>;

export const SetModel = z.strictObject({ model: ModelSpec.omit({ key: true }), modelKey: ModelKey.optional() });
export type SetModel = z.input<typeof SetModel>;

export const AgentList = z.object({ items: z.array(AgentView), nextCursor: z.string().optional() });
export type AgentList = z.infer<typeof AgentList>;

export const ListAgentsQuery = z.strictObject({
  tenant: z.string().optional(),
  cursor: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  /** Also those that were deleted and can be brought back. */
  deleted: z.stringbool().default(false),
});

export const TenantView = z.object({
  id: z.string(),
  name: z.string(),
  createdAt: z.iso.datetime(),
  agents: z.array(z.string()),
});
export const TenantList = z.object({ items: z.array(TenantView) });

export const EventView = z.object({
  id: z.number().int(),
  time: z.iso.datetime(),
  agent: z.string(),
  type: z.enum(['normal', 'warning']),
  reason: z.string(),
  message: z.string(),
  /** How often it happened in a row. */
  count: z.number().int(),
});
export type EventView = z.infer<typeof EventView>;
export const EventList = z.object({ items: z.array(EventView) });

export const ChatRequest = z.strictObject({
  message: z.string().min(1).max(32_000),
  /** Turns with the same word belong to one conversation. */
  session: z
    .string()
    .regex(/^[a-z0-9-]{1,40}$/)
    .default('agentpod'),
  timeoutSeconds: z.number().int().min(1).max(300).default(120),
});
export type ChatRequest = z.input<typeof ChatRequest>;
export const ChatReply = z.object({ reply: z.string(), milliseconds: z.number().int() });
export type ChatReply = z.infer<typeof ChatReply>;

export const LogLine = z.object({
  time: z.string().optional(),
  stream: z.enum(['stdout', 'stderr']),
  line: z.string(),
});
export type LogLine = z.infer<typeof LogLine>;
export const LogsQuery = z.strictObject({
  tail: z.coerce.number().int().min(0).max(10_000).default(100),
  follow: z.stringbool().default(false),
});

export const AgentTypeView = z.object({
  name: z.string(),
  title: z.string(),
  defaultVersion: z.string(),
  testedVersions: z.array(z.string()),
  defaultPlan: z.string(),
  plans: z.record(z.string(), z.object({ memoryBytes: z.number(), cpus: z.number() })),
});
export type AgentTypeView = z.infer<typeof AgentTypeView>;
export const AgentTypeList = z.object({ items: z.array(AgentTypeView) });

export const SystemView = z.object({
  version: z.string(),
  mode: z.enum(['local', 'domain']),
  baseDomain: z.string(),
  consoleUrl: z.url(),
  engine: z.object({ name: z.string(), version: z.string(), apiVersion: z.string() }).optional(),
  memoryBytes: z.number(),
  cpus: z.number(),
  agents: z.number().int(),
});
export type SystemView = z.infer<typeof SystemView>;

export const Check = z.object({
  name: z.string(),
  status: z.enum(['ok', 'warning', 'failed']),
  message: z.string(),
  remedy: z.string().optional(),
});
export type Check = z.infer<typeof Check>;
export const DoctorReport = z.object({ checks: z.array(Check) });
export type DoctorReport = z.infer<typeof DoctorReport>;

/** What an agent that nobody knows has left on the engine. */
export const OrphanView = z.object({
  agentId: z.string(),
  seenAt: z.iso.datetime(),
  /** When containers and networks go by themselves. */
  removalAt: z.iso.datetime(),
  containers: z.array(z.string()),
  networks: z.array(z.string()),
  /** Never removed by AgentPod. */
  keptVolumes: z.array(z.string()),
});
export type OrphanView = z.infer<typeof OrphanView>;
export const OrphanList = z.object({ items: z.array(OrphanView) });

export const SetupState = z.object({ done: z.boolean() });
/** Opens the set-up page once; asked for by the CLI of the same machine, with the root token. */
export const SetupLink = z.object({ url: z.url(), expiresAt: z.iso.datetime() });
export type SetupLink = z.infer<typeof SetupLink>;
const Password = z.string().min(10, 'use at least 10 characters').max(200);
export const SetupRequest = z.strictObject({
  /** The one-time token of the set-up link. */
  token: z.string(),
  username: z.string().regex(/^[a-zA-Z0-9._@-]{2,60}$/, 'use 2 to 60 of letters, digits, ".", "_", "@" and "-"'),
  password: Password.meta({ writeOnly: true }),
});
export type SetupRequest = z.input<typeof SetupRequest>;
export const LogIn = z.strictObject({ username: z.string(), password: z.string().max(200).meta({ writeOnly: true }) });
export type LogIn = z.input<typeof LogIn>;
export const Me = z.object({ id: z.string(), username: z.string(), via: z.enum(['session', 'token']) });
export type Me = z.infer<typeof Me>;

export const CreateToken = z.strictObject({ name: z.string().min(1).max(60) });
/** The token itself is shown once, in the answer to its creation. */
export const TokenView = z.object({ id: z.string(), name: z.string(), createdAt: z.iso.datetime() });
export const NewToken = TokenView.extend({ token: z.string() });
export const TokenList = z.object({ items: z.array(TokenView) });

/** One message of the watch stream: the object as it is now, or the id of one that is gone. */
export const WatchMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('agent'), agent: AgentView }),
  z.object({ type: z.literal('gone'), id: z.string() }),
]);
export type WatchMessage = z.infer<typeof WatchMessage>;
