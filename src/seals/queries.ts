import { type Insertable, type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import type { Database } from '../db/types.ts';

type SealRow = Selectable<Database['seals']>;

export type SealedEvent = Omit<Selectable<Database['events']>, 'detail' | 'tx'> & { detail: string; tx_text: string };

/** Only one node seals at a time; the others leave it to that one. */
export async function tryLockSealing(trx: Transaction<Database>): Promise<boolean> {
  const { rows } = await sql<{ locked: boolean }>`select pg_try_advisory_xact_lock(7460112360) as locked`.execute(trx);
  return rows[0]?.locked === true;
}

export async function findLastSeal(db: Kysely<Database>): Promise<SealRow | undefined> {
  return await db.selectFrom('seals').selectAll().orderBy('number', 'desc').limit(1).executeTakeFirst();
}

const columns = sql`id, tx::text as tx_text, at, type, account_id, actor_kind, actor_id, session_id, device_id, case_id,
  host(ip) as ip, user_agent, request_id, detail::text as detail, salt, erased_hash`;

/**
 * What follows the cursor, up to the oldest transaction still open: ids are taken before commit, so an event with a
 * smaller one may yet appear behind that.
 */
export async function findUnsealed(
  db: Kysely<Database>,
  tx: string,
  id: string,
  limit: number,
): Promise<SealedEvent[]> {
  const { rows } = await sql<SealedEvent>`select ${columns} from events
    where (tx, id) > (${tx}::xid8, ${id}::uuid) and tx < pg_snapshot_xmin(pg_current_snapshot())
    order by events.tx, events.id limit ${limit}`.execute(db);
  return rows;
}

type Cursor = { tx: string; id: string };

/** Everything between two seals, so that what was slipped in afterwards is seen as well as what is gone. */
export async function findSealed(db: Kysely<Database>, after: Cursor, upTo: Cursor): Promise<SealedEvent[]> {
  const { rows } = await sql<SealedEvent>`select ${columns} from events
    where (tx, id) > (${after.tx}::xid8, ${after.id}::uuid) and (tx, id) <= (${upTo.tx}::xid8, ${upTo.id}::uuid)
    order by events.tx, events.id`.execute(db);
  return rows;
}

export async function insertSeal(trx: Transaction<Database>, seal: Insertable<Database['seals']>): Promise<void> {
  await trx.insertInto('seals').values(seal).execute();
}

export async function findSealsAfter(db: Kysely<Database>, number: number, limit: number): Promise<SealRow[]> {
  return await db.selectFrom('seals').selectAll().where('number', '>', number).orderBy('number').limit(limit).execute();
}
