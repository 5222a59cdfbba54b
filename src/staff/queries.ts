import { type Insertable, type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import type { Database } from '../db/types.ts';
import type { ChangeKind, EndReason, Status } from './rules.ts';

export type ChangeRow = Selectable<Database['staff_changes']>;
export type AgentRow = Selectable<Database['agents']>;
export type Change = ChangeRow & { status: Status; agent_email: string };
export type AgentShown = AgentRow & { locked_until: Date | null; seen_at: Date | null };

const statusAt = (now: Date) => sql<Status>`case
  when executed_at is not null then 'done'
  when end_reason in ('rejected', 'expired') then end_reason
  when ended_at is not null then 'cancelled'
  when effective_at is not null then 'scheduled'
  when expires_at <= ${now} then 'expired'
  else 'pending' end`;

const shown = (db: Kysely<Database>, now: Date) =>
  db
    .selectFrom('staff_changes as c')
    .leftJoin('agents as a', 'a.id', 'c.agent_id')
    .selectAll('c')
    .select(sql<string>`coalesce(a.email, c.email)`.as('agent_email'))
    .select(statusAt(now).as('status'));

/** One change of who works here after the other: two at once could each leave the other's admin as the last. */
export async function queueForStaff(trx: Transaction<Database>): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended('staff', 0))`.execute(trx);
}

export async function findChange(db: Kysely<Database>, id: string, now: Date): Promise<Change | undefined> {
  return await shown(db, now).where('c.id', '=', id).executeTakeFirst();
}

export async function listChanges(
  db: Kysely<Database>,
  { status, before }: { status?: Status | undefined; before?: string | undefined },
  limit: number,
  now: Date,
): Promise<Change[]> {
  return await shown(db, now)
    .$if(status !== undefined, (query) => query.where(statusAt(now), '=', status as Status))
    .$if(before !== undefined, (query) => query.where('c.id', '<', before as string))
    .orderBy('c.id', 'desc')
    .limit(limit)
    .execute();
}

type Subject = { kind: ChangeKind; agentId: string | null; emailKey: string | null };

/** What was neither carried out nor ended, though its time to be decided may be over. */
export async function findOpen(
  db: Kysely<Database>,
  { kind, agentId, emailKey }: Subject,
  now: Date,
): Promise<Change | undefined> {
  return await shown(db, now)
    .where('c.kind', '=', kind)
    .where('c.agent_id', 'is not distinct from', agentId)
    .where('c.email_key', 'is not distinct from', emailKey)
    .where('c.executed_at', 'is', null)
    .where('c.ended_at', 'is', null)
    .executeTakeFirst();
}

export async function insertChange(
  trx: Transaction<Database>,
  row: Insertable<Database['staff_changes']>,
): Promise<void> {
  await trx.insertInto('staff_changes').values(row).execute();
}

type Yes = { by: string; note: string };

/** The second person's yes. The returned truth is the verdict: one caller gets it. */
export async function decide(trx: Transaction<Database>, id: string, { by, note }: Yes, now: Date): Promise<boolean> {
  const row = await trx
    .updateTable('staff_changes')
    .set({ decided_by: by, decided_at: now, decision_note: note, effective_at: now })
    .where('id', '=', id)
    .where('effective_at', 'is', null)
    .where('ended_at', 'is', null)
    .where('expires_at', '>', now)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

type End = { reason: EndReason; by?: string | undefined; note?: string | undefined };

/** Ends it where it is still open. The returned truth is the verdict. */
export async function end(
  trx: Transaction<Database>,
  id: string,
  { reason, by, note }: End,
  now: Date,
): Promise<boolean> {
  const row = await trx
    .updateTable('staff_changes')
    .set({ ended_at: now, end_reason: reason, ended_by: by ?? null, end_note: note ?? null })
    .where('id', '=', id)
    .where('executed_at', 'is', null)
    .where('ended_at', 'is', null)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** Takes it to carry it out on this agent. The returned truth is the verdict: one node of several gets it. */
export async function redeem(trx: Transaction<Database>, id: string, agentId: string, now: Date): Promise<boolean> {
  const row = await trx
    .updateTable('staff_changes')
    .set({ executed_at: now, agent_id: agentId })
    .where('id', '=', id)
    .where('executed_at', 'is', null)
    .where('ended_at', 'is', null)
    .where('effective_at', '<=', now)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** What is to be carried out or ends undecided, oldest first. */
export async function listDue(db: Kysely<Database>, limit: number, now: Date): Promise<string[]> {
  const dueAt = sql<Date>`coalesce(effective_at, expires_at)`;
  const rows = await db
    .selectFrom('staff_changes')
    .select('id')
    .where('executed_at', 'is', null)
    .where('ended_at', 'is', null)
    .where(dueAt, '<=', now)
    .orderBy(dueAt)
    .limit(limit)
    .execute();
  return rows.map(({ id }) => id);
}

export async function findAgent(db: Kysely<Database>, id: string): Promise<AgentRow | undefined> {
  return await db.selectFrom('agents').selectAll().where('id', '=', id).executeTakeFirst();
}

export async function hasAgent(db: Kysely<Database>, emailKey: string): Promise<boolean> {
  const row = await db.selectFrom('agents').select('id').where('email_key', '=', emailKey).executeTakeFirst();
  return row !== undefined;
}

/** The admins who can act: neither disabled nor still to enrol. */
export async function listAdmins(db: Kysely<Database>): Promise<string[]> {
  const rows = await db
    .selectFrom('agents')
    .select('id')
    .where('role', '=', 'admin')
    .where('disabled_at', 'is', null)
    .where('password_hash', 'is not', null)
    .execute();
  return rows.map(({ id }) => id);
}

/** Everybody who works or worked here, the newest first. */
export async function listAgents(
  db: Kysely<Database>,
  { before }: { before?: string | undefined },
  limit: number,
  now: Date,
): Promise<AgentShown[]> {
  return await db
    .selectFrom('agents')
    .selectAll()
    .select((eb) => [
      eb
        .selectFrom('agent_locks')
        .select((of) => of.fn.max('locked_until').as('until'))
        .whereRef('agent_locks.agent_id', '=', 'agents.id')
        .where('locked_until', '>', now)
        .as('locked_until'),
      sql<Date | null>`greatest(signed_in_at, (select max(last_seen_at) from sessions
        where sessions.agent_id = agents.id and ended_at is null))`.as('seen_at'),
    ])
    .$if(before !== undefined, (query) => query.where('id', '<', before as string))
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
}
