import { createServer } from 'node:net';
import { destination } from 'pino';
import { type Config, readConfig } from './config.ts';
import { type OpenedDatabase, openOwnDatabase } from './database.ts';
import { migrateDatabase } from './db/migrate.ts';
import { openInstance } from './instance.ts';
import { closeServer, listen } from './listen.ts';
import { openLog } from './log.ts';
import { loadSecret } from './secret.ts';

const PATIENCE_MS = 10_000;
/** For requests, then for deliveries under way: together less than the whole. */
const SHARE_MS = 4_000;

export type Role = 'api' | 'worker';

/** Runs one node until it is told to stop: database, migrations, worker, HTTP. Prints one line when it serves. */
export async function serve(roles: readonly Role[]): Promise<void> {
  const config = await withPort(readConfig(process.env));
  const database = await openOwnDatabase(config);
  try {
    await serveOn(database, config, roles);
  } catch (error) {
    await database.stop();
    throw error;
  }
}

async function serveOn(database: OpenedDatabase, config: Config, roles: readonly Role[]): Promise<void> {
  if (database.notice) console.log(database.notice);
  await migrateDatabase(database.url);
  const secret = await loadSecret(config, database.dataDir);
  // Lines for machines go to stderr; stdout is for whoever started this.
  const log = openLog(config.logLevel, destination({ dest: 2, sync: false, minLength: 4096, periodicFlush: 250 }));
  const service = await openInstance(
    { ...config, databaseUrl: database.url, dataDir: database.dataDir, secret },
    { log, roles },
  );
  const listening = roles.includes('api') ? listen(service.app.fetch, config, { shed: service.shed }) : undefined;
  const server = await listening?.catch(async (error) => {
    await service.close(0);
    throw error;
  });
  console.log(server ? `Holdfast serves ${config.publicUrl}` : 'Holdfast works on deliveries');

  let isStopping = false;
  const stop = async () => {
    if (isStopping) return;
    isStopping = true;
    setTimeout(() => process.exit(1), PATIENCE_MS).unref();
    service.endStreams();
    if (server) await closeServer(server, SHARE_MS);
    await service.close(SHARE_MS);
    await database.stop();
    process.exit(0);
  };
  process.on('SIGINT', () => void stop());
  process.on('SIGTERM', () => void stop());
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error) => log.fatal({ err: error }, event));
  }
}

/** PORT=0 takes a free port; links in mails must know which before anything is served. */
async function withPort(config: Config): Promise<Config> {
  if (config.port !== 0) return config;
  const port = await new Promise<number>((resolve, reject) => {
    const probe = createServer()
      .once('error', reject)
      .listen(0, config.host, () => {
        const address = probe.address();
        probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
      });
  });
  return { ...config, port, publicUrl: config.publicUrlIsExplicit ? config.publicUrl : `http://localhost:${port}` };
}
