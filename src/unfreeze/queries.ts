import type { Insertable, Kysely, Selectable, Transaction } from 'kysely';
import { statement } from '../db/statement.ts';
import type { Database } from '../db/types.ts';

export type UnfreezeRow = Selectable<Database['unfreezes']>;
export type EndReason = NonNullable<UnfreezeRow['end_reason']>;

export async function insertUnfreeze(
  trx: Transaction<Database>,
  row: Insertable<Database['unfreezes']>,
): Promise<UnfreezeRow> {
  return await trx.insertInto('unfreezes').values(row).returningAll().executeTakeFirstOrThrow();
}

/** Counts a try against the wish that waits for its code; undefined once there were too many, or none waits. */
export async function reserveAttempt(
  db: Kysely<Database>,
  accountId: string,
  most: number,
  now: Date,
): Promise<UnfreezeRow | undefined> {
  return await db
    .updateTable('unfreezes')
    .set((eb) => ({ attempts: eb('attempts', '+', 1) }))
    .where('account_id', '=', accountId)
    .where('attempts', '<', most)
    .where('confirmed_at', 'is', null)
    .where('ended_at', 'is', null)
    .where('expires_at', '>', now)
    .returningAll()
    .executeTakeFirst();
}

type Confirmation = { provenBy: UnfreezeRow['proven_by']; bornAt: Date; effectiveAt: Date };

/** The right code. The returned row is the verdict: one caller gets it. */
export async function confirmUnfreeze(
  trx: Transaction<Database>,
  id: string,
  { provenBy, bornAt, effectiveAt }: Confirmation,
  now: Date,
): Promise<UnfreezeRow | undefined> {
  return await trx
    .updateTable('unfreezes')
    .set({ proven_by: provenBy, proof_born_at: bornAt, confirmed_at: now, effective_at: effectiveAt })
    .where('id', '=', id)
    .where('confirmed_at', 'is', null)
    .where('ended_at', 'is', null)
    .where('expires_at', '>', now)
    .returningAll()
    .executeTakeFirst();
}

const ended = statement<UnfreezeRow, [accountIds: readonly string[], reason: EndReason, now: Date]>(
  'end-unfreezes',
  `update unfreezes set ended_at = $3, end_reason = $2
   where account_id = any($1::uuid[]) and executed_at is null and ended_at is null returning *`,
);

/** Ends what is open of any of these accounts. The returned rows are the verdict. */
export async function endUnfreezes(
  trx: Transaction<Database>,
  accountIds: readonly string[],
  reason: EndReason,
  now: Date,
): Promise<UnfreezeRow[]> {
  return await ended(trx, accountIds, reason, now);
}

/** Ends what is open of the account, or this one of it. The returned row is the verdict. */
export async function endUnfreeze(
  trx: Transaction<Database>,
  { accountId, id }: { accountId: string; id?: string | undefined },
  reason: EndReason,
  now: Date,
): Promise<UnfreezeRow | undefined> {
  return await trx
    .updateTable('unfreezes')
    .set({ ended_at: now, end_reason: reason })
    .where('account_id', '=', accountId)
    .$if(id !== undefined, (query) => query.where('id', '=', id as string))
    .where('executed_at', 'is', null)
    .where('ended_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
}

/** What is to be carried out, oldest first. */
export async function listDue(db: Kysely<Database>, limit: number, now: Date): Promise<UnfreezeRow[]> {
  return await db
    .selectFrom('unfreezes')
    .selectAll()
    .where('executed_at', 'is', null)
    .where('ended_at', 'is', null)
    .where('effective_at', '<=', now)
    .orderBy('effective_at')
    .limit(limit)
    .execute();
}

/** Takes it to carry it out. The returned truth is the verdict: one node of several gets it. */
export async function redeem(trx: Transaction<Database>, id: string, now: Date): Promise<boolean> {
  const row = await trx
    .updateTable('unfreezes')
    .set({ executed_at: now })
    .where('id', '=', id)
    .where('executed_at', 'is', null)
    .where('ended_at', 'is', null)
    .where('effective_at', '<=', now)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** A wish whose code can still be given. */
export async function findWaiting(db: Kysely<Database>, id: string, now: Date): Promise<UnfreezeRow | undefined> {
  return await db
    .selectFrom('unfreezes')
    .selectAll()
    .where('id', '=', id)
    .where('confirmed_at', 'is', null)
    .where('ended_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst();
}
