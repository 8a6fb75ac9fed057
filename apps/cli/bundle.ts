import type { Plugin } from 'rolldown';

/**
 * For the bundle only: start-up time. Importing `node:process` or `node:util` as a module makes Node evaluate every lazy
 * property they have (three streams, a diff library, …), and commander imports `node:child_process`, with the whole
 * network stack behind it, for sub-commands in files of their own, which we do not have. Together they take as long
 * as the rest of `agentpod --help`.
 */
export function leanBuiltins(): Plugin {
  const prefix = '\0lean:';
  return {
    name: 'lean-builtins',
    resolveId: (id, importer) =>
      importer?.includes('/node_modules/commander/') && id.startsWith('node:') ? `${prefix}${id}` : undefined,
    load: (id) => (id.startsWith(prefix) ? lean(id.slice(prefix.length)) : undefined),
  };
}

function lean(builtin: string): string {
  if (builtin === 'node:process') return 'export default process;';
  if (builtin === 'node:child_process') return 'export default {};';
  return `
    const builtin = process.getBuiltinModule(${JSON.stringify(builtin)});
    export default builtin;
    export const { EventEmitter, stripVTControlCharacters } = builtin;`;
}
