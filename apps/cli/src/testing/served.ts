import { afterEach } from 'vitest';
import { type Route, startStubServer, type StubServer } from './stub-server.ts';

/** Stub servers that are stopped with the test that started them. */
export function served() {
  const servers: StubServer[] = [];
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.stop()));
  });
  return async (routes: Readonly<Record<string, Route>>): Promise<StubServer> => {
    const server = await startStubServer(routes);
    servers.push(server);
    return server;
  };
}
