import type { Kysely, Transaction } from 'kysely';
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

/** Sets the password anew: whatever was wrong with the old one, failures in a row or a lock for good, ends. */
export async function setPassword(
  trx: Transaction<Database>,
  accountId: string,
  hash: string,
  now: Date,
): Promise<void> {
  await trx
    .insertInto('passwords')
    .values({ account_id: accountId, hash, set_at: now })
    .onConflict((conflict) =>
      conflict.column('account_id').doUpdateSet({
        hash,
        set_at: now,
        consecutive_failures: 0,
        wrong_codes_at: [],
        disabled_at: null,
      }),
    )
    .execute();
}

/** Replaces a hash of older parameters, unless the password changed meanwhile. */
export async function upgradeHash(db: Kysely<Database>, accountId: string, from: string, to: string): Promise<void> {
  await db
    .updateTable('passwords')
    .set({ hash: to })
    .where('account_id', '=', accountId)
    .where('hash', '=', from)
    .execute();
}

const countCode = statement<{ count: number }, [accountId: string, now: Date, since: Date]>(
  'count-wrong-code',
  `update passwords
   set wrong_codes_at = array(select at from unnest(wrong_codes_at) as at where at > $3) || $2::timestamptz
   where account_id = $1 returning cardinality(wrong_codes_at) as count`,
);

/** How many wrong codes there were after this password since `since`, with this one. */
export async function countWrongCode(
  trx: Transaction<Database>,
  accountId: string,
  now: Date,
  since: Date,
): Promise<number> {
  return (await countCode(trx, accountId, now, since))[0]?.count ?? 0;
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
