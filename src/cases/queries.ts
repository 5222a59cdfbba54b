import { type Insertable, type Kysely, type NotNull, type Selectable, sql, type Transaction } from 'kysely';
import type { Database } from '../db/types.ts';
import type { CaseKind, Priority } from './rules.ts';

/** Of one account, or with null of the many that a bulk freeze contains. */
export type AnyCaseRow = Selectable<Database['cases']>;
/** Of one account: all that its owner can ever see. */
export type CaseRow = Omit<AnyCaseRow, 'account_id'> & { account_id: string };
type OfAccount = { account_id: NotNull };
export type NewCase = Insertable<Database['cases']>;
export type MessageRow = Selectable<Database['case_messages']>;

export async function findOpenCase(
  db: Kysely<Database>,
  accountId: string,
  kind: CaseKind,
  cause?: string,
): Promise<CaseRow | undefined> {
  return await db
    .selectFrom('cases')
    .selectAll()
    .where('account_id', '=', accountId)
    .where('kind', '=', kind)
    .where('cause', 'is not distinct from', cause ?? null)
    .where('closed_at', 'is', null)
    .$narrowType<OfAccount>()
    .executeTakeFirst();
}

/** The account's most urgent open case: the one a frozen owner is led to. */
export async function findLeadingCase(db: Kysely<Database>, accountId: string): Promise<CaseRow | undefined> {
  return await db
    .selectFrom('cases')
    .selectAll()
    .where('account_id', '=', accountId)
    .where('closed_at', 'is', null)
    .orderBy(sql`array_position(array['urgent', 'high', 'normal', 'low'], priority)`)
    .orderBy('id')
    .$narrowType<OfAccount>()
    .executeTakeFirst();
}

export async function insertCase(trx: Transaction<Database>, row: NewCase): Promise<AnyCaseRow> {
  return await trx.insertInto('cases').values(row).returningAll().executeTakeFirstOrThrow();
}

/** More urgent from now on, in the queue and as the helpdesk knows it; a promise made earlier stays. */
export async function raisePriority(
  trx: Transaction<Database>,
  id: string,
  priority: Priority,
  respondBy: Date,
): Promise<CaseRow> {
  await trx.updateTable('tickets').set({ priority }).where('case_id', '=', id).execute();
  return await trx
    .updateTable('cases')
    .set({ priority, respond_by: sql`least(respond_by, ${respondBy}::timestamptz)`, snoozed_until: null })
    .where('id', '=', id)
    .where('account_id', 'is not', null)
    .returningAll()
    .$narrowType<OfAccount>()
    .executeTakeFirstOrThrow();
}

export async function insertTicket(trx: Transaction<Database>, row: Insertable<Database['tickets']>): Promise<void> {
  await trx.insertInto('tickets').values(row).execute();
}

export async function insertMessage(
  trx: Transaction<Database>,
  row: Insertable<Database['case_messages']>,
): Promise<MessageRow> {
  return await trx.insertInto('case_messages').values(row).returningAll().executeTakeFirstOrThrow();
}

export async function listCasesOf(
  db: Kysely<Database>,
  accountId: string,
  limit: number,
  before: string | undefined,
): Promise<CaseRow[]> {
  return await db
    .selectFrom('cases')
    .selectAll()
    .where('account_id', '=', accountId)
    .$if(before !== undefined, (query) => query.where('id', '<', before as string))
    .orderBy('id', 'desc')
    .limit(limit)
    .$narrowType<OfAccount>()
    .execute();
}

export async function findCase(db: Kysely<Database>, id: string): Promise<CaseRow | undefined> {
  return await db
    .selectFrom('cases')
    .selectAll()
    .where('id', '=', id)
    .where('account_id', 'is not', null)
    .$narrowType<OfAccount>()
    .executeTakeFirst();
}

export async function findAnyCase(db: Kysely<Database>, id: string): Promise<AnyCaseRow | undefined> {
  return await db.selectFrom('cases').selectAll().where('id', '=', id).executeTakeFirst();
}

export async function listMessages(
  db: Kysely<Database>,
  caseId: string,
  kinds: readonly MessageRow['kind'][],
): Promise<MessageRow[]> {
  return await db
    .selectFrom('case_messages')
    .selectAll()
    .where('case_id', '=', caseId)
    .where('kind', 'in', kinds)
    .orderBy('id')
    .limit(500)
    .execute();
}

export async function hasOwnersReport(
  db: Kysely<Database>,
  accountId: string,
  kinds: readonly CaseKind[],
): Promise<boolean> {
  const row = await db
    .selectFrom('case_messages as m')
    .innerJoin('cases as c', 'c.id', 'm.case_id')
    .select('m.id')
    .where('c.account_id', '=', accountId)
    .where('c.closed_at', 'is', null)
    .where('c.kind', 'in', kinds)
    .where('m.kind', '=', 'report')
    .where('m.author_kind', '=', 'owner')
    .where('m.author_id', '=', accountId)
    .executeTakeFirst();
  return row !== undefined;
}

/** Whether somebody said without signing in that something happened, and the owner then that it was they. */
export async function hasConfirmedReport(
  db: Kysely<Database>,
  accountId: string,
  kinds: readonly CaseKind[],
): Promise<boolean> {
  const row = await db
    .selectFrom('anonymous_reports as r')
    .innerJoin('cases as c', 'c.id', 'r.case_id')
    .select('r.id')
    .where('r.account_id', '=', accountId)
    .where('r.confirmed_at', 'is not', null)
    .where('c.closed_at', 'is', null)
    .where('r.kind', 'in', kinds as never)
    .executeTakeFirst();
  return row !== undefined;
}

export async function insertReceipt(
  trx: Transaction<Database>,
  receipt: Insertable<Database['receipts']>,
): Promise<void> {
  await trx.insertInto('receipts').values(receipt).execute();
}

export async function findReceipt(
  trx: Transaction<Database>,
  holdId: string,
): Promise<{ jws: string; reference: string } | undefined> {
  return await trx
    .selectFrom('receipts')
    .innerJoin('cases', 'cases.id', 'receipts.case_id')
    .select(['jws', 'reference'])
    .where('receipts.account_id', '=', (eb) =>
      eb.selectFrom('holds').select('account_id').where('holds.id', '=', holdId),
    )
    .where('hold_id', '=', holdId)
    .orderBy('receipts.id')
    .executeTakeFirst();
}

/** The case and what is put into it belong to whoever holds this lock. */
export async function lockAnyCase(trx: Transaction<Database>, id: string): Promise<AnyCaseRow | undefined> {
  return await trx.selectFrom('cases').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
}

/** A case that was set aside comes back: somebody wrote. */
export async function wake(trx: Transaction<Database>, id: string): Promise<void> {
  await trx
    .updateTable('cases')
    .set({ snoozed_until: null })
    .where('id', '=', id)
    .where('snoozed_until', 'is not', null)
    .execute();
}

/**
 * What may be lost of an account: money that went out, unless it was refused, failed or came back, that its owner says is not
 * theirs, that a proven report of the case names, or that left inside its window and nobody has said is theirs. The largest
 * sum of one currency, in units of it; of currencies without decimals a hundred count as one.
 */
export async function sumAtRisk(
  trx: Transaction<Database>,
  caseId: string,
  accountId: string,
  wholeCurrencies: readonly string[],
): Promise<number> {
  const { rows } = await sql<{ most: number }>`
    select coalesce(max(total), 0)::float8 as most from (
      select sum(t.amount) / case when t.currency = any(${wholeCurrencies}) then 100 else 1 end as total
      from transactions t left join compromise_windows w on w.case_id = ${caseId}
      where t.account_id = ${accountId} and t.kind in ('payment', 'withdrawal') and t.decision <> 'deny'
        and t.outcome is distinct from 'failed' and t.outcome is distinct from 'reversed'
        and (t.marked_mine is false or ((t.marked_mine is null or not t.mark_proven) and (
          (t.occurred_at >= w.began_at and t.occurred_at <= coalesce(w.ended_at, 'infinity'))
          or t.transaction_id in (
            select jsonb_array_elements_text(m.data->'transactionIds') from case_messages m
            where m.case_id = ${caseId} and m.kind = 'report' and m.is_proven
              and jsonb_typeof(m.data->'transactionIds') = 'array'))))
      group by t.currency) as sums`.execute(trx);
  return rows[0]?.most ?? 0;
}

export async function setAtRisk(trx: Transaction<Database>, id: string, amount: number): Promise<void> {
  await trx
    .updateTable('cases')
    .set({ money_at_risk: String(amount) })
    .where('id', '=', id)
    .execute();
}
