import type { Kysely, Selectable, Transaction } from 'kysely';
import type { Database } from '../db/types.ts';

export type RecoveryRow = Selectable<Database['recoveries']>;
type Offer = { id: string; caseId: string; accountId: string; agentId: string };

/** The one before it in the case opens nothing more. */
export async function replaceRecovery(trx: Transaction<Database>, offer: Offer, now: Date): Promise<void> {
  const { id, caseId, accountId, agentId } = offer;
  await trx
    .updateTable('recoveries')
    .set({ ended_at: now })
    .where('case_id', '=', caseId)
    .where('ended_at', 'is', null)
    .execute();
  await trx
    .insertInto('recoveries')
    .values({ id, case_id: caseId, account_id: accountId, offered_by: agentId, offered_at: now })
    .execute();
}

/** The returned row is the verdict: a link opens once. */
export async function openRecovery(
  trx: Transaction<Database>,
  id: string,
  { tokenHash, expiresAt }: { tokenHash: Buffer; expiresAt: Date },
): Promise<RecoveryRow | undefined> {
  return await trx
    .updateTable('recoveries')
    .set({ token_hash: tokenHash, expires_at: expiresAt })
    .where('id', '=', id)
    .where('token_hash', 'is', null)
    .where('ended_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
}

export async function findRecovery(
  db: Kysely<Database>,
  tokenHash: Buffer,
  now: Date,
): Promise<RecoveryRow | undefined> {
  return await db
    .selectFrom('recoveries')
    .selectAll()
    .where('token_hash', '=', tokenHash)
    .where('ended_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst();
}

/** Counts a try before its code is looked at. The returned truth is the verdict: past `most` there is none. */
export async function reserveAttempt(db: Kysely<Database>, id: string, most: number): Promise<boolean> {
  const row = await db
    .updateTable('recoveries')
    .set((eb) => ({ attempts: eb('attempts', '+', 1) }))
    .where('id', '=', id)
    .where('attempts', '<', most)
    .where('ended_at', 'is', null)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** Each of the two once. The returned truth is the verdict. */
export async function setDone(
  trx: Transaction<Database>,
  id: string,
  what: 'password_set_at' | 'factor_bound_at',
  now: Date,
): Promise<boolean> {
  const row = await trx
    .updateTable('recoveries')
    .set({ [what]: now })
    .where('id', '=', id)
    .where(what, 'is', null)
    .where('ended_at', 'is', null)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** One whose link was not opened yet. */
export async function findOffered(db: Kysely<Database>, id: string): Promise<RecoveryRow | undefined> {
  return await db
    .selectFrom('recoveries')
    .selectAll()
    .where('id', '=', id)
    .where('token_hash', 'is', null)
    .where('ended_at', 'is', null)
    .executeTakeFirst();
}
