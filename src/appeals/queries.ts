import { type Insertable, type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import type { Database } from '../db/types.ts';

type CaseRow = Selectable<Database['cases']>;

/** One of this account's own. */
export async function lockCase(
  trx: Transaction<Database>,
  id: string,
  accountId: string,
): Promise<CaseRow | undefined> {
  return await trx
    .selectFrom('cases')
    .selectAll()
    .where('id', '=', id)
    .where('account_id', '=', accountId)
    .forUpdate()
    .executeTakeFirst();
}

/** An open case that this one, opened again, would be the second of. */
export async function findOpenTwin(db: Kysely<Database>, theCase: CaseRow): Promise<CaseRow | undefined> {
  return await db
    .selectFrom('cases')
    .selectAll()
    .where('account_id', '=', theCase.account_id)
    .where('kind', '=', theCase.kind)
    .where('cause', 'is not distinct from', theCase.cause)
    .where('closed_at', 'is', null)
    .executeTakeFirst();
}

/** Open as if nothing had been decided, with nobody on it; what is promised is an answer by then. */
export async function reopenCase(trx: Transaction<Database>, id: string, answerBy: Date): Promise<void> {
  await trx
    .updateTable('cases')
    .set({
      closed_at: null,
      closed_by: null,
      outcome: null,
      outcome_note: null,
      merged_into: null,
      assignee_id: null,
      snoozed_until: null,
      first_answer_at: null,
      respond_by: answerBy,
      solve_by: sql`case when solve_by is null then null else ${answerBy}::timestamptz end`,
      refund_decision: null,
      refund_decided_at: null,
      refund_due_at: sql`case when refund_due_at is null then null else ${answerBy}::timestamptz end`,
      escalated_promises: [],
      escalated_at: null,
    })
    .where('id', '=', id)
    .execute();
}

/** Answered earlier than was promised, never later; whoever is excluded from now on has it no more. */
export async function hastenCase(
  trx: Transaction<Database>,
  id: string,
  excluded: string | null,
  answerBy: Date,
): Promise<void> {
  await trx
    .updateTable('cases')
    .set({
      respond_by: sql`least(respond_by, ${answerBy}::timestamptz)`,
      assignee_id: sql`nullif(assignee_id, ${excluded}::uuid)`,
    })
    .where('id', '=', id)
    .execute();
}

/** The returned truth is the verdict: a case is appealed against once. */
export async function insertAppeal(
  trx: Transaction<Database>,
  appeal: Insertable<Database['appeals']>,
): Promise<boolean> {
  const row = await trx
    .insertInto('appeals')
    .values(appeal)
    .onConflict((conflict) => conflict.column('case_id').doNothing())
    .returning('case_id')
    .executeTakeFirst();
  return row !== undefined;
}

export async function findReopenedAt(db: Kysely<Database>, caseId: string): Promise<Date | undefined> {
  const row = await db
    .selectFrom('appeals')
    .select('appealed_at')
    .where('case_id', '=', caseId)
    .whereRef('heard_in', '=', 'case_id')
    .executeTakeFirst();
  return row?.appealed_at;
}

export async function insertMessage(
  trx: Transaction<Database>,
  message: Insertable<Database['case_messages']>,
): Promise<void> {
  await trx.insertInto('case_messages').values(message).execute();
}

/** The returned truth is the verdict: a case is judged once. */
export async function insertFeedback(
  trx: Transaction<Database>,
  feedback: Insertable<Database['case_feedback']>,
): Promise<boolean> {
  const row = await trx
    .insertInto('case_feedback')
    .values(feedback)
    .onConflict((conflict) => conflict.column('case_id').doNothing())
    .returning('case_id')
    .executeTakeFirst();
  return row !== undefined;
}

export async function isExcluded(db: Kysely<Database>, caseId: string, agentId: string): Promise<boolean> {
  const row = await db
    .selectFrom('appeals')
    .select('case_id')
    .where('heard_in', '=', caseId)
    .where('excluded_id', '=', agentId)
    .executeTakeFirst();
  return row !== undefined;
}
