import { type Kysely, sql, type Transaction } from 'kysely';
import { statement } from '../db/statement.ts';
import type { Database } from '../db/types.ts';

type Owner = { email: string; username: string | null; phone: string | null; locale: 'en' | 'zh-CN' };

export async function findOwner(db: Kysely<Database>, accountId: string): Promise<Owner | undefined> {
  return await db
    .selectFrom('accounts')
    .select(['email', 'username', 'phone', 'locale'])
    .where('id', '=', accountId)
    .executeTakeFirst();
}

type NewPassword = { hash: string; isShort: boolean; breachCheckedAt: Date | null };

/** Sets the password anew: whatever was wrong with the old one, failures, wrong codes after it or a lock for good, ends. */
export async function setPassword(
  trx: Transaction<Database>,
  accountId: string,
  { hash, isShort, breachCheckedAt }: NewPassword,
  now: Date,
): Promise<void> {
  const values = { hash, set_at: now, is_short: isShort, breach_checked_at: breachCheckedAt };
  await trx
    .insertInto('passwords')
    .values({ account_id: accountId, ...values })
    .onConflict((conflict) =>
      conflict.column('account_id').doUpdateSet({
        ...values,
        consecutive_failures: 0,
        disabled_at: null,
        change_required_at: null,
        distrusted_by: null,
      }),
    )
    .execute();
  await trx.deleteFrom('wrong_codes').where('account_id', '=', accountId).where('behind', '=', 'password').execute();
}

/** Its hash, where the password opens nothing any more: the next one must be another. */
export async function findSpentHash(db: Kysely<Database>, accountId: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('passwords')
    .select('hash')
    .where('account_id', '=', accountId)
    .where((eb) => eb.or([eb('disabled_at', 'is not', null), eb('change_required_at', 'is not', null)]))
    .executeTakeFirst();
  return row?.hash;
}

/** Whether this is still the password's hash, and the password still of use. */
export async function hasHash(db: Kysely<Database>, accountId: string, hash: string): Promise<boolean> {
  const row = await db
    .selectFrom('passwords')
    .select('account_id')
    .where('account_id', '=', accountId)
    .where('disabled_at', 'is', null)
    .where('hash', '=', hash)
    .executeTakeFirst();
  return row !== undefined;
}

export async function isShort(db: Kysely<Database>, accountId: string): Promise<boolean> {
  const row = await db
    .selectFrom('passwords')
    .select('is_short')
    .where('account_id', '=', accountId)
    .executeTakeFirst();
  return row?.is_short ?? false;
}

/**
 * Until a reset it opens nothing; with `distrustedBy`, or until that challenge is answered. Returns whether this call was the
 * one; with `setAt`, only for the password set then.
 */
export async function requireChange(
  trx: Transaction<Database>,
  accountId: string,
  now: Date,
  setAt?: Date,
  distrustedBy?: Buffer,
): Promise<boolean> {
  const row = await trx
    .updateTable('passwords')
    .set({ change_required_at: now, distrusted_by: distrustedBy ?? null })
    .where('account_id', '=', accountId)
    .where((eb) =>
      distrustedBy
        ? eb('change_required_at', 'is', null)
        : eb.or([eb('change_required_at', 'is', null), eb('distrusted_by', 'is not', null)]),
    )
    .$if(setAt !== undefined, (query) => query.where(isSetAt(setAt as Date)))
    .returning('account_id')
    .executeTakeFirst();
  return row !== undefined;
}

/** A list of breached passwords was asked about the password set then, and did not have it. */
export async function noteUnbreached(db: Kysely<Database>, accountId: string, setAt: Date, now: Date): Promise<void> {
  await db
    .updateTable('passwords')
    .set({ breach_checked_at: now })
    .where('account_id', '=', accountId)
    .where(isSetAt(setAt))
    .execute();
}

/** Drivers read milliseconds, columns keep more. */
const isSetAt = (at: Date) => sql<boolean>`date_trunc('milliseconds', set_at) = ${at}`;

/** Replaces a hash of older parameters, unless the password changed meanwhile. */
export async function upgradeHash(db: Kysely<Database>, accountId: string, from: string, to: string): Promise<void> {
  await db
    .updateTable('passwords')
    .set({ hash: to })
    .where('account_id', '=', accountId)
    .where('hash', '=', from)
    .execute();
}

type NewWrongCode = { id: string; accountId: string; behind: 'password' | 'reset-link'; guesses: number };
type Counted = { month_codes: number; year_codes: number; year_guesses: number };

const lockPassword = statement<never, [accountId: string]>(
  'lock-password',
  'select from passwords where account_id = $1 for update',
);

const countCode = statement<
  Counted,
  [id: string, accountId: string, behind: string, guesses: number, now: Date, monthAgo: Date, yearAgo: Date]
>(
  'count-wrong-code',
  `with added as (
     insert into wrong_codes (id, account_id, behind, guesses, at) values ($1, $2, $3, $4, $5) returning guesses, at),
   known as (
     select guesses, at from wrong_codes where account_id = $2 and behind = $3 and at > $7
     union all select guesses, at from added)
   select (count(*) filter (where at > $6))::int as month_codes, count(*)::int as year_codes,
     sum(guesses)::int as year_guesses from known`,
);

/** Adds a wrong code; how many there are with it. One after the other, so that of ten at once one is the tenth. */
export async function countWrongCode(
  trx: Transaction<Database>,
  { id, accountId, behind, guesses }: NewWrongCode,
  { now, monthAgo, yearAgo }: { now: Date; monthAgo: Date; yearAgo: Date },
): Promise<{ month: { codes: number }; year: { codes: number; guesses: number } }> {
  await lockPassword(trx, accountId);
  const [row] = await countCode(trx, id, accountId, behind, guesses, now, monthAgo, yearAgo);
  const { month_codes, year_codes, year_guesses } = row as Counted;
  return { month: { codes: month_codes }, year: { codes: year_codes, guesses: year_guesses } };
}

/** Oldest first. */
export async function listGuesses(
  db: Kysely<Database>,
  accountId: string,
  behind: 'password' | 'reset-link',
  since: Date,
): Promise<{ at: Date; guesses: number }[]> {
  return await db
    .selectFrom('wrong_codes')
    .select(['at', 'guesses'])
    .where('account_id', '=', accountId)
    .where('behind', '=', behind)
    .where('at', '>', since)
    .orderBy('at')
    .execute();
}

/** Returns whether this call was the one that disabled it. */
export async function disablePassword(trx: Transaction<Database>, accountId: string, now: Date): Promise<boolean> {
  const row = await trx
    .updateTable('passwords')
    .set({ disabled_at: now })
    .where('account_id', '=', accountId)
    .where('disabled_at', 'is', null)
    .returning('account_id')
    .executeTakeFirst();
  return row !== undefined;
}

export async function listIdentifiers(db: Kysely<Database>, accountId: string): Promise<string[]> {
  const rows = await db.selectFrom('identifiers').select('value').where('account_id', '=', accountId).execute();
  return rows.map((row) => row.value);
}

/** Hashes of about `count` accounts from pages here and there: as much work for a million as for a thousand. */
export async function sampleHashes(db: Kysely<Database>, count: number): Promise<string[]> {
  const { rows: sizes } = await sql<{ rows: number }>`
    select reltuples::float8 as rows from pg_class where oid = 'passwords'::regclass`.execute(db);
  // Before the first analysis nobody knows how many rows there are: then from the beginning.
  const share = Math.min(100, (100 * count) / Math.max(1, sizes[0]?.rows ?? 1));
  const { rows } = await sql<{ hash: string }>`
    select hash from passwords tablesample system (${share}) limit ${count}`.execute(db);
  return rows.map((row) => row.hash);
}

export type PasswordState = {
  consecutive_failures: number;
  disabled_at: Date | null;
  change_required_at: Date | null;
};

export async function findState(db: Kysely<Database>, accountId: string): Promise<PasswordState | undefined> {
  return await db
    .selectFrom('passwords')
    .select(['consecutive_failures', 'disabled_at', 'change_required_at'])
    .where('account_id', '=', accountId)
    .executeTakeFirst();
}

export async function findSetAt(db: Kysely<Database>, accountId: string): Promise<Date | undefined> {
  const row = await db
    .selectFrom('passwords')
    .select('set_at')
    .where('account_id', '=', accountId)
    .where('disabled_at', 'is', null)
    .executeTakeFirst();
  return row?.set_at;
}
