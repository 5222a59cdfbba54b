import { type Insertable, type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import { statement } from '../db/statement.ts';
import type { Database } from '../db/types.ts';

export type WatchRow = Selectable<Database['watches']>;

/** The open one is made longer, never shorter, and stays the first case's. */
export async function insertOrExtend(
  trx: Transaction<Database>,
  watch: Insertable<Database['watches']>,
): Promise<WatchRow> {
  return await trx
    .insertInto('watches')
    .values(watch)
    .onConflict((conflict) =>
      conflict
        .column('account_id')
        .where('ended_at', 'is', null)
        .doUpdateSet({ until: sql`greatest(watches.until, excluded.until)`, due_told_at: null }),
    )
    .returningAll()
    .executeTakeFirstOrThrow();
}

const open = statement<WatchRow, [accountId: string]>(
  'find-open-watch',
  'select * from watches where account_id = $1 and ended_at is null',
);

export async function findOpen(db: Kysely<Database>, accountId: string): Promise<WatchRow | undefined> {
  return (await open(db, accountId))[0];
}

export async function findLatestOfCase(db: Kysely<Database>, caseId: string): Promise<WatchRow | undefined> {
  return await db
    .selectFrom('watches')
    .selectAll()
    .where('case_id', '=', caseId)
    .orderBy('began_at', 'desc')
    .executeTakeFirst();
}

export async function extend(trx: Transaction<Database>, id: string, until: Date): Promise<WatchRow | undefined> {
  return await trx
    .updateTable('watches')
    .set({ until, due_told_at: null })
    .where('id', '=', id)
    .where('until', '<', until)
    .where('ended_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
}

type SignedOff = { agentId: string; note: string };

/** Ends the open ones of these accounts. The returned rows are the verdict. */
export async function relapse(
  trx: Transaction<Database>,
  accountIds: readonly string[],
  now: Date,
): Promise<WatchRow[]> {
  return await relapsed(trx, accountIds, now);
}

const relapsed = statement<WatchRow, [accountIds: readonly string[], now: Date]>(
  'end-relapsed-watches',
  `update watches set ended_at = $2, end_reason = 'relapsed'
   where account_id = any($1::uuid[]) and ended_at is null returning *`,
);

/** The returned row is the verdict: one caller ends it. */
export async function end(
  trx: Transaction<Database>,
  id: string,
  { agentId, note }: SignedOff,
  now: Date,
): Promise<WatchRow | undefined> {
  return await trx
    .updateTable('watches')
    .set({ ended_at: now, end_reason: 'signed-off', signed_off_by: agentId, sign_off_note: note })
    .where('id', '=', id)
    .where('ended_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
}

/** Whose time is over and was not told to be; each once, whichever node asks. */
export async function takeDue(trx: Transaction<Database>, limit: number, now: Date): Promise<WatchRow[]> {
  const { rows } = await sql<WatchRow>`update watches set due_told_at = ${now} where id in (
      select id from watches where ended_at is null and due_told_at is null and until <= ${now}
      order by until limit ${limit} for update skip locked)
    returning *`.execute(trx);
  return rows;
}

export type Summary = {
  signIns: number;
  newDevices: number;
  failedSignIns: number;
  changes: number;
  ruleMatches: number;
  allowed: number;
  stopped: number;
};

/** What happened on the account while it was watched, from its events. */
export async function summarise(db: Kysely<Database>, accountId: string, from: Date, to: Date): Promise<Summary> {
  const { rows } = await sql<Summary>`select
      count(*) filter (where type = 'sign-in.succeeded')::int as "signIns",
      count(*) filter (where type = 'device.added')::int as "newDevices",
      count(*) filter (where type in ('sign-in.failed', 'second-factor.failed'))::int as "failedSignIns",
      count(*) filter (where type in ('password.reset', 'password.changed', 'email.changed', 'phone.changed',
        'totp.confirmed', 'totp.removed', 'totp.replaced', 'passkey.added', 'passkey.removed'))::int as changes,
      count(*) filter (where actor_kind = 'rule')::int as "ruleMatches",
      count(*) filter (where type = 'transaction.decided' and detail->>'decision' = 'allow')::int as allowed,
      count(*) filter (where type = 'transaction.decided' and detail->>'decision' <> 'allow')::int as stopped
    from events where account_id = ${accountId}::uuid and at between ${from} and ${to}`.execute(db);
  return rows[0] as Summary;
}
