import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

export interface Holder {
  /** Absent when only root may see whose socket it is. */
  readonly process?: string;
  readonly pid?: number;
}

/** Who listens on a TCP port of this machine; `undefined` when nobody does. Linux keeps it in /proc. */
export async function portHolder(port: number, proc: string): Promise<Holder | undefined> {
  const tables = await Promise.all(['tcp', 'tcp6'].map((name) => readTable(join(proc, 'net', name))));
  const inodes = tables.flatMap((table) => listeningInodes(table, port));
  if (inodes.length === 0) return undefined;
  return (await ownerOf(new Set(inodes), proc)) ?? {};
}

/** Lines of `/proc/net/tcp`: the second column is `address:port` in hex, the fourth is 0A when listening. */
export function listeningInodes(table: string, port: number): string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  return table.split('\n').flatMap((line) => {
    const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/);
    return state === '0A' && local.endsWith(`:${wanted}`) && inode !== undefined ? [inode] : [];
  });
}

async function readTable(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    // A kernel without IPv6 has no tcp6.
    return '';
  }
}

async function ownerOf(inodes: ReadonlySet<string>, proc: string): Promise<Holder | undefined> {
  const pids = (await readdir(proc)).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) {
    try {
      for (const descriptor of await readdir(join(proc, pid, 'fd'))) {
        const inode = /^socket:\[(\d+)\]$/.exec(await readlink(join(proc, pid, 'fd', descriptor)))?.[1];
        if (inode === undefined || !inodes.has(inode)) continue;
        return { process: (await readFile(join(proc, pid, 'comm'), 'utf8')).trim(), pid: Number(pid) };
      }
    } catch {
      // The process ended meanwhile, or belongs to somebody else.
    }
  }
  return undefined;
}
