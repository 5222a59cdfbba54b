import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown, lchown, mkdtemp, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { EmbeddedPostgresError } from './error.ts';
import { everythingIn } from './tree.ts';
import { asUser, type DatabaseUser } from './user.ts';

const run = promisify(execFile);

type ClusterOptions = { password: string; durable: boolean; user: DatabaseUser | undefined };

/** Made beside its place and renamed, so that a start killed half-way leaves no half cluster. */
export async function createCluster(home: string, binaries: string, options: ClusterOptions): Promise<void> {
  const fresh = await mkdtemp(join(home, 'fresh-'));
  const passwordFile = join(fresh, 'password');
  await writeFile(passwordFile, options.password, { mode: 0o600 });
  if (options.user) {
    await chown(passwordFile, options.user.uid, options.user.gid);
    await chown(fresh, options.user.uid, options.user.gid);
  }
  await initdb(join(fresh, 'cluster'), binaries, passwordFile, options);
  await rename(join(fresh, 'cluster'), join(home, 'cluster'));
  if (options.durable) await syncFolder(home); // or a power cut could bring back the old name
  await rm(fresh, { recursive: true, force: true });
}

/** An orphaned initdb may still be writing into one; then a later start removes it. */
export async function removeHalfMade(home: string): Promise<void> {
  for (const name of await readdir(home)) {
    if (name.startsWith('fresh-')) await rm(join(home, name), { recursive: true, force: true }).catch(() => {});
  }
}

async function initdb(cluster: string, binaries: string, passwordFile: string, { durable, user }: ClusterOptions) {
  const flags = [
    ...['-D', cluster, '--username=postgres', `--pwfile=${passwordFile}`, '--auth=scram-sha-256'],
    // The builtin provider's order never changes with the system's libc, so indexes outlive an upgrade of it.
    ...['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
    ...['--data-checksums', '--no-instructions', '--set=max_connections=200'],
    ...(durable ? [] : ['--no-sync']),
  ];
  try {
    await run(join(binaries, 'bin', 'initdb'), flags, asUser(user));
  } catch (cause) {
    const reason = (cause as { stderr?: string }).stderr?.trim().split('\n')[0] || (cause as Error).message;
    throw new EmbeddedPostgresError(`The database could not be created in ${cluster}: ${reason}`, { cause });
  }
}

export async function checkCluster(cluster: string, major: string): Promise<void> {
  const found = await readFile(join(cluster, 'PG_VERSION'), 'utf8').then(
    (text) => text.trim(),
    () => undefined,
  );
  if (found === major) return;
  throw new EmbeddedPostgresError(
    found
      ? `The data in ${cluster} was made by Postgres ${found} and this Holdfast brings Postgres ${major}: dump it with the Holdfast that made it and restore the dump, or set DATABASE_URL.`
      : `${cluster} holds no Postgres data (PG_VERSION is missing): restore it from a backup, or move that folder away to begin anew.`,
  );
}

/** After a restore or on a new image the files may be root's or another uid's. The folder itself comes last: an interrupted turn is repeated. */
export async function giveCluster(cluster: string, user: DatabaseUser | undefined): Promise<void> {
  if (!user || (await stat(cluster)).uid === user.uid) return;
  for await (const path of everythingIn(cluster)) await lchown(path, user.uid, user.gid);
}

export function hasCluster(home: string): boolean {
  return existsSync(join(home, 'cluster'));
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  await handle.sync().finally(() => handle.close());
}
