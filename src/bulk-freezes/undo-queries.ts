import { type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import type { Database } from '../db/types.ts';
import { type BulkFreezeRow, nextOf } from './queries.ts';

export type UndoFailure = NonNullable<Selectable<Database['bulk_freeze_accounts']>['undo_failure']>;

/** Begins it once, after the freeze is finished. The returned row is the verdict. */
export async function startUndo(
  trx: Transaction<Database>,
  id: string,
  { by, note }: { by: string; note: string },
  now: Date,
): Promise<BulkFreezeRow | undefined> {
  return await trx
    .updateTable('bulk_freezes')
    .set({ undo_started_at: now, undo_by: by, undo_note: note })
    .where('id', '=', id)
    .where('finished_at', 'is not', null)
    .where('undo_started_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
}

export async function listUndoing(db: Kysely<Database>): Promise<BulkFreezeRow[]> {
  return await db
    .selectFrom('bulk_freezes')
    .selectAll()
    .where('undo_started_at', 'is not', null)
    .where('undone_at', 'is', null)
    .orderBy('undo_started_at')
    .execute();
}

export async function claimToUndo(trx: Transaction<Database>, id: string, most: number): Promise<string[]> {
  const rows = await nextOf(trx, id, most)
    .where('hold_id', 'is not', null)
    .where('undone_at', 'is', null)
    .where('undo_failure', 'is', null)
    .execute();
  return rows.map(({ account_id }) => account_id);
}

export type PlacedHold = {
  id: string;
  account_id: string;
  case_id: string | null;
  released_at: Date | null;
  is_ours: boolean;
};

/** The hold by which the account is frozen since; whether it stands `released_at` says, and a time of its own it has none. */
export async function findHold(trx: Transaction<Database>, id: string, accountId: string): Promise<PlacedHold> {
  return await trx
    .selectFrom('bulk_freeze_accounts as b')
    .innerJoin('holds as h', 'h.id', 'b.hold_id')
    .select(['h.id', 'h.account_id', 'h.case_id', 'h.released_at', 'b.is_ours'])
    .where('b.bulk_freeze_id', '=', id)
    .where('b.account_id', '=', accountId)
    .executeTakeFirstOrThrow();
}

export async function setUndone(trx: Transaction<Database>, id: string, accountId: string, now: Date): Promise<void> {
  await trx
    .updateTable('bulk_freeze_accounts')
    .set({ undone_at: now })
    .where('bulk_freeze_id', '=', id)
    .where('account_id', '=', accountId)
    .execute();
}

export async function setUndoFailure(
  db: Kysely<Database>,
  id: string,
  accountId: string,
  failure: UndoFailure,
): Promise<void> {
  await db
    .updateTable('bulk_freeze_accounts')
    .set({ undo_failure: failure })
    .where('bulk_freeze_id', '=', id)
    .where('account_id', '=', accountId)
    .where('undone_at', 'is', null)
    .execute();
}

/** Over, unless somebody else still is at the last of them. The returned truth is the verdict: one of all nodes gets it. */
export async function finishUndo(trx: Transaction<Database>, id: string, now: Date): Promise<boolean> {
  const { rows } = await sql`update bulk_freezes set undone_at = ${now} where id = ${id}::uuid and undone_at is null
    and not exists (select from bulk_freeze_accounts where bulk_freeze_id = ${id}::uuid
      and hold_id is not null and undone_at is null and undo_failure is null) returning id`.execute(trx);
  return rows.length === 1;
}
