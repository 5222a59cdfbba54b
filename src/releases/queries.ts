import type { Kysely, Selectable, Transaction } from 'kysely';
import type { Database } from '../db/types.ts';

export type HoldRow = Selectable<Database['holds']>;

export async function findHold(db: Kysely<Database>, id: string): Promise<HoldRow | undefined> {
  return await db.selectFrom('holds').selectAll().where('id', '=', id).executeTakeFirst();
}

type Verdict = { reason: HoldRow['release_reason']; by: string | null };

/** Lifts it where it stands. The returned row is the verdict: one caller gets it. */
export async function releaseHold(
  trx: Transaction<Database>,
  id: string,
  { reason, by }: Verdict,
  now: Date,
): Promise<HoldRow | undefined> {
  return await trx
    .updateTable('holds')
    .set({ released_at: now, released_by: by, release_reason: reason })
    .where('id', '=', id)
    .where('released_at', 'is', null)
    .where((eb) => eb.or([eb('until', 'is', null), eb('until', '>', now)]))
    .returningAll()
    .executeTakeFirst();
}

/** An agent's yes. The returned row is the verdict. */
export async function confirmHold(
  trx: Transaction<Database>,
  id: string,
  agentId: string,
  now: Date,
): Promise<HoldRow | undefined> {
  return await trx
    .updateTable('holds')
    .set({ confirmed_at: now, confirmed_by: agentId })
    .where('id', '=', id)
    .where('confirm_by', 'is not', null)
    .where('confirmed_at', 'is', null)
    .where('released_at', 'is', null)
    .where((eb) => eb.or([eb('until', 'is', null), eb('until', '>', now)]))
    .returningAll()
    .executeTakeFirst();
}

/** Freezes by rules that no agent confirmed in time, oldest first. */
export async function listUnconfirmed(db: Kysely<Database>, limit: number, now: Date): Promise<{ id: string }[]> {
  return await db
    .selectFrom('holds')
    .select('id')
    .where('confirm_by', '<=', now)
    .where('confirmed_at', 'is', null)
    .where('released_at', 'is', null)
    .where((eb) => eb.or([eb('until', 'is', null), eb('until', '>', now)]))
    .orderBy('confirm_by')
    .limit(limit)
    .execute();
}
