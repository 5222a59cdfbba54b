import { type Insertable, type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import type { Database } from '../db/types.ts';

export type ReportRow = Selectable<Database['anonymous_reports']>;

/** Whose confirmed account it is, also by what the identifier was before a change that can still be undone. */
export async function findReported(db: Kysely<Database>, identifier: string, now: Date): Promise<string | undefined> {
  const row = await db
    .selectFrom('identifiers')
    .innerJoin('accounts', 'accounts.id', 'identifiers.account_id')
    .select('accounts.id')
    .where('identifiers.value', '=', identifier)
    .where((eb) => eb.or([eb('reserved_until', 'is', null), eb('reserved_until', '>', now)]))
    .where('accounts.email_confirmed_at', 'is not', null)
    .where('accounts.closed_at', 'is', null)
    .executeTakeFirst();
  return row?.id;
}

/** One stranger at a time reports one account. Owners and freezes do not wait for it. */
export async function queueReports(trx: Transaction<Database>, accountId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`report:${accountId}`}, 0))`.execute(trx);
}

/** The open case of what strangers said of the account and nobody confirmed: what comes next joins it. */
export async function findOpenCaseId(db: Kysely<Database>, accountId: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('anonymous_reports as r')
    .innerJoin('cases', 'cases.id', 'r.case_id')
    .select('r.case_id')
    .where('r.account_id', '=', accountId)
    .where('confirmed_at', 'is', null)
    .where('cases.closed_at', 'is', null)
    .orderBy('r.id')
    .executeTakeFirst();
  return row?.case_id;
}

export async function insertReport(
  trx: Transaction<Database>,
  row: Insertable<Database['anonymous_reports']>,
): Promise<void> {
  await trx.insertInto('anonymous_reports').values(row).execute();
}

/** The owner stands by it, once. The returned row is the verdict. */
export async function confirmReport(
  trx: Transaction<Database>,
  { accountId, ...by }: { accountId: string } & ({ id: string } | { reference: string }),
  now: Date,
): Promise<ReportRow | undefined> {
  return await trx
    .updateTable('anonymous_reports')
    .set({ confirmed_at: now })
    .where('account_id', '=', accountId)
    .where((eb) => ('id' in by ? eb('id', '=', by.id) : eb('reference', '=', by.reference)))
    .where('confirmed_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
}

/** It belongs to another case: the one it came to is of another kind, or closed. */
export async function moveReport(trx: Transaction<Database>, id: string, caseId: string): Promise<void> {
  await trx.updateTable('anonymous_reports').set({ case_id: caseId }).where('id', '=', id).execute();
}

export async function listReports(db: Kysely<Database>, caseId: string): Promise<ReportRow[]> {
  return await db
    .selectFrom('anonymous_reports')
    .selectAll()
    .where('case_id', '=', caseId)
    .orderBy('id')
    .limit(100)
    .execute();
}
