import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AgentType, AppError, memoryProfileOf } from '@agentpod/core';
import { parseDocument } from 'yaml';

/**
 * Reads every `*.yaml` and `*.yml` of the folders; a later folder may not redefine a type of an earlier one. Throws
 * `invalid`/`InvalidAgentType` naming file and field, `invalid`/`NoAgentTypes` when a folder cannot be read.
 */
export function loadAgentTypes(folders: readonly string[]): AgentType[] {
  const types = new Map<string, { file: string; type: AgentType }>();
  for (const file of folders.flatMap(manifestsIn)) {
    const type = readAgentType(file);
    const { name } = type.metadata;
    const other = types.get(name);
    if (other) throw wrong(file, 'metadata.name', `"${name}" is already the type in ${other.file}`);
    types.set(name, { file, type });
  }
  return [...types.values()].map(({ type }) => type);
}

function manifestsIn(folder: string): string[] {
  try {
    const names = readdirSync(folder).filter((name) => /\.ya?ml$/.test(name));
    return names.toSorted().map((name) => join(folder, name));
  } catch (cause) {
    throw new AppError('invalid', 'NoAgentTypes', `agent types cannot be read from ${folder}: ${messageOf(cause)}`, {
      cause,
    });
  }
}

function readAgentType(file: string): AgentType {
  const document = parseDocument(readFileSync(file, 'utf8'));
  const broken = document.errors[0];
  if (broken) throw wrong(file, undefined, broken.message.split('\n')[0] ?? 'no YAML');
  const parsed = AgentType.safeParse(plainValue(file, document));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw wrong(file, issue?.path.join('.') || 'document', issue?.message ?? 'not an agent type');
  }
  checkSense(file, parsed.data);
  return parsed.data;
}

function plainValue(file: string, document: ReturnType<typeof parseDocument>): unknown {
  try {
    return document.toJS();
  } catch (cause) {
    // Aliases that point nowhere, or that multiply without end.
    throw wrong(file, undefined, messageOf(cause));
  }
}

/** What the shape alone cannot say: that the parts of a manifest fit together. */
function checkSense(file: string, type: AgentType): void {
  const { versions, plans, defaultPlan } = type;
  const pattern = compile(file, versions.pattern);
  if (!pattern.test(versions.default)) throw wrong(file, 'versions.default', `does not match ${versions.pattern}`);
  if (!plans[defaultPlan]) throw wrong(file, 'defaultPlan', `there is no plan "${defaultPlan}"`);
  for (const [name, { memory }] of Object.entries(plans)) {
    try {
      memoryProfileOf(type, memory);
    } catch (cause) {
      throw wrong(file, `plans.${name}.memory`, messageOf(cause));
    }
  }
}

function compile(file: string, pattern: string): RegExp {
  try {
    return new RegExp(pattern);
  } catch (cause) {
    throw wrong(file, 'versions.pattern', messageOf(cause));
  }
}

function wrong(file: string, field: string | undefined, message: string): AppError {
  const where = field === undefined ? file : `${file}: ${field}`;
  return new AppError('invalid', 'InvalidAgentType', `${where}: ${message}`, field === undefined ? {} : { field });
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
