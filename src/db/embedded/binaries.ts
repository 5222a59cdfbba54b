import { execFile } from 'node:child_process';
import { cpSync } from 'node:fs';
import { chmod, lstat, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { EmbeddedPostgresError } from './error.ts';
import { linkLibraries, type PostgresPackage } from './package.ts';
import { everythingIn } from './tree.ts';
import { asUser, type DatabaseUser } from './user.ts';

const run = promisify(execFile);

/**
 * A folder with binaries that the database's user can run: the package's own, or a copy of them in `home`.
 * Never a copy in a shared folder such as /tmp, where a stranger could have planted them.
 */
export async function usableBinaries(from: PostgresPackage, home: string, user?: DatabaseUser): Promise<string> {
  if ((await linkLibraries(from.native)) && !(await complaint(from.native, user))) return from.native;

  const copy = join(home, `binaries-${from.version}`, 'native');
  if (!(await complaint(copy, user))) return copy;
  await copyBinaries(from.native, home, copy);
  const reason = await complaint(copy, user);
  if (!reason) return copy;
  throw new EmbeddedPostgresError(`The embedded Postgres does not run on this system (${reason}): set DATABASE_URL.`);
}

async function copyBinaries(native: string, home: string, copy: string): Promise<void> {
  for (const name of await readdir(home)) {
    if (name.startsWith('binaries-')) await rm(join(home, name), { recursive: true, force: true });
  }
  const half = join(home, 'binaries-half');
  // Blocks for 50 ms where the asynchronous one takes 900.
  cpSync(native, join(half, 'native'), { recursive: true, verbatimSymlinks: true });
  await linkLibraries(join(half, 'native'));
  // Installed under a strict umask they are for one user only.
  for await (const path of everythingIn(half)) {
    const { mode } = await lstat(path);
    await chmod(path, mode & 0o100 ? 0o755 : 0o644);
  }
  await rename(half, dirname(copy));
}

/** Why they do not run for that user: shows a closed folder, a missing library and a foreign libc alike. */
async function complaint(native: string, user: DatabaseUser | undefined): Promise<string | undefined> {
  const program = join(native, 'bin', 'postgres');
  try {
    await run(program, ['--version'], asUser(user));
    return undefined;
  } catch (error) {
    const { stderr, code } = error as { stderr?: string; code?: string };
    return stderr?.trim().split('\n')[0] || `${basename(program)}: ${code}`;
  }
}
