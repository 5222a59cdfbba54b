import { type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import { statement } from '../db/statement.ts';
import type { Database } from '../db/types.ts';

type QuarantineRow = Selectable<Database['payee_quarantines']>;

const doubts = statement<{ is_watched: boolean; is_quarantined: boolean }, [accountId: string, payeeId: string | null]>(
  'find-money-doubts',
  `select exists (select from watches where account_id = $1 and ended_at is null) as is_watched,
     exists (select from payee_quarantines where account_id = $1 and payee_id = $2 and lifted_at is null) as is_quarantined`,
);

export async function findDoubts(db: Kysely<Database>, accountId: string, payeeId: string | undefined) {
  const [row] = await doubts(db, accountId, payeeId ?? null);
  return { isWatched: row?.is_watched === true, isQuarantined: row?.is_quarantined === true };
}

/** By the name under which the window shows them. */
export async function findPayee(db: Kysely<Database>, accountId: string, id: string): Promise<string | undefined> {
  const { rows } = await sql<{ payee_id: string }>`select payee_id from transactions
    where account_id = ${accountId}::uuid and payee_key(payee_id) = ${id}::uuid limit 1`.execute(db);
  return rows[0]?.payee_id;
}

type Quarantine = { id: string; accountId: string; payeeId: string; caseId: string; agentId: string };

export async function insertQuarantine(trx: Transaction<Database>, row: Quarantine, now: Date): Promise<void> {
  const { id, accountId, payeeId, caseId, agentId } = row;
  await trx
    .insertInto('payee_quarantines')
    .values({ id, account_id: accountId, payee_id: payeeId, case_id: caseId, since: now, placed_by: agentId })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** The returned row is the verdict: one caller lifts it. */
export async function liftQuarantine(
  trx: Transaction<Database>,
  accountId: string,
  payeeId: string,
  agentId: string,
  now: Date,
): Promise<QuarantineRow | undefined> {
  return await trx
    .updateTable('payee_quarantines')
    .set({ lifted_at: now, lifted_by: agentId })
    .where('account_id', '=', accountId)
    .where('payee_id', '=', payeeId)
    .where('lifted_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
}
