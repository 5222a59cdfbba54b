import { chmod, chown, mkdir, mkdtemp, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatabaseUser } from './user.ts';

type Socket = { folder: string; clear(): Promise<void>; remove(): Promise<void> };

const port = 5432;
const names = [`.s.PGSQL.${port}`, `.s.PGSQL.${port}.lock`];
const longestPath = 103; // macOS; Linux allows 107

/**
 * Only the database's user and root pass its folder, so a stranger can neither connect nor, while Postgres is down,
 * listen in its place and ask us for the password, as he could on a TCP port.
 */
export async function makeSocket(home: string, user: DatabaseUser | undefined): Promise<Socket> {
  const near = join(home, 'socket');
  const isNear = Buffer.byteLength(join(near, '.s.PGSQL.5432')) <= longestPath;
  const folder = isNear ? near : await mkdtemp('/tmp/holdfast-');
  if (isNear) await mkdir(folder, { recursive: true });
  if (user) await chown(folder, user.uid, user.gid);
  await chmod(folder, 0o700);
  return {
    folder,
    // A leftover names a pid, and Postgres refuses to start when that pid has gone to another program.
    async clear() {
      for (const name of names) await rm(join(folder, name), { force: true });
    },
    async remove() {
      if (!isNear) await rmdir(folder);
    },
  };
}

/** `host` in the query wins over `localhost` in pg and libpq alike, and `new URL` reads it. */
export function socketUrl(folder: string, login: { user: string; password: string; database: string }): string {
  const { user, password, database } = login;
  return `postgres://${user}:${password}@localhost:${port}/${encodeURIComponent(database)}?host=${encodeURIComponent(folder)}`;
}
