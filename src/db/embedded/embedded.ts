import { join, resolve } from 'node:path';
import { EmbeddedPostgresError } from './error.ts';
import { prepareHome } from './home.ts';
import { launch } from './launch.ts';
import { isLocked, takeLock } from './lock.ts';
import { findPackage } from './package.ts';
import { choosePlace, movedDataDir } from './place.ts';
import { readPresence, writePresence } from './presence.ts';
import { databaseUser } from './user.ts';

type EmbeddedPostgres = {
  url: string;
  dataDir: string;
  /** One sentence for the operator when the data went elsewhere. */
  notice?: string;
  stop(): Promise<void>;
};

type EmbeddedPostgresOptions = {
  dataDir: string;
  /** The operator named the folder, so the data goes nowhere else. */
  explicit: boolean;
  database?: string;
  /** False only for clusters that are thrown away: a power cut may then lose them. */
  durable?: boolean;
};

/** Rejects with an EmbeddedPostgresError only. */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  try {
    return await start(options);
  } catch (cause) {
    if (cause instanceof EmbeddedPostgresError) throw cause;
    const reason = (cause as Error).message;
    throw new EmbeddedPostgresError(`Postgres could not start in ${options.dataDir}: ${reason}`, { cause });
  }
}

/** The database that a live service runs on this data, and where it lies, for commands beside it. */
export async function findEmbeddedPostgres(wanted: string): Promise<{ url: string; dataDir: string } | undefined> {
  for (const dataDir of [resolve(wanted), movedDataDir(wanted)]) {
    const home = join(dataDir, 'postgres');
    const url = isLocked(home) ? readPresence(home)?.url : undefined;
    if (url !== undefined) return { url, dataDir };
  }
  return undefined;
}

async function start(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { database = 'holdfast', durable = true } = options;
  const from = findPackage();
  const user = databaseUser();
  const { dataDir, notice } = await choosePlace(options.dataDir, options.explicit, user);
  const home = await prepareHome(dataDir, user);
  const release = occupy(home, dataDir);

  try {
    const { url, stop } = await launch(home, { from, user, database, durable });
    let stopped: Promise<void> | undefined;
    const stopOnce = () => {
      stopped ??= stop().finally(release);
      return stopped;
    };
    return { url, dataDir, ...(notice && { notice }), stop: stopOnce };
  } catch (error) {
    release();
    throw error;
  }
}

function occupy(home: string, dataDir: string): () => void {
  const release = takeLock(home);
  if (release) {
    writePresence(home, { pid: process.pid });
    return release;
  }
  const pid = readPresence(home)?.pid ?? 'unknown';
  throw new EmbeddedPostgresError(
    `Another Holdfast already runs on the data in ${dataDir} (process ${pid}): stop it, or set HOLDFAST_DATA to another folder.`,
  );
}
