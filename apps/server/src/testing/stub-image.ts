import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import Dockerode from 'dockerode';
import { pack } from 'tar-stream';

/** A shell and the usual small programs, from the distribution's package: no container registry is asked. */
export const stubImage = 'agentpod-test/busybox:1';
const [repo, tag] = stubImage.split(':');

const run = promisify(execFile);

/** Makes the image unless it is there; the answer is its id. Run as a program: `node stub-image.ts [SOCKET]`. */
export async function ensureStubImage(socketPath = '/var/run/docker.sock'): Promise<string> {
  const docker = new Dockerode({ socketPath });
  const present = await idOf(docker);
  if (present !== undefined) return present;
  const progress = await docker.importImage(await rootFilesystem(), { repo, tag });
  await new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(progress, (error) => (error ? reject(error) : resolve()));
  });
  const made = await idOf(docker);
  if (made === undefined) throw new Error(`${stubImage} was imported but is not there`);
  return made;
}

async function idOf(docker: Dockerode): Promise<string | undefined> {
  const images = await docker.listImages({ filters: { reference: [stubImage] } });
  return images[0]?.Id;
}

async function rootFilesystem(): Promise<Readable> {
  const folder = await mkdtemp(join(tmpdir(), 'busybox-'));
  try {
    const binary = await staticBusybox(folder);
    const { stdout: applets } = await run(binary, ['--list']);
    const tar = pack();
    for (const name of ['bin/', 'tmp/']) tar.entry({ name, type: 'directory', mode: name === 'tmp/' ? 0o1777 : 0o755 });
    tar.entry({ name: 'bin/busybox', mode: 0o755 }, await readFile(binary));
    for (const applet of applets.trim().split('\n')) {
      if (applet !== 'busybox') tar.entry({ name: `bin/${applet}`, type: 'symlink', linkname: 'busybox' });
    }
    tar.finalize();
    return Readable.from(tar);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The installed one where `busybox-static` is installed; otherwise its package is downloaded and unpacked. */
async function staticBusybox(folder: string): Promise<string> {
  const installed = await run('dpkg-query', ['--show', '--showformat=${db:Status-Status}', 'busybox-static']).then(
    ({ stdout }) => stdout === 'installed',
    // dpkg-query fails for a package it never heard of.
    () => false,
  );
  if (installed) return '/bin/busybox';
  await run('apt-get', ['download', 'busybox-static'], { cwd: folder });
  const archive = (await readdir(folder)).find((name) => name.endsWith('.deb'));
  if (archive === undefined) throw new Error('apt-get downloaded no package busybox-static');
  await run('dpkg-deb', ['--extract', join(folder, archive), folder]);
  return join(folder, 'bin', 'busybox');
}

if (import.meta.main) {
  const id = await ensureStubImage(process.argv[2]);
  process.stdout.write(`${stubImage} ${id}\n`);
}
