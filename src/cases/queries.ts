import { type Insertable, type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import type { Database } from '../db/types.ts';
import type { CaseKind, Priority } from './rules.ts';

export type CaseRow = Selectable<Database['cases']>;
export type MessageRow = Selectable<Database['case_messages']>;

export async function findOpenCase(
  db: Kysely<Database>,
  accountId: string,
  kind: CaseKind,
): Promise<CaseRow | undefined> {
  return await db
    .selectFrom('cases')
    .selectAll()
    .where('account_id', '=', accountId)
    .where('kind', '=', kind)
    .where('closed_at', 'is', null)
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
    .executeTakeFirst();
}

export async function insertCase(trx: Transaction<Database>, row: Insertable<Database['cases']>): Promise<CaseRow> {
  return await trx.insertInto('cases').values(row).returningAll().executeTakeFirstOrThrow();
}

/** Urgent from now on, in the queue and as the helpdesk knows it; a promise made earlier stays. */
export async function raisePriority(trx: Transaction<Database>, id: string, respondBy: Date): Promise<CaseRow> {
  await trx.updateTable('tickets').set({ priority: 'urgent' }).where('case_id', '=', id).execute();
  return await trx
    .updateTable('cases')
    .set({ priority: 'urgent', respond_by: sql`least(respond_by, ${respondBy}::timestamptz)` })
    .where('id', '=', id)
    .returningAll()
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
    .execute();
}

export async function findCase(db: Kysely<Database>, id: string): Promise<CaseRow | undefined> {
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

export async function insertReceipt(
  trx: Transaction<Database>,
  receipt: Insertable<Database['receipts']>,
): Promise<void> {
  await trx.insertInto('receipts').values(receipt).execute();
}

export type QueueFilter = {
  kind?: CaseKind | undefined;
  priority?: Priority | undefined;
  assigneeId?: string | undefined;
  after?: { rank: number; respondBy: Date; id: string } | undefined;
};
export type QueuedCase = CaseRow & { rank: number };

const rank = sql<number>`array_position(array['urgent', 'high', 'normal', 'low'], priority)`;

/** Open cases, most urgent first, then by promise: one walk along the queue's index. */
export async function listQueue(db: Kysely<Database>, filter: QueueFilter, limit: number): Promise<QueuedCase[]> {
  const { kind, priority, assigneeId, after } = filter;
  return await db
    .selectFrom('cases')
    .selectAll()
    .select(rank.as('rank'))
    .where('closed_at', 'is', null)
    .$if(kind !== undefined, (query) => query.where('kind', '=', kind as CaseKind))
    .$if(priority !== undefined, (query) => query.where('priority', '=', priority as Priority))
    .$if(assigneeId !== undefined, (query) => query.where('assignee_id', '=', assigneeId as string))
    .$if(after !== undefined, (query) =>
      query.where(
        sql<boolean>`(${rank}, respond_by, id) > (${after?.rank}::int, ${after?.respondBy}::timestamptz, ${after?.id}::uuid)`,
      ),
    )
    .orderBy(rank)
    .orderBy('respond_by')
    .orderBy('id')
    .limit(limit)
    .execute();
}
