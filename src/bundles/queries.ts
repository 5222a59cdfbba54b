import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/types.ts';

type Transaction = Database['transactions'];

type BundledTransaction = {
  transactionId: string;
  kind: string;
  amount: string;
  currency: string;
  payee: string | null;
  occurredAt: Date;
  ip: string | null;
  decision: Transaction['decision'];
  outcome: Transaction['outcome'];
  mine: boolean | null;
  markedBy: string | null;
  proven: boolean | null;
};

/** The transactions a case is about: inside its window, named in its reports, or disowned. */
export async function listTransactions(
  db: Kysely<Database>,
  caseId: string,
  accountId: string,
): Promise<BundledTransaction[]> {
  const { rows } = await sql<BundledTransaction>`
    select transaction_id as "transactionId", t.kind, t.amount, t.currency, coalesce(payee_name, payee_id) as payee,
      occurred_at as "occurredAt", host(ip) as ip, decision, outcome, marked_mine as mine, marked_by as "markedBy",
      mark_proven as proven
    from transactions t left join compromise_windows w on w.case_id = ${caseId}
    where t.account_id = ${accountId} and (t.marked_mine is false
      or (occurred_at >= w.began_at and occurred_at <= coalesce(w.ended_at, 'infinity'))
      or transaction_id in (select jsonb_array_elements_text(data->'transactionIds') from case_messages
        where case_id = ${caseId} and kind = 'report' and jsonb_typeof(data->'transactionIds') = 'array'))
    order by occurred_at, t.id limit 5000`.execute(db);
  return rows;
}

type BundledHold = {
  id: string;
  scope: Database['holds']['scope'];
  reasonCode: string;
  source: string;
  since: Date;
  until: Date | null;
  releasedAt: Date | null;
  releaseReason: string | null;
};

export async function listHolds(db: Kysely<Database>, caseId: string): Promise<BundledHold[]> {
  return await db
    .selectFrom('holds')
    .select(['id', 'scope', 'reason_code as reasonCode', 'source', 'since', 'until'])
    .select(['released_at as releasedAt', 'release_reason as releaseReason'])
    .where('case_id', '=', caseId)
    .orderBy('since')
    .execute();
}

export async function listReceipts(db: Kysely<Database>, caseId: string): Promise<{ jws: string; issuedAt: Date }[]> {
  return await db
    .selectFrom('receipts')
    .select(['jws', 'issued_at as issuedAt'])
    .where('case_id', '=', caseId)
    .orderBy('id')
    .execute();
}
