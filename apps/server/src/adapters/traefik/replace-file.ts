import { open, readFile, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Makes the file hold exactly this text, so that a reader sees the old or the new one and a power cut leaves one of
 * them. A file that already holds it is not touched: every write makes Traefik load all its routes again.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  if ((await contentOf(path)) === text) return;
  const directory = dirname(path);
  // No `.yml` at its end: Traefik must not read it.
  const draft = join(directory, `.${basename(path)}.tmp`);
  const file = await open(draft, 'w', 0o644);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
  const folder = await open(directory, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function contentOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
