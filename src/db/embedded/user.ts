import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { EmbeddedPostgresError } from './error.ts';

const run = promisify(execFile);

export type DatabaseUser = { name: string; uid: number; gid: number };

/** Postgres refuses to run as root; undefined means that it runs as ourselves. */
export function databaseUser(): DatabaseUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const entries = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  for (const name of ['postgres', '_postgres', 'nobody']) {
    const entry = entries.find((fields) => fields[0] === name);
    if (entry) return { name, uid: Number(entry[2]), gid: Number(entry[3]) };
  }
  throw new EmbeddedPostgresError(
    'Postgres refuses to run as root and this machine has neither a user "postgres" nor "nobody": start Holdfast as another user, or set DATABASE_URL.',
  );
}

/** The environment is not inherited: the service's holds secrets, and the database's user could read them in /proc. */
export function asUser(user: DatabaseUser | undefined) {
  const bare = { cwd: '/', env: { LC_ALL: 'C', TZ: 'UTC' } };
  return user ? { ...bare, uid: user.uid, gid: user.gid } : bare;
}

/** Asks the kernel as that user: mode bits know nothing of ACLs or mounts. */
export async function firstClosedFolder(folder: string, user: DatabaseUser): Promise<string | undefined> {
  if (await canEnter(folder, user)) return undefined;
  const parent = dirname(folder);
  if (parent === folder) return folder;
  return (await firstClosedFolder(parent, user)) ?? folder;
}

async function canEnter(folder: string, user: DatabaseUser): Promise<boolean> {
  try {
    await run('/bin/sh', ['-c', 'cd -- "$1"', 'sh', folder], asUser(user));
    return true;
  } catch (cause) {
    const { code } = cause as { code?: number | string };
    if (typeof code === 'number') return false;
    throw new EmbeddedPostgresError(
      `Postgres refuses to run as root, and no process can be started as the user "${user.name}" (${code}): start Holdfast as another user, or set DATABASE_URL.`,
      { cause },
    );
  }
}
