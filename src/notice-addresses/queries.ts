import type { Kysely, Selectable, Transaction } from 'kysely';
import type { Database } from '../db/types.ts';

export type AddressRow = Selectable<Database['notice_addresses']>;

export async function listAddresses(db: Kysely<Database>, accountId: string): Promise<AddressRow[]> {
  return await db
    .selectFrom('notice_addresses')
    .selectAll()
    .where('account_id', '=', accountId)
    .where('removed_at', 'is', null)
    .orderBy('id')
    .execute();
}

export async function insertAddress(
  trx: Transaction<Database>,
  address: { id: string; accountId: string; email: string; emailKey: string },
  now: Date,
): Promise<void> {
  await trx
    .insertInto('notice_addresses')
    .values({
      id: address.id,
      account_id: address.accountId,
      email: address.email,
      email_key: address.emailKey,
      added_at: now,
    })
    .execute();
}

/** The returned row is the verdict. */
export async function confirmAddress(
  trx: Transaction<Database>,
  id: string,
  accountId: string,
  now: Date,
): Promise<AddressRow | undefined> {
  return await trx
    .updateTable('notice_addresses')
    .set({ confirmed_at: now })
    .where('id', '=', id)
    .where('account_id', '=', accountId)
    .where('confirmed_at', 'is', null)
    .where('removed_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
}

export async function removeAddress(
  trx: Transaction<Database>,
  id: string,
  accountId: string,
  now: Date,
): Promise<AddressRow | undefined> {
  return await trx
    .updateTable('notice_addresses')
    .set({ removed_at: now })
    .where('id', '=', id)
    .where('account_id', '=', accountId)
    .where('removed_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
}

/** Gone at once, also for what happened before. */
export async function deleteAddress(
  trx: Transaction<Database>,
  id: string,
  accountId: string,
): Promise<AddressRow | undefined> {
  return await trx
    .deleteFrom('notice_addresses')
    .where('id', '=', id)
    .where('account_id', '=', accountId)
    .returningAll()
    .executeTakeFirst();
}

/** Those added since then are gone at once, and get no more notices. Which of them had got any. */
export async function deleteSince(trx: Transaction<Database>, accountId: string, since: Date): Promise<string[]> {
  const gone = await trx
    .deleteFrom('notice_addresses')
    .where('account_id', '=', accountId)
    .where('added_at', '>=', since)
    .returning(['email', 'confirmed_at'])
    .execute();
  return gone.filter((row) => row.confirmed_at !== null).map((row) => row.email);
}

/** Those removed since then are back, unless the address was added anew. */
export async function restoreSince(trx: Transaction<Database>, accountId: string, since: Date): Promise<void> {
  await trx
    .updateTable('notice_addresses as gone')
    .set({ removed_at: null })
    .where('account_id', '=', accountId)
    .where('removed_at', '>=', since)
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('notice_addresses as other')
            .select('other.id')
            .whereRef('other.account_id', '=', 'gone.account_id')
            .whereRef('other.email_key', '=', 'gone.email_key')
            .whereRef('other.id', '!=', 'gone.id')
            .where((or) => or.or([or('other.removed_at', 'is', null), or('other.id', '>', or.ref('gone.id'))])),
        ),
      ),
    )
    .execute();
}
