import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The program that stands in for `docker`. A shell script with its world in files: a test calls it dozens of times. */
const program = String.raw`
cd "$WORLD" || exit 1
(IFS=$'\x1f'; printf '%s\n' "$*") >>calls
if [ -s down ]; then cat down >&2; exit 1; fi
case $1 in
  version) echo 20.10.24 ;;
  image) cat "images/${'$'}{5//\//_}" 2>/dev/null; exit 0 ;;
  pull)
    ref=${'$'}{3//\//_}
    [ -e "registry/$ref" ] || { echo 'Error: no such host' >&2; exit 1; }
    echo sha256:pulled >"images/$ref" ;;
  container)
    [ -d "containers/$3" ] || { echo '[]'; echo "Error: No such container: $3" >&2; exit 1; }
    state=$(cat "containers/$3/state")
    [ "$state" = running ] && running=true code=0 || running=false code=1
    labels=$(sed 's/\([^=]*\)=\(.*\)/"\1":"\2",/' "containers/$3/labels")
    labels=${'$'}{labels%,}
    echo "[{\"State\":{\"Running\":$running,\"Status\":\"$state\",\"ExitCode\":$code},\"Config\":{\"Labels\":{$labels}}}]" ;;
  run)
    shift
    name='' labels=''
    while [ "${'$'}{1#--}" != "$1" ]; do
      case $1 in
        --rm | --detach | --read-only) shift; continue ;;
        --name) name=$2 ;;
        --label) labels="$labels$2"$'\n' ;;
      esac
      shift 2
    done
    if [ "$(cat refuses 2>/dev/null)" = "$2" ]; then echo "docker: Error response from daemon: $2 is refused" >&2; exit 125; fi
    if [ -n "$name" ]; then
      mkdir -p "containers/$name"
      printf %s "$labels" >"containers/$name/labels"
      [ "$(cat crashes 2>/dev/null)" = "$name" ] && state=restarting || state=running
      echo "$state" >"containers/$name/state"
    fi
    echo abc ;;
  start) echo running >"containers/$2/state" ;;
  stop) echo exited >"containers/$4/state" ;;
  rm) rm -r "containers/$3" ;;
  logs) echo started; echo 'cannot bind 10.203.255.1' >&2 ;;
  *) echo "unknown command $1" >&2; exit 1 ;;
esac
`;

export interface DockerWorld {
  /** Reference → id. */
  readonly images: Readonly<Record<string, string>>;
  readonly registry: readonly string[];
  readonly containers: Readonly<
    Record<string, { readonly state: string; readonly labels: Readonly<Record<string, string>> }>
  >;
  /** What it says instead of answering. */
  readonly down: string;
  /** Name of a container that never comes up. */
  readonly crashes: string;
  /** Command (`init`, `server`) whose container cannot be run. */
  readonly refuses: string;
}

/** A directory to put first on PATH, with a `docker` in it that remembers. */
export async function fakeDocker(world: Partial<DockerWorld> = {}) {
  const dir = await mkdtemp(join(tmpdir(), 'agentpod-docker-'));
  await writeFile(join(dir, 'docker'), `#!/bin/bash\nWORLD='${dir}'\n${program}`);
  await chmod(join(dir, 'docker'), 0o755);
  const data = join(dir, 'data');
  const proc = join(dir, 'proc');
  await mkdir(join(proc, 'net'), { recursive: true });
  const change = async (changes: Partial<DockerWorld>) => {
    const fileOf = (reference: string) => reference.replaceAll('/', '_');
    if (changes.images)
      await folder(
        join(dir, 'images'),
        Object.entries(changes.images).map(([ref, id]) => [fileOf(ref), id]),
      );
    if (changes.registry)
      await folder(
        join(dir, 'registry'),
        changes.registry.map((ref) => [fileOf(ref), '']),
      );
    for (const [name, { state, labels }] of Object.entries(changes.containers ?? {})) {
      const lines = Object.entries(labels).map(([key, value]) => `${key}=${value}\n`);
      await folder(join(dir, 'containers', name), [
        ['state', state],
        ['labels', lines.join('')],
      ]);
    }
    for (const key of ['down', 'crashes', 'refuses'] as const) {
      if (changes[key] !== undefined) await writeFile(join(dir, key), changes[key]);
    }
  };
  await change({ images: {}, registry: [], ...world });
  await mkdir(join(dir, 'containers'), { recursive: true });
  return {
    dir,
    data,
    proc,
    env: { PATH: `${dir}:${process.env['PATH'] ?? ''}`, AGENTPOD_DATA_DIR: data },
    change,
    stopped: (name: string) => writeFile(join(dir, 'containers', name, 'state'), 'exited'),
    containers: () => readdir(join(dir, 'containers')),
    /** Every call since the last time this was asked. */
    calls: async () => {
      const text = await readFile(join(dir, 'calls'), 'utf8').catch(() => '');
      await writeFile(join(dir, 'calls'), '');
      return text
        .split('\n')
        .filter(Boolean)
        .map((line) => line.split('\u001f'));
    },
    remove: () => rm(dir, { recursive: true, force: true }),
  };
}
export type FakeDocker = Awaited<ReturnType<typeof fakeDocker>>;

/** A line of `/proc/net/tcp`: somebody listens on this port of every address. */
export function listeningOn(port: number, inode: number): string {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  return `   0: 00000000:${hex} 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0 100 0 0 10 0\n`;
}

/** Exactly these files. */
async function folder(path: string, files: readonly (readonly [name: string, content: string])[]): Promise<void> {
  await rm(path, { recursive: true, force: true });
  await mkdir(path, { recursive: true });
  for (const [name, content] of files) await writeFile(join(path, name), content);
}
