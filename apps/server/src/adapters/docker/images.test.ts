import { createHash, randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import { afterEach, expect, test } from 'vitest';
import { anInstallation, docker, missingEngine } from '../../testing/real-docker.ts';
import { describeReal } from '../../testing/real-parts.ts';
import { DockerRuntime } from './docker-runtime.ts';

describeReal('Pulling with the real engine', missingEngine, () => {
  const { signal } = new AbortController();
  const runtime = new DockerRuntime(anInstallation());
  let registry: Server | undefined;
  afterEach(async () => {
    registry?.closeAllConnections();
    await new Promise((resolve) => (registry ? registry.close(resolve) : resolve(undefined)));
    registry = undefined;
  });

  /** A registry on loopback that the engine talks to without TLS. */
  async function serve(answers: Readonly<Record<string, { type: string; body: Buffer }>>): Promise<string> {
    registry = createServer((request, response) => {
      const path = request.url ?? '';
      const answer =
        answers[path] ?? (path === '/v2/' ? { type: 'application/json', body: Buffer.from('{}') } : undefined);
      response.statusCode = answer ? 200 : 404;
      response.setHeader('Content-Type', answer?.type ?? 'application/json');
      response.end(
        answer?.body ?? JSON.stringify({ errors: [{ code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' }] }),
      );
    });
    await new Promise((resolve) => registry?.listen(0, '127.0.0.1', () => resolve(undefined)));
    return `127.0.0.1:${(registry.address() as AddressInfo).port}`;
  }

  test('an image of a registry is there afterwards, and progress was told', async () => {
    const tar = pack();
    tar.entry({ name: 'file' }, randomBytes(16).toString('hex'));
    tar.finalize();
    const layer = await buffer(tar);
    const digest = (body: Buffer): string => `sha256:${createHash('sha256').update(body).digest('hex')}`;
    const config = Buffer.from(
      JSON.stringify({
        architecture: 'amd64',
        os: 'linux',
        config: {},
        rootfs: { type: 'layers', diff_ids: [digest(layer)] },
      }),
    );
    const media = 'application/vnd.docker';
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: `${media}.distribution.manifest.v2+json`,
        config: { mediaType: `${media}.container.image.v1+json`, size: config.length, digest: digest(config) },
        layers: [{ mediaType: `${media}.image.rootfs.diff.tar`, size: layer.length, digest: digest(layer) }],
      }),
    );
    const type = `${media}.distribution.manifest.v2+json`;
    const blob = (body: Buffer) => ({ type: 'application/octet-stream', body });
    const host = await serve({
      '/v2/agentpod-test/pulled/manifests/1': { type, body: manifest },
      [`/v2/agentpod-test/pulled/manifests/${digest(manifest)}`]: { type, body: manifest },
      [`/v2/agentpod-test/pulled/blobs/${digest(config)}`]: blob(config),
      [`/v2/agentpod-test/pulled/blobs/${digest(layer)}`]: blob(layer),
    });
    const reference = `${host}/agentpod-test/pulled:1`;
    const told: string[] = [];
    try {
      await runtime.pullImage(reference, ({ message }) => told.push(message), signal);
      expect(await runtime.imageId(reference, signal)).toBe(digest(config));
      expect(told.join('\n')).toContain('Pulling');
    } finally {
      await docker.getImage(reference).remove();
    }
  });

  test('a registry without the image is a failure for good, and says how to build it', async () => {
    const reference = `${await serve({})}/agentpod-test/nothing:1`;
    await expect(runtime.pullImage(reference, () => undefined, signal)).rejects.toMatchObject({
      kind: 'terminal',
      reason: 'ImageUnavailable',
      remedy: expect.stringContaining('agentpod image build'),
    });
  });

  test('a registry that does not answer is worth another try', async () => {
    const reference = '127.0.0.1:9/agentpod-test/nothing:1';
    await expect(runtime.pullImage(reference, () => undefined, signal)).rejects.toMatchObject({
      kind: 'unavailable',
      reason: 'RegistryUnreachable',
      remedy: expect.stringContaining('agentpod image build'),
    });
  });
});
