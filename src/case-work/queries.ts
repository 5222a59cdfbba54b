import { type Insertable, type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import type { AnyCaseRow } from '../cases/cases.ts';
import type { CaseKind, Priority } from '../cases/rules.ts';
import type { Database } from '../db/types.ts';

export type ContactRow = Selectable<Database['case_contacts']>;
export type QueueFilter = {
  status: 'open' | 'snoozed';
  kind?: CaseKind | undefined;
  priority?: Priority | undefined;
  /** Null for cases that nobody works on. */
  assigneeId?: string | null | undefined;
  after?: { rank: number; dueAt: Date; id: string } | undefined;
};
export type QueuedCase = AnyCaseRow & { rank: number };

const order: readonly Priority[] = ['urgent', 'high', 'normal', 'low'];
const rank = sql<number>`array_position(array['urgent', 'high', 'normal', 'low'], priority)`;

/** Open cases, most urgent first, then by what is due next: one walk along an index of the queue, whatever the filter. */
export function queueQuery(db: Kysely<Database>, filter: QueueFilter, limit: number, now: Date) {
  const { status, kind, priority, assigneeId, after } = filter;
  let query = db.selectFrom('cases').selectAll().select(rank.as('rank')).where('closed_at', 'is', null);
  query =
    status === 'snoozed'
      ? query.where('snoozed_until', '>', now)
      : query.where((eb) => eb.or([eb('snoozed_until', 'is', null), eb('snoozed_until', '<=', now)]));
  if (kind !== undefined) query = query.where('kind', '=', kind);
  if (priority !== undefined) query = query.where(rank, '=', order.indexOf(priority) + 1);
  if (assigneeId === null) query = query.where('assignee_id', 'is', null);
  else if (assigneeId !== undefined) query = query.where('assignee_id', '=', assigneeId);
  if (after)
    query = query.where(
      sql<boolean>`(${rank}, due_at, id) > (${after.rank}::int, ${after.dueAt}::timestamptz, ${after.id}::uuid)`,
    );
  return query.orderBy(rank).orderBy('due_at').orderBy('id').limit(limit);
}

/** Closed cases, the newest first. */
export async function listClosed(
  db: Kysely<Database>,
  { kind, priority, assigneeId, after }: Omit<QueueFilter, 'status'>,
  limit: number,
): Promise<QueuedCase[]> {
  let query = db.selectFrom('cases').selectAll().select(rank.as('rank')).where('closed_at', 'is not', null);
  if (kind !== undefined) query = query.where('kind', '=', kind);
  if (priority !== undefined) query = query.where('priority', '=', priority);
  if (assigneeId !== undefined) query = query.where('assignee_id', 'is not distinct from', assigneeId);
  if (after) query = query.where('id', '<', after.id);
  return await query.orderBy('id', 'desc').limit(limit).execute();
}

/** Gives an open case that nobody has to this agent. The returned row is the verdict. */
export async function claim(trx: Transaction<Database>, id: string, agentId: string): Promise<AnyCaseRow | undefined> {
  return await trx
    .updateTable('cases')
    .set({ assignee_id: agentId })
    .where('id', '=', id)
    .where('assignee_id', 'is', null)
    .where('closed_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
}

type Change = Partial<
  Pick<
    Insertable<Database['cases']>,
    | 'assignee_id'
    | 'snoozed_until'
    | 'first_answer_at'
    | 'refund_decision'
    | 'refund_decided_at'
    | 'closed_at'
    | 'closed_by'
    | 'outcome'
    | 'outcome_note'
    | 'merged_into'
    | 'solve_by'
    | 'refund_due_at'
    | 'respond_by'
  >
>;

/** The caller holds the case's lock. */
export async function change(trx: Transaction<Database>, id: string, values: Change): Promise<AnyCaseRow> {
  return await trx.updateTable('cases').set(values).where('id', '=', id).returningAll().executeTakeFirstOrThrow();
}

export async function insertContact(
  trx: Transaction<Database>,
  row: Insertable<Database['case_contacts']>,
): Promise<ContactRow> {
  return await trx.insertInto('case_contacts').values(row).returningAll().executeTakeFirstOrThrow();
}

export async function listContacts(db: Kysely<Database>, caseId: string): Promise<ContactRow[]> {
  return await db
    .selectFrom('case_contacts')
    .selectAll()
    .where('case_id', '=', caseId)
    .orderBy('id')
    .limit(500)
    .execute();
}

export async function listMergedInto(db: Kysely<Database>, caseId: string): Promise<string[]> {
  const rows = await db.selectFrom('cases').select('id').where('merged_into', '=', caseId).orderBy('id').execute();
  return rows.map(({ id }) => id);
}

export async function hasOpenApproval(db: Kysely<Database>, caseId: string): Promise<boolean> {
  const row = await db
    .selectFrom('approvals')
    .select('id')
    .where('case_id', '=', caseId)
    .where('executed_at', 'is', null)
    .where('ended_at', 'is', null)
    .executeTakeFirst();
  return row !== undefined;
}

/**
 * What was put into one case is in the other: words, contacts, evidence, reports, holds, receipts, watches. Both windows become one
 * that holds them both. What proved an identity stays where it was shown.
 */
export async function moveContents(trx: Transaction<Database>, from: string, into: string): Promise<void> {
  for (const table of ['case_messages', 'case_contacts', 'case_evidence', 'anonymous_reports'] as const)
    await trx.updateTable(table).set({ case_id: into }).where('case_id', '=', from).execute();
  for (const table of ['holds', 'receipts', 'watches'] as const)
    await trx.updateTable(table).set({ case_id: into }).where('case_id', '=', from).execute();
  await sql`insert into compromise_windows (case_id, account_id, began_at, ended_at, set_by, set_at)
    select ${into}::uuid, account_id, began_at, ended_at, set_by, set_at from compromise_windows where case_id = ${from}
    on conflict (case_id) do update set
      began_at = least(compromise_windows.began_at, excluded.began_at),
      ended_at = case when compromise_windows.ended_at is null or excluded.ended_at is null then null
        else greatest(compromise_windows.ended_at, excluded.ended_at) end`.execute(trx);
  await sql`insert into window_proposals (case_id, from_at, event_id, proposed_at)
    select ${into}::uuid, from_at, event_id, proposed_at from window_proposals where case_id = ${from}
    on conflict (case_id) do update set from_at = excluded.from_at, event_id = excluded.event_id, proposed_at = excluded.proposed_at
      where window_proposals.from_at > excluded.from_at`.execute(trx);
}

type Overdue = Pick<AnyCaseRow, 'id' | 'account_id' | 'priority' | 'respond_by' | 'solve_by' | 'refund_due_at'> & {
  promise: 'answer' | 'solve' | 'refund';
};

/** Open cases with a promise that passed and was not told yet; the case is locked, one that another node has is left to it. */
export async function lockOverdue(trx: Transaction<Database>, now: Date, most: number): Promise<Overdue[]> {
  const { rows } = await sql<Overdue>`
    select id, account_id, priority, respond_by, solve_by, refund_due_at, promise from (
      select c.*, case
        when first_answer_at is null and respond_by < ${now} and not 'answer' = any(escalated_promises) then 'answer'
        when refund_decided_at is null and refund_due_at < ${now} and not 'refund' = any(escalated_promises) then 'refund'
        when solve_by < ${now} and not 'solve' = any(escalated_promises) then 'solve' end as promise
      from cases c where closed_at is null and next_escalation_at < ${now}
      order by next_escalation_at for update skip locked limit ${most}) as late
    where promise is not null`.execute(trx);
  return rows;
}

/** One step up, and that this promise's passing was told. */
export async function escalate(
  trx: Transaction<Database>,
  { id, promise }: Pick<Overdue, 'id' | 'promise'>,
  { priority, respondBy }: { priority: Priority; respondBy: Date },
  now: Date,
): Promise<void> {
  await sql`update tickets set priority = ${priority} where case_id = ${id}`.execute(trx);
  await sql`update cases set priority = ${priority}, snoozed_until = null, escalated_at = ${now},
      respond_by = least(respond_by, ${respondBy}::timestamptz),
      escalated_promises = array_append(escalated_promises, ${promise}::text)
    where id = ${id}`.execute(trx);
}
