import { join } from 'node:path';
import { usableBinaries } from './binaries.ts';
import { checkCluster, createCluster, giveCluster, hasCluster, removeHalfMade } from './cluster.ts';
import { ensureDatabase, role } from './database.ts';
import { openLog } from './log.ts';
import { stopOrphan } from './orphan.ts';
import type { PostgresPackage } from './package.ts';
import { findPassword, makePassword } from './password.ts';
import { writePresence } from './presence.ts';
import { startServer } from './server.ts';
import { makeSocket, socketUrl } from './socket.ts';
import { keepRunning, type Supervised } from './supervisor.ts';
import type { DatabaseUser } from './user.ts';

type LaunchOptions = {
  from: PostgresPackage;
  user: DatabaseUser | undefined;
  database: string;
  durable: boolean;
};

type Launched = { url: string; stop(): Promise<void> };

/** Under the lock on `home`: everything here has one writer. */
export async function launch(home: string, { from, user, database, durable }: LaunchOptions): Promise<Launched> {
  const cluster = join(home, 'cluster');
  await stopOrphan(cluster);
  const binaries = await usableBinaries(from, home, user);

  await removeHalfMade(home);
  const fresh = !hasCluster(home);
  const password = fresh ? await makePassword(home) : await findPassword(home);
  if (fresh) await createCluster(home, binaries, { password, durable, user });
  await checkCluster(cluster, from.major);
  await giveCluster(cluster, user);

  const socket = await makeSocket(home, user);
  const log = openLog(join(home, 'postgres.log'));
  const urlOf = (name: string, base: string) => socketUrl(socket.folder, { user: name, password, database: base });
  const url = urlOf(role, database);
  let server: Supervised | undefined;
  const stop = async () => {
    await server?.stop();
    await socket.remove();
  };

  try {
    server = await keepRunning(async () => {
      await stopOrphan(cluster);
      await socket.clear();
      return startServer({ binaries, cluster, socketFolder: socket.folder, durable, user, log });
    });
    await ensureDatabase(urlOf('postgres', 'postgres'), password, database);
    writePresence(home, { pid: process.pid, url });
    return { url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
