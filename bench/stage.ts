import { randomBytes } from 'node:crypto';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../src/db/embedded/embedded.ts';
import { makePeople, type Person } from './people.ts';
import { holdfast, type Running, startFloor, startService } from './processes.ts';

export type Environment = Record<string, string>;
export type Stage = {
  service: Running;
  floor: Running;
  /** Postgres itself; what it uses is counted with its children. */
  databasePid: number;
  databaseUrl: string;
  people: Person[];
  apiKey: string;
  /** A command of ours beside the service; the object it prints. */
  command<T>(args: string[]): Promise<T>;
  /** The same service or floor once more, on the same database. */
  startAgain(which: 'service' | 'floor'): Promise<Running>;
  stop(): Promise<void>;
};

// Rates per address are not what is measured; everything else stays as it is delivered.
const POLICY = 'limits:\n  signInPerIp: 100000\n  otherPerIp: 1000000\n';

/** One durable Postgres, the service and the floor on it, and people who can sign in to both. */
export async function openStage(
  population: number,
  options: { keepsCommitTimes?: boolean; policy?: string } = {},
): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-bench-'));
  const policyFile = join(folder, 'policy.yaml');
  await writeFile(policyFile, `${POLICY}${options.policy ?? ''}`);
  const start = () => startEmbeddedPostgres({ dataDir: folder, explicit: true, durable: true });
  let postgres = await start();
  if (options.keepsCommitTimes) {
    await postgres.stop();
    // So that it can be told afterwards when each transaction was committed; it costs, so only where asked for.
    await appendFile(join(folder, 'postgres', 'cluster', 'postgresql.auto.conf'), 'track_commit_timestamp = on\n');
    postgres = await start();
  }
  const env: Environment = {
    DATABASE_URL: postgres.url,
    HOLDFAST_DATA: folder,
    HOLDFAST_SECRET: randomBytes(32).toString('base64'),
    HOLDFAST_POLICY: policyFile,
    TRUSTED_PROXIES: '127.0.0.1',
  };
  const floorEnv = { DATABASE_URL: postgres.url, UV_THREADPOOL_SIZE: String(availableParallelism() + 4) };
  const startAgain = (which: 'service' | 'floor') => {
    const log = join(folder, `${which}.log`);
    return which === 'service' ? startService(env, log) : startFloor(floorEnv, log);
  };
  const running: Running[] = [];
  const stop = async () => {
    await Promise.all(running.map((each) => each.stop()));
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  };

  try {
    const service = await startAgain('service');
    running.push(service);
    const floor = await startAgain('floor');
    running.push(floor);
    const scopes = 'accounts:write,accounts:freeze,sessions:read';
    const command = <T>(args: string[]) => holdfast<T>(args, env);
    const { apiKey } = await command<{ apiKey: string }>(['api-key', 'create', '--name', 'bench', '--scopes', scopes]);
    const people = await makePeople(service, postgres.url, apiKey, population);
    const pidFile = await readFile(join(folder, 'postgres', 'cluster', 'postmaster.pid'), 'utf8');
    const databasePid = Number.parseInt(pidFile, 10);
    return { service, floor, databasePid, databaseUrl: postgres.url, people, apiKey, startAgain, stop, command };
  } catch (error) {
    await stop();
    throw error;
  }
}
