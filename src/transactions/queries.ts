import { type Insertable, type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import type { Database } from '../db/types.ts';

export type TransactionRow = Selectable<Database['transactions']>;

/** Undefined when the id was taken: then the row that stands is the answer. */
export async function insertTransaction(
  trx: Transaction<Database>,
  row: Insertable<Database['transactions']>,
): Promise<TransactionRow | undefined> {
  return await trx
    .insertInto('transactions')
    .values(row)
    .onConflict((conflict) => conflict.column('transaction_id').doNothing())
    .returningAll()
    .executeTakeFirst();
}

/** As `insertTransaction`; a `challenge` that stands under the id, for the same request, is decided anew in its place. */
export async function insertOrDecideAnew(
  trx: Transaction<Database>,
  row: Insertable<Database['transactions']>,
): Promise<TransactionRow | undefined> {
  const { decision, score, reasons, decided_at } = row;
  return await trx
    .insertInto('transactions')
    .values(row)
    .onConflict((conflict) =>
      conflict
        .column('transaction_id')
        .doUpdateSet({ decision, score, reasons, decided_at })
        .where('transactions.decision', '=', 'challenge')
        .whereRef('transactions.request_hash', '=', 'excluded.request_hash'),
    )
    .returningAll()
    .executeTakeFirst();
}

/** One at a time redeems a grant for this id, until the transaction ends. */
export async function lockTransactionId(trx: Transaction<Database>, transactionId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`transaction:${transactionId}`}, 0))`.execute(trx);
}

export async function findTransaction(
  db: Kysely<Database>,
  transactionId: string,
): Promise<TransactionRow | undefined> {
  return await db.selectFrom('transactions').selectAll().where('transaction_id', '=', transactionId).executeTakeFirst();
}

export async function findById(db: Kysely<Database>, id: string): Promise<TransactionRow | undefined> {
  return await db.selectFrom('transactions').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Newest first; `before` is the id of the last one seen. */
export async function listOf(
  db: Kysely<Database>,
  accountId: string,
  limit: number,
  before: string | undefined,
): Promise<TransactionRow[]> {
  return await db
    .selectFrom('transactions')
    .selectAll()
    .where('account_id', '=', accountId)
    .$if(before !== undefined, (query) => query.where('id', '<', before as string))
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
}

export async function lockTransaction(
  trx: Transaction<Database>,
  id: string,
  accountId: string,
): Promise<TransactionRow | undefined> {
  return await trx
    .selectFrom('transactions')
    .selectAll()
    .where('id', '=', id)
    .where('account_id', '=', accountId)
    .forUpdate()
    .executeTakeFirst();
}

/** Whether something was marked in this case before. */
export async function isMarkedIn(db: Kysely<Database>, caseId: string): Promise<boolean> {
  const row = await db
    .selectFrom('events')
    .select('id')
    .where('case_id', '=', caseId)
    .where('type', '=', 'transaction.marked')
    .executeTakeFirst();
  return row !== undefined;
}

type Mark = { mine: boolean; by: 'owner' | 'agent'; isProven: boolean; note: string | null };

export async function setMark(
  trx: Transaction<Database>,
  id: string,
  { mine, by, isProven, note }: Mark,
  now: Date,
): Promise<TransactionRow> {
  return await trx
    .updateTable('transactions')
    .set({ marked_mine: mine, marked_by: by, mark_proven: isProven, mark_note: note, marked_at: now })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

const NOT_MINE = JSON.stringify([{ rule: 'owner:not-mine', text: 'It is not the owner’s: they or an agent said so' }]);

/** Denied for good, unless it was already or is carried out. The returned row is the verdict. */
export async function stopTransaction(
  trx: Transaction<Database>,
  id: string,
  now: Date,
): Promise<TransactionRow | undefined> {
  return await trx
    .updateTable('transactions')
    .set({ decision: 'deny', status: 'resolved', score: 100, reasons: NOT_MINE, decided_at: now })
    .where('id', '=', id)
    .where('decision', '!=', 'deny')
    .where('kind', 'in', ['payment', 'withdrawal'])
    .where('outcome', 'is', null)
    .returningAll()
    .executeTakeFirst();
}

/** The returned row is the verdict: what became of it is told once, and of what was completed that it was reversed. */
export async function endTransaction(
  trx: Transaction<Database>,
  transactionId: string,
  outcome: NonNullable<TransactionRow['outcome']>,
  now: Date,
): Promise<TransactionRow | undefined> {
  return await trx
    .updateTable('transactions')
    .set({ outcome, outcome_at: now, ...(outcome === 'completed' && { completed_at: now }) })
    .where('transaction_id', '=', transactionId)
    .where((eb) =>
      eb.or([eb('outcome', 'is', null), ...(outcome === 'reversed' ? [eb('outcome', '=', 'completed')] : [])]),
    )
    .returningAll()
    .executeTakeFirst();
}

export async function decideReviewed(
  trx: Transaction<Database>,
  id: string,
  decision: 'allow' | 'deny',
  now: Date,
): Promise<TransactionRow> {
  return await trx
    .updateTable('transactions')
    .set({ decision, status: 'resolved', decided_at: now })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

export type LiabilityRow = {
  id: string;
  transaction_id: string;
  amount: string;
  currency: string;
  occurred_at: Date;
  reported_at: Date;
  is_proven: boolean;
  outcome: TransactionRow['outcome'];
  outcome_at: Date | null;
  completed_at: Date | null;
  /** With which second factor the payer confirmed exactly this, if they did. */
  factor: string | null;
  /** How the session that asked was signed in (RFC 8176). */
  session_amr: string[] | null;
  device_id: string | null;
  device_since: Date | null;
};

export async function listLiability(db: Kysely<Database>, accountId: string): Promise<LiabilityRow[]> {
  const { rows } = await sql<LiabilityRow>`
    select t.id, t.transaction_id, t.amount, t.currency, t.occurred_at, t.marked_at as reported_at,
      t.mark_proven as is_proven, t.outcome, t.outcome_at, t.completed_at, g.factor, s.amr as session_amr,
      coalesce(t.device_id, s.device_id) as device_id, coalesce(d.created_at, a.at) as device_since
    from transactions t
    left join lateral (select e.detail->'amr' as amr, e.device_id from events e
      where e.account_id = t.account_id and e.type = 'sign-in.succeeded' and e.session_id = t.session_id
      limit 1) s on true
    left join lateral (select e.detail->>'factor' as factor from events e
      where e.account_id = t.account_id and e.type = 'grant.redeemed' and e.detail->>'transactionId' = t.transaction_id
      limit 1) g on true
    left join devices d on d.id = coalesce(t.device_id, s.device_id) and d.account_id = t.account_id
    left join lateral (select e.at from events e
      where e.account_id = t.account_id and e.type = 'device.added' and e.device_id = coalesce(t.device_id, s.device_id)
      limit 1) a on true
    where t.account_id = ${accountId} and t.marked_mine = false
    order by t.id desc limit 200`.execute(db);
  return rows;
}
