import { createHash } from 'node:crypto';
import {
  type Agent,
  type AgentFile,
  type AgentType,
  canonicalJson,
  effectiveSpec,
  findModelProvider,
  gatewayBlock,
  handleOf,
  imageReference,
  memoryProfileOf,
  type RevisedFile,
  type Target,
} from '@agentpod/core';
import type { AgentCredentials, AgentDriver } from '../ports/agent-driver.ts';

export interface TargetInput {
  readonly agent: Agent;
  readonly type: AgentType;
  readonly driver: AgentDriver;
  readonly credentials: AgentCredentials;
  /** Version of the model key's secret; 0 when there is none. */
  readonly modelKeyVersion: number;
  readonly origin: string;
  readonly supernet: string;
  readonly modelPort: number;
}

/** Renders what an agent should be. Undefined as long as it has no address: the rendering speaks of it. */
export function targetOf(input: TargetInput): Target | undefined {
  const { type, credentials } = input;
  const agent = { ...input.agent, spec: effectiveSpec(input.agent) };
  const { block, spec } = agent;
  if (!block) return undefined;
  const profile = memoryProfileOf(type, spec.resources.memoryBytes);
  const rendered = input.driver.render({
    agent,
    type,
    profile,
    block,
    origin: input.origin,
    credentials,
    model: {
      gatewayUrl: modelGatewayUrl(input.supernet, input.modelPort),
      dialect: findModelProvider(spec.model.provider)?.dialect ?? 'openai',
      name: spec.model.name,
      epoch: hash({ ...spec.model, keyVersion: input.modelKeyVersion }),
    },
  });
  const shape = {
    // OpenClaw recognises the dead owner of its data by host name alone, so it must outlive the container.
    hostname: `agent-${handleOf(agent.id)}`,
    user: type.container.user,
    entrypoint: type.container.entrypoint,
    command: type.container.command,
    env: { ...type.container.env, ...profile.env, ...rendered.env },
    mounts: type.mounts,
    readOnlyRoot: type.container.readOnlyRoot,
    tmpfs: type.container.tmpfs,
    stop: type.container.stop,
  };
  return {
    imageReferences: {
      local: imageReference(type.image.local, spec.version),
      registry: type.image.registry === undefined ? undefined : imageReference(type.image.registry, spec.version),
    },
    shape,
    limits: spec.resources,
    configFiles: rendered.configFiles.map(revised),
    stateFiles: rendered.stateFiles.map(revised),
    configRevision: hash(rendered.configFiles),
    stateRevision: hash(rendered.stateFiles),
    instanceRevision: hash({ shape, block, version: spec.version, boot: rendered.bootInputs }),
    unhealableExitCodes: type.container.unhealableExitCodes,
    startDeadlineSeconds: type.probes.started.deadlineSeconds,
    loop: type.probes.loop,
    validation: type.validate,
  };
}

export function modelGatewayUrl(supernet: string, port: number): string {
  return `http://${gatewayBlock(supernet).gateway}:${port}`;
}

function revised(file: AgentFile): RevisedFile {
  return { ...file, revision: hash(file) };
}

function hash(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}
