import { type Insertable, type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import { statement } from '../db/statement.ts';
import type { Database } from '../db/types.ts';
import type { ApprovalKind, EndReason, Status } from './rules.ts';

export type ApprovalRow = Selectable<Database['approvals']>;
/** What a wish is about: one account or many, and one thing where the kind has several. */
export type Subject = { accountId: string | null; kind: ApprovalKind; subjectId?: string | undefined };
export type Approval = ApprovalRow & { status: Status; case_reference: string | null };

const statusAt = (now: Date) => sql<Status>`case
  when executed_at is not null then 'done'
  when end_reason in ('rejected', 'vetoed', 'expired') then end_reason
  when ended_at is not null then 'cancelled'
  when effective_at is not null then 'scheduled'
  when expires_at <= ${now} then 'expired'
  else 'pending' end`;

const shown = (db: Kysely<Database>, now: Date) =>
  db
    .selectFrom('approvals')
    .leftJoin('cases', 'cases.id', 'approvals.case_id')
    .selectAll('approvals')
    .select('cases.reference as case_reference')
    .select(statusAt(now).as('status'));

export async function findApproval(db: Kysely<Database>, id: string, now: Date): Promise<Approval | undefined> {
  return await shown(db, now).where('approvals.id', '=', id).executeTakeFirst();
}

/** What was asked for about many accounts, of these subjects, the newest first. */
export async function listAbout(db: Kysely<Database>, subjectIds: readonly string[], now: Date): Promise<Approval[]> {
  if (subjectIds.length === 0) return [];
  return await shown(db, now)
    .where('approvals.account_id', 'is', null)
    .where('approvals.subject_id', 'in', subjectIds)
    .orderBy('approvals.id', 'desc')
    .execute();
}

export async function listApprovals(
  db: Kysely<Database>,
  { status, before }: { status?: Status | undefined; before?: string | undefined },
  limit: number,
  now: Date,
): Promise<Approval[]> {
  return await shown(db, now)
    .$if(status !== undefined, (query) => query.where(statusAt(now), '=', status as Status))
    .$if(before !== undefined, (query) => query.where('approvals.id', '<', before as string))
    .orderBy('approvals.id', 'desc')
    .limit(limit)
    .execute();
}

/** The account's open wish of this kind, about this subject where it has one; one whose time is over is none. */
export async function findOpen(
  db: Kysely<Database>,
  { accountId, kind, subjectId }: Subject,
  now: Date,
): Promise<Approval | undefined> {
  return await shown(db, now)
    .where('approvals.account_id', 'is not distinct from', accountId)
    .where('approvals.kind', '=', kind)
    .where('approvals.subject_id', 'is not distinct from', subjectId ?? null)
    .where(statusAt(now), 'in', ['pending', 'scheduled'])
    .executeTakeFirst();
}

export async function insertApproval(
  trx: Transaction<Database>,
  row: Insertable<Database['approvals']>,
): Promise<ApprovalRow> {
  return await trx.insertInto('approvals').values(row).returningAll().executeTakeFirstOrThrow();
}

type Yes = { by: string; note: string; effectiveAt: Date };

/** The second person's yes. The returned row is the verdict: one caller gets it. */
export async function decide(
  trx: Transaction<Database>,
  id: string,
  { by, note, effectiveAt }: Yes,
  now: Date,
): Promise<ApprovalRow | undefined> {
  return await trx
    .updateTable('approvals')
    .set({ decided_by: by, decided_at: now, decision_note: note, effective_at: effectiveAt })
    .where('id', '=', id)
    .where('effective_at', 'is', null)
    .where('ended_at', 'is', null)
    .where('expires_at', '>', now)
    .returningAll()
    .executeTakeFirst();
}

type End = { reason: EndReason; by?: string | undefined; note?: string | undefined };

/** Ends it where it is still open. The returned row is the verdict. */
export async function end(
  trx: Transaction<Database>,
  id: string,
  { reason, by, note }: End,
  now: Date,
): Promise<ApprovalRow | undefined> {
  return await trx
    .updateTable('approvals')
    .set({ ended_at: now, end_reason: reason, ended_by: by ?? null, end_note: note ?? null })
    .where('id', '=', id)
    .where('executed_at', 'is', null)
    .where('ended_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
}

const open = statement<{ id: string }, [accountId: string | null, kind: ApprovalKind, subjectId: string | null]>(
  'list-open-approvals',
  `select id from approvals where account_id is not distinct from $1::uuid and kind = $2 and subject_id is not distinct from $3
   and executed_at is null and ended_at is null`,
);

/** What was neither carried out nor ended, though its time to be decided may be over. */
export async function listOpen(db: Kysely<Database>, { accountId, kind, subjectId }: Subject): Promise<string[]> {
  return (await open(db, accountId, kind, subjectId ?? null)).map(({ id }) => id);
}

/** What is to be carried out or ends undecided, oldest first. */
export async function listDue(db: Kysely<Database>, limit: number, now: Date): Promise<ApprovalRow[]> {
  const dueAt = sql<Date>`coalesce(effective_at, expires_at)`;
  return await db
    .selectFrom('approvals')
    .selectAll()
    .where('executed_at', 'is', null)
    .where('ended_at', 'is', null)
    .where(dueAt, '<=', now)
    .orderBy(dueAt)
    .limit(limit)
    .execute();
}

/** Takes it to carry it out. The returned truth is the verdict: one node of several gets it. */
export async function redeem(trx: Transaction<Database>, id: string, now: Date): Promise<boolean> {
  const row = await trx
    .updateTable('approvals')
    .set({ executed_at: now })
    .where('id', '=', id)
    .where('executed_at', 'is', null)
    .where('ended_at', 'is', null)
    .where('effective_at', '<=', now)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** When the owner last spoke against what was asked for in this case. */
export async function findContestedAt(db: Kysely<Database>, caseId: string): Promise<Date | undefined> {
  const row = await db
    .selectFrom('approvals')
    .select((eb) => eb.fn.max('ended_at').as('at'))
    .where('case_id', '=', caseId)
    .where('end_reason', 'in', ['vetoed', 'factor-used', 'contact-restored'])
    .executeTakeFirst();
  return row?.at ?? undefined;
}

/** Which of these accounts have an open wish of this kind. */
export async function listAccountsWithOpen(
  db: Kysely<Database>,
  accountIds: readonly string[],
  kind: ApprovalKind,
): Promise<string[]> {
  return (await withOpen(db, accountIds, kind)).map(({ id }) => id);
}

const withOpen = statement<{ id: string }, [accountIds: readonly string[], kind: ApprovalKind]>(
  'list-accounts-with-open-approvals',
  `select distinct account_id as id from approvals
   where account_id = any($1::uuid[]) and kind = $2 and executed_at is null and ended_at is null`,
);
