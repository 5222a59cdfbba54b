import { statSync } from 'node:fs';
import { chmod, lstat, mkdir, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { EmbeddedPostgresError } from './error.ts';
import type { DatabaseUser } from './user.ts';

/** `<dataDir>/postgres`: ours, closed to strangers' writing, and passable for the database's user. */
export async function prepareHome(dataDir: string, user: DatabaseUser | undefined): Promise<string> {
  const mode = user ? 0o711 : 0o700;
  const home = join(dataDir, 'postgres');
  try {
    await makeFolder(dataDir, mode);
    if (user) await chmod(dataDir, ((await stat(dataDir)).mode & 0o777) | 0o011);
    await makeFolder(home, mode);
  } catch (cause) {
    throw new EmbeddedPostgresError(
      `Holdfast cannot write its data folder ${dataDir} (${(cause as NodeJS.ErrnoException).code}): set HOLDFAST_DATA to a folder that it may write.`,
      { cause },
    );
  }
  await refuseForeign(home);
  await chmod(home, mode);
  return realpath(home);
}

// Whoever owns this folder decides which binaries and which data we run.
async function refuseForeign(home: string): Promise<void> {
  const found = await lstat(home);
  if (found.isDirectory() && found.uid === process.getuid?.()) return;
  throw new EmbeddedPostgresError(
    `${home} belongs to the user with uid ${found.uid}, not to the one who starts Holdfast: start it as that user, or set HOLDFAST_DATA to another folder.`,
  );
}

async function makeFolder(folder: string, mode: number): Promise<void> {
  if (isFolder(folder)) return;
  await makeFolder(dirname(folder), 0o755);
  await mkdir(folder).catch((error) => {
    if (!isFolder(folder)) throw error; // another start may have been faster
  });
  await chmod(folder, mode); // mkdir's own mode passes through the umask
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
