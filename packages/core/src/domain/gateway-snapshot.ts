import { z } from 'zod';

/**
 * All the gateway knows. The server writes it sealed and replaces it by rename; the gateway reads it within a second
 * and goes on with the last one while the server is down.
 */
export const GatewaySnapshot = z.object({
  formatVersion: z.literal(1),
  revision: z.number().int(),
  /** Where a browser is sent to log in, without a trailing slash. */
  consoleUrl: z.url(),
  /** True where customers come over HTTPS: cookies are then `__Host-` and `Secure`. */
  secure: z.boolean(),
  /** Signs the gateway's own session cookies; base64url, 32 bytes. */
  sessionKey: z.string(),
  /** Verifies the hand-over codes of the server; base64url, 32 bytes. Not the session key: the server cannot forge sessions by accident. */
  handoverKey: z.string(),
  /** Whoever shows it may read how model calls went; base64url, 32 bytes. Absent in snapshots of older servers. */
  reportKey: z.string().optional(),
  agents: z.array(
    z.object({
      id: z.string(),
      ref: z.string(),
      hosts: z.array(z.string()),
      /** The only address from which the virtual key is accepted. */
      address: z.string(),
      state: z.enum(['starting', 'running', 'stopped', 'failed']),
      /** What the agent calls the people who come through the ingress. */
      user: z.string(),
      /** Lets the server look at the route as a customer would; SHA-256 in hex. */
      probeTokenHash: z.string(),
      probeUser: z.string(),
      virtualKeyHash: z.string(),
      model: z.object({
        provider: z.string(),
        dialect: z.enum(['openai', 'anthropic']),
        name: z.string(),
        /** Absent for the built-in demo. */
        baseUrl: z.string().optional(),
        key: z.string().optional(),
      }),
    }),
  ),
  /** People who may open agents. A session is valid while its user is here and it is not older than `sessionsNotBefore`. */
  users: z.array(z.object({ id: z.string(), name: z.string(), sessionsNotBefore: z.number() })),
});
export type GatewaySnapshot = z.infer<typeof GatewaySnapshot>;

/** Claims of a hand-over code (JWT, HS256): from the console to one agent's host, once, within 30 s. */
export const HandoverClaims = z.object({
  sub: z.string(),
  /** The agent's host name (with port where it is not the default). */
  aud: z.string(),
  /** SHA-256 of the nonce cookie that the gateway set on that host; base64url. */
  nonce: z.string(),
  jti: z.string(),
  iat: z.number(),
  exp: z.number(),
});
export type HandoverClaims = z.infer<typeof HandoverClaims>;

export const handoverSeconds = 30;

/** Paths on an agent's host that belong to the gateway and never reach the agent. */
export const reservedPrefix = '/__agentpod/';

/** Where the gateway tells whoever shows the report key how model calls went. */
export const modelReportPath = '/__internal/models';
