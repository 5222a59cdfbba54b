import { type Insertable, type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import type { Database } from '../db/types.ts';
import type { Contained } from '../holds/freeze-many.ts';
import type { Filter } from './rules.ts';

export type BulkFreezeRow = Selectable<Database['bulk_freezes']>;

export async function insertBulkFreeze(
  trx: Transaction<Database>,
  row: Insertable<Database['bulk_freezes']>,
): Promise<void> {
  await trx.insertInto('bulk_freezes').values(row).execute();
}

export async function insertAccounts(
  trx: Transaction<Database>,
  bulkFreezeId: string,
  accountIds: readonly string[],
): Promise<void> {
  await sql`insert into bulk_freeze_accounts (bulk_freeze_id, account_id)
    select ${bulkFreezeId}::uuid, id from unnest(${accountIds}::uuid[]) as wanted (id)`.execute(trx);
}

/** Open accounts that fit every part of the filter, up to `most` and one more. */
export async function findMatching(db: Kysely<Database>, filter: Filter, since: Date, most: number): Promise<string[]> {
  const { deviceId, ip, payeeId, caseId } = filter;
  const parts = [
    ip === undefined
      ? undefined
      : sql`select account_id from sessions where ip <<= ${ip}::inet and account_id is not null and created_at >= ${since}
          union select account_id from transactions where ip <<= ${ip}::inet and occurred_at >= ${since}`,
    deviceId === undefined
      ? undefined
      : sql`select account_id from sessions where device_id = ${deviceId}::uuid and account_id is not null
          union select account_id from transactions where device_id = ${deviceId}::uuid and occurred_at >= ${since}`,
    payeeId === undefined
      ? undefined
      : sql`select account_id from transactions where payee_id = ${payeeId} and occurred_at >= ${since}`,
    caseId === undefined ? undefined : linkedTo(caseId, since),
  ].filter((part) => part !== undefined);
  const found = await sql<{ id: string }>`select a.id from accounts a where a.closed_at is null
    and ${sql.join(
      parts.map((part) => sql`a.id in (${part})`),
      sql` and `,
    )} order by a.id limit ${most + 1}`.execute(db);
  return found.rows.map(({ id }) => id);
}

/** Who shares an address, device or payee of the case's account, with what happened since. */
function linkedTo(caseId: string, since: Date) {
  return sql`with one as (select account_id from cases where id = ${caseId}::uuid)
    select account_id from one where account_id is not null
    union select s.account_id from sessions s where s.account_id is not null and s.created_at >= ${since} and s.ip in (
      select o.ip from sessions o join one on o.account_id = one.account_id where o.created_at >= ${since})
    union select t.account_id from transactions t where t.occurred_at >= ${since} and t.payee_id in (
      select o.payee_id from transactions o join one on o.account_id = one.account_id where o.occurred_at >= ${since})
    union select t.account_id from transactions t where t.occurred_at >= ${since} and t.device_id in (
      select o.device_id from transactions o join one on o.account_id = one.account_id where o.occurred_at >= ${since})`;
}

export async function findBulkFreeze(db: Kysely<Database>, id: string): Promise<BulkFreezeRow | undefined> {
  return await db.selectFrom('bulk_freezes').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Under its row lock: what begins it, or its undo, happens once. */
export async function lockBulkFreeze(trx: Transaction<Database>, id: string): Promise<BulkFreezeRow | undefined> {
  return await trx.selectFrom('bulk_freezes').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
}

export type Progress = { frozen: number; failed: number; waiting: number; undone: number; notUndone: number };

export async function countProgress(db: Kysely<Database>, id: string): Promise<Progress> {
  const { rows } = await sql<Progress>`select count(hold_id)::int as frozen, count(failure)::int as failed,
      count(*) filter (where hold_id is null and failure is null)::int as waiting,
      count(undone_at)::int as undone, count(undo_failure)::int as "notUndone"
    from bulk_freeze_accounts where bulk_freeze_id = ${id}::uuid`.execute(db);
  return rows[0] as Progress;
}

export type Failed = { account_id: string; failure: string | null; undo_failure: string | null };

export async function listFailed(db: Kysely<Database>, id: string, limit: number): Promise<Failed[]> {
  return await db
    .selectFrom('bulk_freeze_accounts')
    .select(['account_id', 'failure', 'undo_failure'])
    .where('bulk_freeze_id', '=', id)
    .where((eb) => eb.or([eb('failure', 'is not', null), eb('undo_failure', 'is not', null)]))
    .orderBy('account_id')
    .limit(limit)
    .execute();
}

export async function listAccountIds(db: Kysely<Database>, id: string, limit: number): Promise<string[]> {
  const rows = await db
    .selectFrom('bulk_freeze_accounts')
    .select('account_id')
    .where('bulk_freeze_id', '=', id)
    .orderBy('account_id')
    .limit(limit)
    .execute();
  return rows.map(({ account_id }) => account_id);
}

export async function startBulkFreeze(
  trx: Transaction<Database>,
  id: string,
  caseId: string,
  now: Date,
): Promise<boolean> {
  const started = await trx
    .updateTable('bulk_freezes')
    .set({ case_id: caseId, started_at: now })
    .where('id', '=', id)
    .where('started_at', 'is', null)
    .where('is_dry_run', '=', false)
    .returning('id')
    .execute();
  return started.length === 1;
}

export async function listRunning(db: Kysely<Database>): Promise<BulkFreezeRow[]> {
  return await db
    .selectFrom('bulk_freezes')
    .selectAll()
    .where('started_at', 'is not', null)
    .where('finished_at', 'is', null)
    .orderBy('started_at')
    .execute();
}

/** The next that nobody else is at, kept until this transaction ends: nodes share the work. */
export async function claimWaiting(trx: Transaction<Database>, id: string, most: number): Promise<string[]> {
  const rows = await trx
    .selectFrom('bulk_freeze_accounts')
    .select('account_id')
    .where('bulk_freeze_id', '=', id)
    .where('hold_id', 'is', null)
    .where('failure', 'is', null)
    .orderBy('account_id')
    .limit(most)
    .forUpdate()
    .skipLocked()
    .execute();
  return rows.map(({ account_id }) => account_id);
}

export async function setOutcomes(
  trx: Transaction<Database>,
  id: string,
  outcomes: readonly Contained[],
): Promise<void> {
  await sql`update bulk_freeze_accounts b
    set hold_id = o."holdId", is_ours = coalesce(o."isOurs", false), failure = o.failure
    from jsonb_to_recordset(${JSON.stringify(outcomes)}::jsonb)
      as o ("accountId" uuid, "holdId" uuid, "isOurs" boolean, failure text)
    where b.bulk_freeze_id = ${id}::uuid and b.account_id = o."accountId"`.execute(trx);
}

export async function setFailure(db: Kysely<Database>, id: string, accountId: string): Promise<void> {
  await db
    .updateTable('bulk_freeze_accounts')
    .set({ failure: 'error' })
    .where('bulk_freeze_id', '=', id)
    .where('account_id', '=', accountId)
    .where('hold_id', 'is', null)
    .execute();
}

/** Over, unless somebody else still is at the last of them. The returned truth is the verdict: one of all nodes gets it. */
export async function finish(trx: Transaction<Database>, id: string, now: Date): Promise<boolean> {
  const finished = await trx
    .updateTable('bulk_freezes')
    .set({ finished_at: now })
    .where('id', '=', id)
    .where('finished_at', 'is', null)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('bulk_freeze_accounts')
            .select('account_id')
            .where('bulk_freeze_id', '=', id)
            .where('hold_id', 'is', null)
            .where('failure', 'is', null),
        ),
      ),
    )
    .returning('id')
    .execute();
  return finished.length === 1;
}

/** What all of them are told of. */
export async function findCase(db: Kysely<Database>, id: string): Promise<{ id: string; reference: string }> {
  return await db.selectFrom('cases').select(['id', 'reference']).where('id', '=', id).executeTakeFirstOrThrow();
}
