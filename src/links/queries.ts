import type { Insertable, Kysely, Selectable, Transaction } from 'kysely';
import { type Accounts, listOf } from '../db/accounts.ts';
import type { Database } from '../db/types.ts';

export type LinkRow = Selectable<Database['links']>;

export async function insertLink(trx: Transaction<Database>, link: Insertable<Database['links']>): Promise<boolean> {
  const inserted = await trx
    .insertInto('links')
    .values(link)
    .onConflict((conflict) => conflict.column('token_hash').doNothing())
    .returning('token_hash')
    .executeTakeFirst();
  return inserted !== undefined;
}

export async function findLink(db: Kysely<Database>, hash: Buffer, now: Date): Promise<LinkRow | undefined> {
  return await db
    .selectFrom('links')
    .selectAll()
    .where('token_hash', '=', hash)
    .where('used_at', 'is', null)
    .where('voided_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst();
}

export async function redeemLink(
  trx: Transaction<Database>,
  hash: Buffer,
  purpose: LinkRow['purpose'],
  now: Date,
): Promise<LinkRow | undefined> {
  return await trx
    .updateTable('links')
    .set({ used_at: now })
    .where('token_hash', '=', hash)
    .where('purpose', '=', purpose)
    .where('used_at', 'is', null)
    .where('voided_at', 'is', null)
    .where('expires_at', '>', now)
    .returningAll()
    .executeTakeFirst();
}

export async function reserveLinkAttempt(
  db: Kysely<Database>,
  hash: Buffer,
  purpose: LinkRow['purpose'],
  most: number,
  now: Date,
): Promise<LinkRow | undefined> {
  return await db
    .updateTable('links')
    .set((eb) => ({ attempts: eb('attempts', '+', 1) }))
    .where('token_hash', '=', hash)
    .where('purpose', '=', purpose)
    .where('attempts', '<', most)
    .where('used_at', 'is', null)
    .where('voided_at', 'is', null)
    .where('expires_at', '>', now)
    .returningAll()
    .executeTakeFirst();
}

export async function returnLinkAttempt(db: Kysely<Database>, hash: Buffer): Promise<void> {
  await db
    .updateTable('links')
    .set((eb) => ({ attempts: eb('attempts', '-', 1) }))
    .where('token_hash', '=', hash)
    .execute();
}

export async function voidAllLinks(trx: Transaction<Database>, now: Date): Promise<void> {
  await trx
    .updateTable('links')
    .set({ voided_at: now })
    .where('used_at', 'is', null)
    .where('voided_at', 'is', null)
    .execute();
}

export async function voidLinks(
  trx: Transaction<Database>,
  accounts: Accounts,
  purposes: LinkRow['purpose'][],
  now: Date,
  subjectId?: string,
): Promise<void> {
  await trx
    .updateTable('links')
    .set({ voided_at: now })
    .where('account_id', 'in', listOf(accounts))
    .where('purpose', 'in', purposes)
    .$if(subjectId !== undefined, (query) => query.where('subject_id', '=', subjectId as string))
    .where('used_at', 'is', null)
    .where('voided_at', 'is', null)
    .execute();
}
