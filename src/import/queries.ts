import { type Insertable, type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import type { Database } from '../db/types.ts';
import type { FormatName } from './formats/formats.ts';

export type ImportRow = Selectable<Database['imports']>;

/** Holds the file for this connection; false where another one has it. The database lets go when the connection ends. */
export async function tryLockFile(connection: Kysely<Database>, fingerprint: Buffer): Promise<boolean> {
  const { rows } = await sql<{ locked: boolean }>`
    select pg_try_advisory_lock(hashtextextended(${`import ${fingerprint.toString('hex')}`}, 0)) as locked`.execute(
    connection,
  );
  return rows[0]?.locked === true;
}

export async function unlockFile(connection: Kysely<Database>, fingerprint: Buffer): Promise<void> {
  await sql`select pg_advisory_unlock(hashtextextended(${`import ${fingerprint.toString('hex')}`}, 0))`.execute(
    connection,
  );
}

export async function findImport(
  db: Kysely<Database>,
  fingerprint: Buffer,
  format: FormatName,
): Promise<ImportRow | undefined> {
  return await db
    .selectFrom('imports')
    .selectAll()
    .where('fingerprint', '=', fingerprint)
    .where('format', '=', format)
    .executeTakeFirst();
}

export async function insertImport(db: Kysely<Database>, row: Insertable<Database['imports']>): Promise<ImportRow> {
  return await db.insertInto('imports').values(row).returningAll().executeTakeFirstOrThrow();
}

type Step = { from: number; to: number; imported: number; skipped: number };

/** Moves the import on, unless somebody else did: the returned truth is the verdict. */
export async function advanceImport(trx: Transaction<Database>, id: string, step: Step): Promise<boolean> {
  const row = await trx
    .updateTable('imports')
    .set((eb) => ({
      line: step.to,
      imported: eb('imported', '+', step.imported),
      skipped: eb('skipped', '+', step.skipped),
    }))
    .where('id', '=', id)
    .where('line', '=', step.from)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

export async function finishImport(trx: Transaction<Database>, id: string, now: Date): Promise<ImportRow> {
  return await trx
    .updateTable('imports')
    .set({ finished_at: now })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

type Taken = { identifiers: Set<string>; externalIds: Set<string> };

/** Which of these some account has already. */
export async function findTaken(
  db: Kysely<Database>,
  identifiers: string[],
  externalIds: string[],
  now: Date,
): Promise<Taken> {
  const { rows } = await sql<{ kind: string; value: string }>`
    select 'identifier' as kind, value from identifiers where value = any(${identifiers})
      and coalesce(reserved_until > ${now}, true)
    union all
    select 'external', external_id from accounts where external_id = any(${externalIds})`.execute(db);
  const of = (kind: string) => new Set(rows.filter((row) => row.kind === kind).map((row) => row.value));
  return { identifiers: of('identifier'), externalIds: of('external') };
}

/** Remembers what a rehearsal saw, on one connection and nowhere else. */
export async function openRehearsal(connection: Kysely<Database>): Promise<void> {
  await sql`create temporary table if not exists rehearsed (value text primary key)`.execute(connection);
  await sql`truncate rehearsed`.execute(connection);
}

/** Which of these no earlier line of the rehearsal had; from now on they are had. */
export async function rehearse(connection: Kysely<Database>, values: string[]): Promise<Set<string>> {
  const { rows } = await sql<{ value: string }>`
    insert into rehearsed select unnest(${values}::text[]) on conflict do nothing returning value`.execute(connection);
  return new Set(rows.map((row) => row.value));
}

type Batch = {
  accounts: Insertable<Database['accounts']>[];
  identifiers: Insertable<Database['identifiers']>[];
  passwords: Insertable<Database['passwords']>[];
  totpFactors: Insertable<Database['totp_factors']>[];
};

/** Writes a batch, each table in one statement, in an order that two imports share. False where an identifier was taken meanwhile: then roll back. */
export async function insertBatch(trx: Transaction<Database>, batch: Batch, now: Date): Promise<boolean> {
  await sql`insert into accounts (id, external_id, email, email_confirmed_at, username, phone, phone_confirmed_at, locale, created_at)
    select * from jsonb_to_recordset(${JSON.stringify(batch.accounts)}::jsonb) as a (id uuid, external_id text, email text,
      email_confirmed_at timestamptz, username text, phone text, phone_confirmed_at timestamptz, locale text,
      created_at timestamptz)
    order by external_id`.execute(trx);
  const values = batch.identifiers.map((identifier) => identifier.value);
  await sql`delete from identifiers where value = any(${values}) and reserved_until <= ${now}`.execute(trx);
  const { rows } = await sql`insert into identifiers (value, kind, account_id, confirmed_at)
    select * from jsonb_to_recordset(${JSON.stringify(batch.identifiers)}::jsonb) as i (value text, kind text,
      account_id uuid, confirmed_at timestamptz)
    order by value on conflict (value) do nothing returning value`.execute(trx);
  if (rows.length < batch.identifiers.length) return false;
  await sql`insert into passwords (account_id, hash, set_at)
    select * from jsonb_to_recordset(${JSON.stringify(batch.passwords)}::jsonb) as p (account_id uuid, hash text,
      set_at timestamptz)`.execute(trx);
  if (batch.totpFactors.length > 0) await trx.insertInto('totp_factors').values(batch.totpFactors).execute();
  return true;
}
