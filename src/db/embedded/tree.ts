import { opendir } from 'node:fs/promises';
import { join } from 'node:path';

/** Files and folders below a folder, and last the folder itself; symlinks are neither given nor followed. */
export async function* everythingIn(folder: string): AsyncGenerator<string> {
  for await (const entry of await opendir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* everythingIn(path);
    else if (entry.isFile()) yield path;
  }
  yield folder;
}
