import { resolve } from 'node:path';
import type { Config } from './config.ts';
import { findEmbeddedPostgres, startEmbeddedPostgres } from './db/embedded/embedded.ts';

/** A database to work on, and where the service's files lie. */
export type OpenedDatabase = { url: string; dataDir: string; notice: string | undefined; stop(): Promise<void> };

const nothing = async () => undefined;

/** The operator's database, or one of our own that starts and stops with this process. */
export async function openOwnDatabase(config: Config): Promise<OpenedDatabase> {
  const dataDir = resolve(config.dataDir);
  if (config.databaseUrl !== undefined) return { url: config.databaseUrl, dataDir, notice: undefined, stop: nothing };
  const embedded = await startEmbeddedPostgres({ dataDir, explicit: config.dataDirIsExplicit });
  return { url: embedded.url, dataDir: embedded.dataDir, notice: embedded.notice, stop: () => embedded.stop() };
}

/** For a command: beside a running service its database, else as `openOwnDatabase`. */
export async function openAnyDatabase(config: Config): Promise<OpenedDatabase> {
  if (config.databaseUrl !== undefined) return await openOwnDatabase(config);
  const running = await findEmbeddedPostgres(resolve(config.dataDir));
  if (running === undefined) return await openOwnDatabase(config);
  return { ...running, notice: undefined, stop: nothing };
}
