import type { Plugin } from 'rolldown';

/** What dockerode and docker-modem load for builds and for engines behind SSH: a fifth of the whole bundle. */
const unused = ['@grpc/grpc-js', '@grpc/proto-loader', 'protobufjs', 'ssh2'];

/** For the bundle only: memory. AgentPod speaks to its engine through a socket, and builds with the `docker` command. */
export function leanEngineClient(): Plugin {
  const prefix = '\0unused:';
  return {
    name: 'lean-engine-client',
    resolveId: (id, importer) =>
      unused.includes(id) && importer && /\/node_modules\/(dockerode|docker-modem)\//.test(importer)
        ? `${prefix}${id}`
        : undefined,
    load: (id) => (id.startsWith(prefix) ? 'module.exports = {};' : undefined),
  };
}
