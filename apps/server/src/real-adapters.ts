import type { AgentType } from '@agentpod/core';
import { DockerRuntime } from './adapters/docker/docker-runtime.ts';
import { GatewayFileFeed } from './adapters/gateway-file/gateway-file-feed.ts';
import { HttpModelHealth } from './adapters/gateway-health/http-model-health.ts';
import { LinuxHost } from './adapters/host/linux-host.ts';
import { HttpAgentProbe } from './adapters/http-probe/http-agent-probe.ts';
import { loadAgentTypes } from './adapters/manifest/load-agent-types.ts';
import { ManifestDriver } from './adapters/manifest/manifest-driver.ts';
import { OpenClawDriver } from './adapters/openclaw/openclaw-driver.ts';
import { systemClock } from './adapters/system-clock/system-clock.ts';
import { TraefikIngress } from './adapters/traefik/traefik-ingress.ts';
import { transportKinds } from './adapters/transports/transport-kinds.ts';
import { traefikLogFile } from './adapters/traefik/write-static-config.ts';
import type { Config } from './config.ts';
import type { Installation } from './initialise.ts';
import type { AgentDriver } from './ports/agent-driver.ts';
import type { AgentProbe } from './ports/agent-probe.ts';
import type { GatewayFeed } from './ports/gateway-feed.ts';
import type { TransportKind } from './ports/alert-transport.ts';
import type { Host } from './ports/host.ts';
import type { Ingress } from './ports/ingress.ts';
import type { ModelHealth } from './ports/model-health.ts';
import type { RuntimeEngine } from './ports/runtime.ts';

/** Everything that touches the world; `npm run dev` gives others. */
export interface Adapters {
  readonly runtime: RuntimeEngine;
  readonly ingress: Ingress;
  readonly host: Host;
  readonly feed: GatewayFeed;
  /** With the key that is in the gateway's snapshot. */
  readonly modelHealth: (reportKey: string) => ModelHealth;
  readonly probe: AgentProbe;
  /** The ways in which people can be told of alerts. */
  readonly transports: readonly TransportKind[];
  readonly drivers: readonly AgentDriver[];
  readonly types: readonly AgentType[];
}

/** The adapters of a real installation. */
export function realAdapters(config: Config, installation: Installation): Adapters {
  const probe = new HttpAgentProbe();
  return {
    runtime: new DockerRuntime({
      socketPath: config.dockerSocket,
      installation: installation.id,
      // Linux allows 15 characters; several installations may live on one machine.
      gatewayBridge: `agpgw${installation.id.slice(0, 8)}`,
    }),
    ingress: new TraefikIngress({
      directory: config.paths.ingress,
      apiUrl: config.traefikApi,
      mode: config.mode,
      httpsPort: config.ports.https,
      server: `${config.listen.address}:${config.listen.port}`,
      gateway: `127.0.0.1:${config.gatewayPort}`,
      logFile: traefikLogFile(config.paths.acme),
      clock: systemClock,
    }),
    host: new LinuxHost(config.resolver === undefined ? {} : { resolver: config.resolver }),
    feed: new GatewayFileFeed({ keyFile: config.paths.gatewayKey, snapshotFile: config.paths.gatewaySnapshot }),
    modelHealth: (reportKey) =>
      new HttpModelHealth({ gatewayUrl: `http://127.0.0.1:${config.gatewayPort}`, reportKey }),
    probe,
    transports: transportKinds(),
    drivers: [new ManifestDriver(probe), new OpenClawDriver()],
    types: loadAgentTypes([
      config.agentTypes,
      ...(config.extraAgentTypes === undefined ? [] : [config.extraAgentTypes]),
    ]),
  };
}
