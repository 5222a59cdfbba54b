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

/** What is no open account by now is told at once. */
export async function failUnknown(trx: Transaction<Database>, id: string): Promise<void> {
  await sql`update bulk_freeze_accounts b set failure = case when a.id is null then 'not-found' else 'closed' end
    from bulk_freeze_accounts w left join accounts a on a.id = w.account_id
    where w.bulk_freeze_id = ${id}::uuid and (a.id is null or a.closed_at is not null)
      and b.bulk_freeze_id = w.bulk_freeze_id and b.account_id = w.account_id`.execute(trx);
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

/** The case's account and whoever shares an address, a payee or a device with it, as `linked-accounts` lists them. */
function linkedTo(caseId: string, since: Date) {
  return sql`with one as (select account_id from cases where id = ${caseId}::uuid and account_id is not null),
    paid as (select ip, payee_id, device_id from transactions join one using (account_id) where occurred_at >= ${since}),
    ips as (select ip from paid union select ip from sessions join one using (account_id) where created_at >= ${since})
    select account_id from one
    union select account_id from sessions where account_id is not null and created_at >= ${since} and ip in (select ip from ips)
    union select account_id from transactions where occurred_at >= ${since} and ip in (select ip from ips)
    union select account_id from transactions where occurred_at >= ${since} and payee_id in (select payee_id from paid)
    union select account_id from transactions where occurred_at >= ${since} and device_id in (select device_id from paid)`;
}

export async function findBulkFreeze(db: Kysely<Database>, id: string): Promise<BulkFreezeRow | undefined> {
  return await db.selectFrom('bulk_freezes').selectAll().where('id', '=', id).executeTakeFirst();
}

export async function findByCase(db: Kysely<Database>, caseId: string): Promise<BulkFreezeRow | undefined> {
  return await db.selectFrom('bulk_freezes').selectAll().where('case_id', '=', caseId).executeTakeFirst();
}

/** Under its row lock: what begins it, or its undo, happens once. */
export async function lockBulkFreeze(trx: Transaction<Database>, id: string): Promise<BulkFreezeRow | undefined> {
  return await trx.selectFrom('bulk_freezes').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
}

export type Progress = {
  frozen: number;
  /** Of those frozen, which were so before, by a hold of the same kind. */
  heldBefore: number;
  failed: number;
  waiting: number;
  undone: number;
  notUndone: number;
};

export async function countProgress(db: Kysely<Database>, id: string): Promise<Progress> {
  const { rows } = await sql<Progress>`select count(hold_id)::int as frozen,
      count(hold_id) filter (where not is_ours)::int as "heldBefore", count(failure)::int as failed,
      count(*) filter (where hold_id is null and failure is null)::int as waiting,
      count(undone_at)::int as undone, count(undo_failure)::int as "notUndone"
    from bulk_freeze_accounts where bulk_freeze_id = ${id}::uuid`.execute(db);
  return rows[0] as Progress;
}

export type Failed = Pick<Selectable<Database['bulk_freeze_accounts']>, 'account_id' | 'failure' | 'undo_failure'>;

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

export type Sampled = { id: string; email: string; username: string | null };

/** Some of the accounts that are frozen, or would be. */
export async function listSample(db: Kysely<Database>, id: string, limit: number): Promise<Sampled[]> {
  return await db
    .selectFrom('bulk_freeze_accounts as b')
    .innerJoin('accounts as a', 'a.id', 'b.account_id')
    .select(['a.id', 'a.email', 'a.username'])
    .where('b.bulk_freeze_id', '=', id)
    .where('b.failure', 'is', null)
    .orderBy('b.account_id')
    .limit(limit)
    .execute();
}

/** The newest first. */
export async function listBulkFreezes(
  db: Kysely<Database>,
  limit: number,
  before: string | undefined,
): Promise<BulkFreezeRow[]> {
  return await db
    .selectFrom('bulk_freezes')
    .selectAll()
    .$if(before !== undefined, (query) => query.where('id', '<', before as string))
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
}

/** The caller holds its row lock and saw that it has not begun. */
export async function startBulkFreeze(
  trx: Transaction<Database>,
  id: string,
  caseId: string,
  now: Date,
): Promise<void> {
  await trx.updateTable('bulk_freezes').set({ case_id: caseId, started_at: now }).where('id', '=', id).execute();
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
export function nextOf(trx: Transaction<Database>, id: string, most: number) {
  return trx
    .selectFrom('bulk_freeze_accounts')
    .select('account_id')
    .where('bulk_freeze_id', '=', id)
    .orderBy('account_id')
    .limit(most)
    .forUpdate()
    .skipLocked();
}

export async function claimWaiting(trx: Transaction<Database>, id: string, most: number): Promise<string[]> {
  const rows = await nextOf(trx, id, most).where('hold_id', 'is', null).where('failure', 'is', null).execute();
  return rows.map(({ account_id }) => account_id);
}

export async function setOutcomes(
  trx: Transaction<Database>,
  id: string,
  outcomes: readonly Contained[],
): Promise<void> {
  // All of them are there. By their key, whatever is known of a table this new: an update's plan could read all of it for each.
  await sql`insert into bulk_freeze_accounts (bulk_freeze_id, account_id, hold_id, is_ours, failure)
    select ${id}::uuid, "accountId", "holdId", coalesce("isOurs", false), failure
    from jsonb_to_recordset(${JSON.stringify(outcomes)}::jsonb)
      as o ("accountId" uuid, "holdId" uuid, "isOurs" boolean, failure text)
    on conflict (bulk_freeze_id, account_id) do update
      set hold_id = excluded.hold_id, is_ours = excluded.is_ours, failure = excluded.failure`.execute(trx);
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
