import type { Kysely, Transaction } from 'kysely';
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

const listConfirmed = statement<TotpRow, [accountId: string]>(
  'list-totps',
  `select id, secret from totp_factors
   where account_id = $1 and confirmed_at is not null and disabled_at is null order by id`,
);

/** The authenticators that a code is held against. */
export async function listTotps(db: Kysely<Database>, accountId: string): Promise<TotpRow[]> {
  return await listConfirmed(db, accountId);
}

const redeem = statement<{ id: string }, [id: string, step: number]>(
  'redeem-totp-step',
  `update totp_factors set last_step = $2 where id = $1 and confirmed_at is not null and disabled_at is null
     and last_step < $2 returning id`,
);

/** Spends a time step, and with it every earlier one. The returned truth is the verdict. */
export async function redeemTotpStep(trx: Transaction<Database>, id: string, step: number): Promise<boolean> {
  return (await redeem(trx, id, step)).length === 1;
}

export async function findRecoveryCode(
  db: Kysely<Database>,
  accountId: string,
  selector: string,
): Promise<string | undefined> {
  const row = await db
    .selectFrom('recovery_codes')
    .select('code_hash')
    .where('account_id', '=', accountId)
    .where('selector', '=', selector)
    .where('used_at', 'is', null)
    .executeTakeFirst();
  return row?.code_hash;
}

/** Spends a recovery code; how many are left, or undefined when it was spent already. */
export async function redeemRecoveryCode(
  trx: Transaction<Database>,
  accountId: string,
  selector: string,
  now: Date,
): Promise<number | undefined> {
  const used = await trx
    .updateTable('recovery_codes')
    .set({ used_at: now })
    .where('account_id', '=', accountId)
    .where('selector', '=', selector)
    .where('used_at', 'is', null)
    .returning('selector')
    .executeTakeFirst();
  return used ? await countRecoveryCodes(trx, accountId) : undefined;
}

async function countRecoveryCodes(db: Kysely<Database>, accountId: string): Promise<number> {
  const { left } = await db
    .selectFrom('recovery_codes')
    .select((eb) => eb.fn.countAll<string>().as('left'))
    .where('account_id', '=', accountId)
    .where('used_at', 'is', null)
    .executeTakeFirstOrThrow();
  return Number(left);
}

export async function replaceRecoveryCodes(
  trx: Transaction<Database>,
  accountId: string,
  codes: { selector: string; hash: string }[],
  now: Date,
): Promise<void> {
  await trx.deleteFrom('recovery_codes').where('account_id', '=', accountId).execute();
  await trx
    .insertInto('recovery_codes')
    .values(
      codes.map((code) => ({ account_id: accountId, selector: code.selector, code_hash: code.hash, created_at: now })),
    )
    .execute();
}

/** Starts over: an authenticator that was shown but never confirmed is replaced. */
export async function insertPendingTotp(
  trx: Transaction<Database>,
  accountId: string,
  factor: TotpRow & { name: string },
  now: Date,
): Promise<void> {
  await deletePendingTotp(trx, accountId);
  await trx
    .insertInto('totp_factors')
    .values({ ...factor, account_id: accountId, created_at: now })
    .execute();
}

export async function deletePendingTotp(trx: Transaction<Database>, accountId: string): Promise<void> {
  await trx.deleteFrom('totp_factors').where('account_id', '=', accountId).where('confirmed_at', 'is', null).execute();
}

export async function findPendingTotp(db: Kysely<Database>, accountId: string): Promise<TotpRow | undefined> {
  return await db
    .selectFrom('totp_factors')
    .select(['id', 'secret'])
    .where('account_id', '=', accountId)
    .where('confirmed_at', 'is', null)
    .executeTakeFirst();
}

/** Makes the pending authenticator the account's own; its first code is spent by this. The returned truth is the verdict. */
export async function confirmTotp(trx: Transaction<Database>, id: string, step: number, now: Date): Promise<boolean> {
  const confirmed = await trx
    .updateTable('totp_factors')
    .set({ confirmed_at: now, last_step: step })
    .where('id', '=', id)
    .where('confirmed_at', 'is', null)
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('totp_factors as other')
            .select('other.id')
            .whereRef('other.account_id', '=', 'totp_factors.account_id')
            .where('other.confirmed_at', 'is not', null),
        ),
      ),
    )
    .returning('id')
    .executeTakeFirst();
  return confirmed !== undefined;
}

export async function deleteFactors(trx: Transaction<Database>, accountId: string): Promise<void> {
  await trx.deleteFrom('totp_factors').where('account_id', '=', accountId).execute();
  await trx.deleteFrom('recovery_codes').where('account_id', '=', accountId).execute();
}
