import { type AgentType, type AgentTypeView, AppError } from '@agentpod/core';
import type { AgentDriver } from '../ports/agent-driver.ts';

export interface KnownType {
  readonly type: AgentType;
  readonly driver: AgentDriver;
}

/** The kinds of agents this installation can run. Given from outside once, never changed while it runs. */
export class AgentTypes {
  readonly #known: ReadonlyMap<string, KnownType>;

  constructor(known: Iterable<KnownType>) {
    this.#known = new Map([...known].map((entry) => [entry.type.metadata.name, entry]));
  }

  find(name: string): KnownType | undefined {
    return this.#known.get(name);
  }

  /** Throws `invalid`/`UnknownType` naming the types there are. */
  get(name: string): KnownType {
    const known = this.#known.get(name);
    if (known) return known;
    throw new AppError('invalid', 'UnknownType', `"${name}" is not a known type of agent`, {
      field: 'spec.type',
      remedy: `Use one of: ${[...this.#known.keys()].join(', ')}.`,
    });
  }

  /** What is meant when a person names none: the first one given. Throws `terminal` when there is none at all. */
  get default(): KnownType {
    const [first] = this.#known.values();
    if (first) return first;
    throw new AppError('terminal', 'NoAgentTypes', 'this installation knows no type of agent', {
      remedy: 'Put manifests into the folder of agent types and start the server again.',
    });
  }

  all(): readonly KnownType[] {
    return [...this.#known.values()];
  }

  views(): AgentTypeView[] {
    return this.all().map(({ type }) => ({
      name: type.metadata.name,
      title: type.metadata.title,
      defaultVersion: type.versions.default,
      testedVersions: type.versions.tested,
      defaultPlan: type.defaultPlan,
      plans: Object.fromEntries(
        Object.entries(type.plans).map(([name, plan]) => [name, { memoryBytes: plan.memory, cpus: plan.cpus }]),
      ),
    }));
  }
}

/** Throws `invalid`/`UnknownDriver` when a type names one that does not exist. */
export function withDrivers(types: readonly AgentType[], drivers: readonly AgentDriver[]): KnownType[] {
  return types.map((type) => ({ type, driver: driverOf(type, drivers) }));
}

function driverOf(type: AgentType, drivers: readonly AgentDriver[]): AgentDriver {
  const driver = drivers.find(({ name }) => name === type.driver);
  if (driver) return driver;
  throw new AppError(
    'invalid',
    'UnknownDriver',
    `type "${type.metadata.name}" names the driver "${type.driver}", which does not exist`,
    {
      field: 'driver',
      remedy: `Use one of: ${drivers.map(({ name }) => name).join(', ')}.`,
    },
  );
}
