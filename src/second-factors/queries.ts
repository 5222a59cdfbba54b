import type { Kysely, Transaction } from 'kysely';
import { type Accounts, listOf } from '../db/accounts.ts';
import { statement } from '../db/statement.ts';
import type { Database } from '../db/types.ts';
import { enrolled, type FactorKind } from './enrolled.ts';

const findEnrolled = statement<{ factors: FactorKind[] | null }, [accountId: string]>(
  'find-factors',
  `select ${enrolled('$1::uuid')} as factors`,
);

export async function findFactors(db: Kysely<Database>, accountId: string): Promise<FactorKind[] | undefined> {
  return (await findEnrolled(db, accountId))[0]?.factors ?? undefined;
}

type TotpRow = { id: string; secret: string };
type PendingTotp = TotpRow & { name: string; is_proven: boolean; replaces: string | null };
export type Authenticator = {
  id: string;
  name: string;
  created_at: Date;
  last_used_at: Date | null;
  disabled_at: Date | null;
  stranger_failures: number;
  known_failures: number;
};

const listConfirmed = statement<TotpRow, [accountId: string]>(
  'list-totps',
  `select id, secret from totp_factors
   where account_id = $1 and confirmed_at is not null and disabled_at is null order by id`,
);

/** The authenticators that a code is held against. */
export async function listTotps(db: Kysely<Database>, accountId: string): Promise<TotpRow[]> {
  return await listConfirmed(db, accountId);
}

/** In one order, so that whoever counts and whoever redeems wait for each other and not in a circle. */
const lockAll = statement<never, [accountId: string]>(
  'lock-totps',
  'select from totp_factors where account_id = $1 and confirmed_at is not null order by id for update',
);

const redeem = statement<{ id: string }, [accountId: string, id: string, step: number, now: Date, isKnown: boolean]>(
  'redeem-totp-step',
  `with redeemed as (
     update totp_factors set last_step = $3, last_used_at = $4,
       known_failures = case when $5 then 0 else known_failures end,
       stranger_failures = case when $5 then stranger_failures else 0 end
     where id = $2 and account_id = $1 and confirmed_at is not null and disabled_at is null and last_step < $3
     returning id),
   forgiven as (
     update totp_factors f set known_failures = case when $5 then 0 else f.known_failures end,
       stranger_failures = case when $5 then f.stranger_failures else 0 end
     from redeemed where f.account_id = $1 and f.id <> redeemed.id)
   select id from redeemed`,
);

type Redeeming = { factorId: string; step: number; isKnown: boolean };

/**
 * Spends a time step of one authenticator, and with it every earlier one. The returned truth is the verdict. Wrong codes
 * that came from the same side, known devices or strangers, are forgotten for all: each was held against all.
 */
export async function redeemTotpStep(
  trx: Transaction<Database>,
  accountId: string,
  { factorId, step, isKnown }: Redeeming,
  now: Date,
): Promise<boolean> {
  await lockAll(trx, accountId);
  return (await redeem(trx, accountId, factorId, step, now, isKnown)).length === 1;
}

type Failing = { id: string; failures: number; is_disabled: boolean };

const countFailure = statement<Failing, [accountId: string, isKnown: boolean, most: number, now: Date]>(
  'count-totp-failure',
  `update totp_factors set
     known_failures = known_failures + case when $2 then 1 else 0 end,
     stranger_failures = stranger_failures + case when $2 then 0 else 1 end,
     disabled_at = case when known_failures + stranger_failures + 1 >= $3 then $4::timestamptz end
   where account_id = $1 and confirmed_at is not null and disabled_at is null
   returning id, known_failures + stranger_failures as failures, disabled_at is not null as is_disabled`,
);

/** A wrong code against every authenticator that still answers; `most` in a row, from either side, disable it. */
export async function countTotpFailures(
  trx: Transaction<Database>,
  accountId: string,
  { isKnown, most }: { isKnown: boolean; most: number },
  now: Date,
): Promise<Failing[]> {
  await lockAll(trx, accountId);
  return await countFailure(trx, accountId, isKnown, most, now);
}

/** Every authenticator of the account that was confirmed, oldest first. */
export async function listAuthenticators(db: Kysely<Database>, accountId: string): Promise<Authenticator[]> {
  return await db
    .selectFrom('totp_factors')
    .select(['id', 'name', 'created_at', 'last_used_at', 'disabled_at', 'stranger_failures', 'known_failures'])
    .where('account_id', '=', accountId)
    .where('confirmed_at', 'is not', null)
    .orderBy('id')
    .execute();
}

type NewTotp = TotpRow & { name: string; isProven: boolean; replaces: string | undefined };

/** Starts over: an authenticator that was shown but never confirmed is replaced. */
export async function insertPendingTotp(
  trx: Transaction<Database>,
  accountId: string,
  { id, secret, name, isProven, replaces }: NewTotp,
  now: Date,
): Promise<void> {
  await deletePendingTotp(trx, accountId);
  await trx
    .insertInto('totp_factors')
    .values({
      id,
      account_id: accountId,
      secret,
      name,
      is_proven: isProven,
      replaces: replaces ?? null,
      created_at: now,
    })
    .execute();
}

export async function deletePendingTotp(trx: Transaction<Database>, accounts: Accounts): Promise<void> {
  await trx
    .deleteFrom('totp_factors')
    .where('account_id', 'in', listOf(accounts))
    .where('confirmed_at', 'is', null)
    .execute();
}

export async function findPendingTotp(db: Kysely<Database>, accountId: string): Promise<PendingTotp | undefined> {
  return await db
    .selectFrom('totp_factors')
    .select(['id', 'secret', 'name', 'is_proven', 'replaces'])
    .where('account_id', '=', accountId)
    .where('confirmed_at', 'is', null)
    .executeTakeFirst();
}

/** Makes the pending authenticator the account's own; its first code is spent by this. The returned truth is the verdict. */
export async function confirmTotp(trx: Transaction<Database>, id: string, step: number, now: Date): Promise<boolean> {
  const confirmed = await trx
    .updateTable('totp_factors')
    .set({ confirmed_at: now, last_step: step, replaces: null })
    .where('id', '=', id)
    .where('confirmed_at', 'is', null)
    .returning('id')
    .executeTakeFirst();
  return confirmed !== undefined;
}

export async function renameTotp(
  trx: Transaction<Database>,
  accountId: string,
  id: string,
  name: string,
): Promise<boolean> {
  const renamed = await trx
    .updateTable('totp_factors')
    .set({ name })
    .where('id', '=', id)
    .where('account_id', '=', accountId)
    .where('confirmed_at', 'is not', null)
    .returning('id')
    .executeTakeFirst();
  return renamed !== undefined;
}

/** All of the account's authenticators, or the one named; which they were. */
export async function deleteTotps(trx: Transaction<Database>, accountId: string, id?: string): Promise<string[]> {
  const removed = await trx
    .deleteFrom('totp_factors')
    .where('account_id', '=', accountId)
    .where('confirmed_at', 'is not', null)
    .$if(id !== undefined, (query) => query.where('id', '=', id as string))
    .returning('id')
    .execute();
  return removed.map((row) => row.id).sort();
}
