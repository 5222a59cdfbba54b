import type { Kysely, Selectable, Transaction } from 'kysely';
import { statement } from '../db/statement.ts';
import type { Database } from '../db/types.ts';

type Row = Pick<Selectable<Database['compromise_windows']>, 'began_at' | 'ended_at'>;

const ofAccount = statement<Row, [accountId: string]>(
  'list-windows',
  `select w.began_at, w.ended_at from compromise_windows w join cases c on c.id = w.case_id
   where w.account_id = $1 and c.closed_at is null`,
);

export async function listWindows(db: Kysely<Database>, accountId: string): Promise<Row[]> {
  return await ofAccount(db, accountId);
}

export async function findWindow(db: Kysely<Database>, caseId: string): Promise<Row | undefined> {
  return await db
    .selectFrom('compromise_windows')
    .select(['began_at', 'ended_at'])
    .where('case_id', '=', caseId)
    .executeTakeFirst();
}

type NewWindow = { caseId: string; accountId: string; from: Date; until: Date | null; agentId: string };

export async function setWindow(trx: Transaction<Database>, window: NewWindow, now: Date): Promise<void> {
  const values = { began_at: window.from, ended_at: window.until, set_by: window.agentId, set_at: now };
  await trx
    .insertInto('compromise_windows')
    .values({ case_id: window.caseId, account_id: window.accountId, ...values })
    .onConflict((conflict) => conflict.column('case_id').doUpdateSet(values))
    .execute();
}
