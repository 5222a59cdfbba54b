import { createHash } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { EmbeddedPostgresError } from './error.ts';
import { type DatabaseUser, firstClosedFolder } from './user.ts';

type Place = { dataDir: string; notice?: string };

/** Decides where the data lives; writes nothing. */
export async function choosePlace(wanted: string, explicit: boolean, user: DatabaseUser | undefined): Promise<Place> {
  const dataDir = resolve(wanted);
  if (!user) return { dataDir };

  const closed = await firstClosedFolder(existingParent(dataDir), user);
  const moved = movedDataDir(dataDir);
  const filled = hasCluster(dataDir);
  if (!closed && (explicit || filled || !hasCluster(moved))) return { dataDir };
  if (!closed) return { dataDir: moved, notice: `The data is kept in ${moved}, where an earlier start put it.` };

  const obstacle = `The database's user "${user.name}" cannot enter ${closed}`;
  const remedy = `set HOLDFAST_DATA to a folder that it can reach, or let it pass with "chmod o+x ${closed}"`;
  if (explicit) throw new EmbeddedPostgresError(`${obstacle}, so it cannot use HOLDFAST_DATA=${wanted}: ${remedy}.`);
  // Moving on to an empty folder would look as if every account were lost.
  if (filled) throw new EmbeddedPostgresError(`${obstacle}, so it cannot reach the data in ${dataDir}: ${remedy}.`);
  return {
    dataDir: moved,
    notice: `${obstacle}, so the data is kept in ${moved}; HOLDFAST_DATA chooses another place.`,
  };
}

export function movedDataDir(wanted: string): string {
  const dataDir = resolve(wanted);
  const name = basename(dirname(dataDir)).replaceAll(/[^\w-]/g, '') || 'data';
  return join('/var/lib/holdfast', `${name}-${createHash('sha256').update(dataDir).digest('hex').slice(0, 12)}`);
}

function hasCluster(dataDir: string): boolean {
  return existsSync(join(dataDir, 'postgres', 'cluster'));
}

function existingParent(path: string): string {
  if (existsSync(path)) return dirname(realpathSync(path));
  const parent = dirname(path);
  return existsSync(parent) ? realpathSync(parent) : existingParent(parent);
}
