import { type Insertable, type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import { statement } from '../db/statement.ts';
import type { Database } from '../db/types.ts';

export type HoldRow = Selectable<Database['holds']>;
export type NewHold = Insertable<Database['holds']>;
export type LockedAccount = {
  id: string;
  email: string;
  locale: 'en' | 'zh-CN';
  closed_at: Date | null;
  version: number;
};

/**
 * Row locks let new sharers pass a writer that waits, so a flood of issuers could keep a freeze waiting for good.
 * The lock manager's own queue is fair: whoever wants the row stands in it first.
 */
function queue(lock: 'pg_advisory_xact_lock' | 'pg_advisory_xact_lock_shared'): string {
  return `with queue as materialized (select ${lock}(hashtextextended($1::uuid::text, 0)))`;
}

const share = statement<LockedAccount, [id: string]>(
  'share-account',
  `${queue('pg_advisory_xact_lock_shared')} select id, email, locale, closed_at, version from accounts, queue
   where id = $1::uuid for share of accounts`,
);

/** Keeps a freeze out until this transaction ends; many issuers can hold it at once. */
export async function lockAccountForIssuing(
  trx: Transaction<Database>,
  id: string,
): Promise<LockedAccount | undefined> {
  return (await share(trx, id))[0];
}

const own = statement<LockedAccount, [id: string]>(
  'own-account',
  `${queue('pg_advisory_xact_lock')} update accounts set version = version + 1 from queue where id = $1::uuid
   returning id, email, locale, closed_at, version`,
);

/** Waits for every issuer under way, and makes those to come wait and then see that something changed. */
export async function lockAccountForChange(trx: Transaction<Database>, id: string): Promise<LockedAccount | undefined> {
  return (await own(trx, id))[0];
}

const open = statement<{ id: string }, [id: string]>(
  'find-open-account',
  'select id from accounts where id = $1 and closed_at is null',
);

export async function isOpenAccount(db: Kysely<Database>, id: string): Promise<boolean> {
  return (await open(db, id)).length === 1;
}

const standing = statement<HoldRow, [accountId: string, now: Date]>(
  'find-standing-holds',
  `select * from holds where account_id = $1 and released_at is null and (until is null or until > $2) order by since, id`,
);

/** Must be its own statement after a lock: only then does its snapshot see the freeze that the lock waited for. */
export async function findStandingHolds(db: Kysely<Database>, accountId: string, now: Date): Promise<HoldRow[]> {
  return await standing(db, accountId, now);
}

export async function insertHold(trx: Transaction<Database>, hold: NewHold): Promise<HoldRow> {
  return await trx.insertInto('holds').values(hold).returningAll().executeTakeFirstOrThrow();
}

/** A cool-down is one row that can be made longer, never shorter. */
export async function extendPolicyHold(trx: Transaction<Database>, hold: NewHold): Promise<HoldRow> {
  return await trx
    .insertInto('holds')
    .values(hold)
    .onConflict((conflict) =>
      conflict
        .columns(['account_id', 'scope', 'reason_code'])
        .where(sql<boolean>`source = 'policy' and released_at is null`)
        .doUpdateSet({
          until: sql`greatest(holds.until, excluded.until)`,
          since: sql`case when holds.until < excluded.since then excluded.since else holds.since end`,
        }),
    )
    .returningAll()
    .executeTakeFirstOrThrow();
}
