import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';

const folder = fileURLToPath(new URL('../../migrations/', import.meta.url));
// Any number does, as long as every version of Holdfast takes the same.
const LOCK = 7_460_112_358;

type Migration = { version: number; name: string };

export class NewerDatabaseError extends Error {}

/**
 * Brings the database to this program's version: forward only, each migration in a transaction, one node at a time.
 * Returns the names applied. Throws NewerDatabaseError where the database is ahead of the program.
 */
export async function migrateDatabase(url: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: url, application_name: 'holdfast-migrate' });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [LOCK]);
    return await applyMissing(client);
  } finally {
    await client.end();
  }
}

async function applyMissing(client: pg.Client): Promise<string[]> {
  await client.query(`create table if not exists schema_migrations (
    version integer primary key, name text not null, applied_at timestamptz not null default now())`);
  const known = await listMigrations();
  const { rows } = await client.query<Migration>('select version, name from schema_migrations');
  const applied = new Set(rows.map((row) => row.version));
  const newest = Math.max(0, ...applied);
  const ours = known.at(-1)?.version ?? 0;
  if (newest > ours) {
    throw new NewerDatabaseError(
      `The database is at version ${newest}, this program knows ${ours}. Start the newer Holdfast instead.`,
    );
  }
  const missing = known.filter((migration) => !applied.has(migration.version));
  for (const migration of missing) await apply(client, migration);
  return missing.map((migration) => migration.name);
}

async function apply(client: pg.Client, { version, name }: Migration): Promise<void> {
  const sql = await readFile(folder + name, 'utf8');
  await client.query('begin');
  await client.query(sql);
  await client.query('insert into schema_migrations (version, name) values ($1, $2)', [version, name]);
  await client.query('commit');
}

async function listMigrations(): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  return names.map((name) => ({ version: Number.parseInt(name, 10), name }));
}
