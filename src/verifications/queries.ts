import type { Insertable, Kysely, Selectable, Transaction } from 'kysely';
import type { Database } from '../db/types.ts';

export type VerificationRow = Selectable<Database['verifications']>;

export async function insertVerification(
  trx: Transaction<Database>,
  row: Insertable<Database['verifications']>,
): Promise<VerificationRow> {
  return await trx.insertInto('verifications').values(row).returningAll().executeTakeFirstOrThrow();
}

export async function listVerifications(db: Kysely<Database>, caseId: string): Promise<VerificationRow[]> {
  return await db.selectFrom('verifications').selectAll().where('case_id', '=', caseId).orderBy('id').execute();
}

/** The account's open cases in which anything was verified, the latest first. */
export async function listVerifiedCases(db: Kysely<Database>, accountId: string): Promise<string[]> {
  const rows = await db
    .selectFrom('cases')
    .select('id')
    .where('account_id', '=', accountId)
    .where('closed_at', 'is', null)
    .where((eb) => eb.exists(eb.selectFrom('verifications as v').select('v.id').whereRef('v.case_id', '=', 'cases.id')))
    .orderBy('id', 'desc')
    .execute();
  return rows.map(({ id }) => id);
}

export async function hasVerified(db: Kysely<Database>, caseId: string, agentId: string): Promise<boolean> {
  const row = await db
    .selectFrom('verifications')
    .select('id')
    .where('case_id', '=', caseId)
    .where('agent_id', '=', agentId)
    .executeTakeFirst();
  return row !== undefined;
}
