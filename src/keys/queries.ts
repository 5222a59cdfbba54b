import { type Insertable, type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import type { Database } from '../db/types.ts';
import { type SealedColumn, sealedColumns } from './sealed-columns.ts';

export type KeyRow = Selectable<Database['keys']>;

// Any number does, as long as every node takes the same.
const LOCK = 7_460_112_359;

/** One at a time across all nodes: whoever makes, retires or wraps keys. */
export async function lockKeys(trx: Transaction<Database>): Promise<void> {
  await trx.selectNoFrom((eb) => eb.fn('pg_advisory_xact_lock', [eb.val(LOCK)]).as('locked')).execute();
}

export async function listKeys(db: Kysely<Database>): Promise<KeyRow[]> {
  return await db.selectFrom('keys').selectAll().orderBy('used_from').orderBy('id').execute();
}

export async function insertKeys(trx: Transaction<Database>, keys: Insertable<Database['keys']>[]): Promise<void> {
  await trx.insertInto('keys').values(keys).execute();
}

export async function setWrapped(
  trx: Transaction<Database>,
  id: string,
  { wrapped, secret_id }: Pick<KeyRow, 'wrapped' | 'secret_id'>,
): Promise<void> {
  await trx.updateTable('keys').set({ wrapped, secret_id }).where('id', '=', id).execute();
}

/** Leaves only `wrapped`, the public half. */
export async function retireKey(
  trx: Transaction<Database>,
  id: string,
  { wrapped, secret_id }: Pick<KeyRow, 'wrapped' | 'secret_id'>,
  now: Date,
): Promise<void> {
  await trx.updateTable('keys').set({ wrapped, secret_id, retired_at: now }).where('id', '=', id).execute();
}

export async function revokeKey(trx: Transaction<Database>, id: string, now: Date): Promise<void> {
  await trx.updateTable('keys').set({ revoked_at: now }).where('id', '=', id).execute();
}

export async function deleteKey(trx: Transaction<Database>, id: string): Promise<void> {
  await trx.deleteFrom('keys').where('id', '=', id).execute();
}

/** Tells every node, with the commit. Rare enough to be sent from within the transaction. */
export async function announceChange(trx: Transaction<Database>): Promise<void> {
  await sql`notify holdfast_keys`.execute(trx);
}

/** What the nodes that are running are called: their names end with the ids of the secrets they were given. */
export async function listNodes(db: Kysely<Database>): Promise<string[]> {
  const { rows } = await sql<{ application_name: string }>`select application_name from pg_stat_activity
    where datname = current_database() and application_name like 'holdfast-bell %'`.execute(db);
  return rows.map((row) => row.application_name);
}

export type Sealed = { ctid: string; parts: string[]; sealed: string };

/** Some values of this column that another key than `keyId` encrypted, with their rows' primary keys. */
export async function findSealedOtherwise(
  db: Kysely<Database>,
  name: SealedColumn,
  keyId: string,
  limit: number,
): Promise<Sealed[]> {
  const { table, column } = place(name);
  const parts = sql.join(sealedColumns[name].map((part) => sql`${sql.ref(part)}::text`));
  const { rows } = await sql<Sealed>`select ctid::text, array[${parts}] as parts, ${column} as sealed from ${table}
    where split_part(${column}, '.', 1) <> ${keyId} limit ${limit}`.execute(db);
  return rows;
}

/** Puts `next` where `before` still stands: what somebody else wrote meanwhile stays. */
export async function replaceSealed(
  db: Kysely<Database>,
  name: SealedColumn,
  before: Sealed,
  next: string,
): Promise<boolean> {
  const { table, column } = place(name);
  const { numAffectedRows } = await sql`update ${table} set ${column} = ${next}
    where ctid = ${before.ctid}::tid and ${column} = ${before.sealed}`.execute(db);
  return numAffectedRows === 1n;
}

function place(name: SealedColumn) {
  const [table = '', column = ''] = name.split('.');
  return { table: sql.table(table), column: sql.ref(column) };
}
