import type { Kysely, Transaction } from 'kysely';
import { type Accounts, listOf } from '../db/accounts.ts';
import { statement } from '../db/statement.ts';
import type { Database } from '../db/types.ts';

type Owner = { phone: string | null; phone_confirmed_at: Date | null; is_enrolled: boolean };

/** The account's number, and whether it is its factor already. */
export async function findOwner(db: Kysely<Database>, accountId: string): Promise<Owner> {
  return await db
    .selectFrom('accounts')
    .select(['phone', 'phone_confirmed_at'])
    .select((eb) =>
      eb
        .exists(
          eb
            .selectFrom('sms_factors')
            .select('account_id')
            .where('account_id', '=', accountId)
            .where('confirmed_at', 'is not', null),
        )
        .$castTo<boolean>()
        .as('is_enrolled'),
    )
    .where('id', '=', accountId)
    .executeTakeFirstOrThrow();
}

/** Starts over: a number that was never confirmed is replaced. */
export async function insertPending(
  trx: Transaction<Database>,
  accountId: string,
  phone: string,
  now: Date,
): Promise<void> {
  await deletePending(trx, accountId);
  await trx.insertInto('sms_factors').values({ account_id: accountId, phone, created_at: now }).execute();
}

/** Makes the pending number the account's factor, if it is the account's number still. The returned truth is the verdict. */
export async function confirmFactor(trx: Transaction<Database>, accountId: string, now: Date): Promise<boolean> {
  const confirmed = await trx
    .updateTable('sms_factors')
    .set({ confirmed_at: now })
    .where('account_id', '=', accountId)
    .where('confirmed_at', 'is', null)
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom('accounts')
          .select('id')
          .whereRef('accounts.id', '=', 'sms_factors.account_id')
          .whereRef('accounts.phone', '=', 'sms_factors.phone')
          .where('phone_confirmed_at', 'is not', null),
      ),
    )
    .returning('account_id')
    .executeTakeFirst();
  return confirmed !== undefined;
}

/** Whether there was a confirmed one. */
export async function deleteFactor(trx: Transaction<Database>, accountId: string): Promise<boolean> {
  await trx.deleteFrom('sms_codes').where('account_id', '=', accountId).execute();
  const deleted = await trx
    .deleteFrom('sms_factors')
    .where('account_id', '=', accountId)
    .returning('confirmed_at')
    .executeTakeFirst();
  return deleted !== undefined && deleted.confirmed_at !== null;
}

export async function deletePending(trx: Transaction<Database>, accounts: Accounts): Promise<void> {
  await trx
    .deleteFrom('sms_factors')
    .where('account_id', 'in', listOf(accounts))
    .where('confirmed_at', 'is', null)
    .execute();
}

export async function findPhone(db: Kysely<Database>, accountId: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('sms_factors')
    .select('phone')
    .where('account_id', '=', accountId)
    .where('confirmed_at', 'is not', null)
    .executeTakeFirst();
  return row?.phone;
}

type NewCode = { id: string; accountId: string; subject: string; phone: string; expiresAt: Date };

/** The newest code for a subject is the one that counts. */
export async function replaceCode(trx: Transaction<Database>, code: NewCode, now: Date): Promise<void> {
  const { id, accountId, subject, phone, expiresAt } = code;
  const row = { id, phone, created_at: now, expires_at: expiresAt, used_at: null };
  await trx
    .insertInto('sms_codes')
    .values({ ...row, account_id: accountId, subject })
    .onConflict((conflict) => conflict.columns(['account_id', 'subject']).doUpdateSet(row))
    .execute();
}

const findCode = statement<{ id: string }, [accountId: string, subject: string, isEnrolled: boolean, now: Date]>(
  'find-sms-code',
  `select c.id from sms_codes c join sms_factors f on f.account_id = c.account_id and f.phone = c.phone
   where c.account_id = $1 and c.subject = $2 and (f.confirmed_at is not null) = $3 and c.used_at is null
     and c.expires_at > $4`,
);

/** The code that is awaited for this, sent to the number that is the factor; `isEnrolled` false: that is about to be. */
export async function findLiveCode(
  db: Kysely<Database>,
  accountId: string,
  subject: string,
  isEnrolled: boolean,
  now: Date,
): Promise<string | undefined> {
  return (await findCode(db, accountId, subject, isEnrolled, now))[0]?.id;
}

const redeem = statement<{ id: string }, [id: string, now: Date]>(
  'redeem-sms-code',
  'update sms_codes set used_at = $2 where id = $1 and used_at is null and expires_at > $2 returning id',
);

/** Spends the code. The returned truth is the verdict. */
export async function redeemCode(trx: Transaction<Database>, id: string, now: Date): Promise<boolean> {
  return (await redeem(trx, id, now)).length === 1;
}
