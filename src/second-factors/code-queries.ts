import type { Kysely, Transaction } from 'kysely';
import type { Database } from '../db/types.ts';

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

/** How many there were. */
export async function deleteRecoveryCodes(trx: Transaction<Database>, accountId: string): Promise<number> {
  const gone = await trx.deleteFrom('recovery_codes').where('account_id', '=', accountId).executeTakeFirst();
  return Number(gone.numDeletedRows);
}
