import { type AgentSpec, type AgentSpecInput, canonicalJson } from '@agentpod/core';

/** A spec field by field, named as people write them in requests. */
function fieldsOf(spec: AgentSpec): ReadonlyMap<string, unknown> {
  const { resources, model, identity } = spec;
  return new Map<string, unknown>([
    ['spec.type', spec.type],
    ['spec.version', spec.version],
    ['spec.plan', spec.plan],
    ['spec.resources.memory', resources.memoryBytes],
    ['spec.resources.cpus', resources.cpus],
    ['spec.resources.pids', resources.pids],
    ['spec.model.provider', model.provider],
    ['spec.model.name', model.name],
    ['spec.model.baseUrl', model.baseUrl],
    ['spec.identity.soul', identity.soul],
    ['spec.identity.memory', identity.memory],
    ['spec.identity.instructions', identity.instructions],
    ['spec.config', textOf(spec.config)],
  ]);
}

/** Names of the fields in which two specs differ. */
export function changedFields(before: AgentSpec, after: AgentSpec): string[] {
  const old = fieldsOf(before);
  return [...fieldsOf(after)].filter(([name, value]) => value !== old.get(name)).map(([name]) => name);
}

/** The first field that a person named and that this spec has otherwise; what was left unsaid is no difference. */
export function firstDifference(said: AgentSpecInput, spec: AgentSpec): string | undefined {
  const { resources, model, identity } = said;
  const wanted: readonly (readonly [string, unknown])[] = [
    ['spec.type', said.type],
    ['spec.version', said.version],
    ['spec.plan', said.plan],
    ['spec.resources.memory', resources?.memory],
    ['spec.resources.cpus', resources?.cpus],
    ['spec.resources.pids', resources?.pids],
    ['spec.model.provider', model?.provider],
    ['spec.model.name', model?.name],
    ['spec.model.baseUrl', model?.baseUrl],
    ['spec.identity.soul', identity?.soul],
    ['spec.identity.memory', identity?.memory],
    ['spec.identity.instructions', identity?.instructions],
    ['spec.config', textOf(said.config)],
  ];
  const has = fieldsOf(spec);
  // A model is said as a whole: naming one without a base URL means its provider's own. So is the configuration: `null`
  // and `{}` both mean that there is to be none.
  const isSaid = (name: string, value: unknown): boolean =>
    value !== undefined ||
    (name === 'spec.model.baseUrl' && model !== undefined) ||
    (name === 'spec.config' && said.config !== undefined);
  return wanted.find(([name, value]) => isSaid(name, value) && value !== has.get(name))?.[0];
}

function textOf(config: AgentSpecInput['config']): string | undefined {
  return config && Object.keys(config).length > 0 ? canonicalJson(config) : undefined;
}
