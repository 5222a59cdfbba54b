import { sql, type Transaction } from 'kysely';
import type { Database } from '../db/types.ts';
import type { HoldRow } from './queries.ts';

type Taken = { id: string; closed_at: Date | null };

/** As `lockAccountForChange` for each of them, in one order for all callers; ids of no account are left out. */
export async function lockAccountsForChange(trx: Transaction<Database>, ids: readonly string[]): Promise<Taken[]> {
  const ordered = ids.toSorted();
  await sql`select pg_advisory_xact_lock(hashtextextended(id::text, 0)) from unnest(${ordered}::uuid[]) as wanted (id)`.execute(
    trx,
  );
  const { rows } = await sql<Taken>`update accounts set version = version + 1 where id = any(${ordered}::uuid[])
    returning id, closed_at`.execute(trx);
  return rows;
}

/** Freezes without an end: one that ends by itself is another. */
export async function findFreezesOf(
  trx: Transaction<Database>,
  accountIds: readonly string[],
): Promise<Pick<HoldRow, 'id' | 'account_id' | 'source' | 'reason_code'>[]> {
  return await trx
    .selectFrom('holds')
    .select(['id', 'account_id', 'source', 'reason_code'])
    .where('account_id', 'in', accountIds)
    .where('scope', '=', 'all')
    .where('released_at', 'is', null)
    .where('until', 'is', null)
    .execute();
}

type NewFreeze = { id: string; accountId: string; receiptId: string; jws: string };
type Common = {
  reasonCode: HoldRow['reason_code'];
  source: 'agent' | 'legal';
  agentId: string;
  caseId: string;
  note: string;
};

/** The holds and what proves them, in one statement. */
export async function insertFreezes(
  trx: Transaction<Database>,
  freezes: readonly NewFreeze[],
  common: Common,
  now: Date,
): Promise<void> {
  const { reasonCode, source, agentId, caseId, note } = common;
  await sql`with wanted as (
      select * from jsonb_to_recordset(${JSON.stringify(freezes)}::jsonb)
        as w (id uuid, "accountId" uuid, "receiptId" uuid, jws text)),
    placed as (
      insert into holds (id, account_id, scope, reason_code, source, placed_by, case_id, note, since)
      select id, "accountId", 'all', ${reasonCode}, ${source}, ${agentId}::uuid, ${caseId}::uuid, ${note}, ${now}::timestamptz
      from wanted)
    insert into receipts (id, account_id, case_id, hold_id, jws, issued_at)
    select "receiptId", "accountId", ${caseId}::uuid, id, jws, ${now}::timestamptz from wanted`.execute(trx);
}
