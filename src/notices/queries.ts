import type { Kysely, Selectable } from 'kysely';
import type { Database } from '../db/types.ts';

type Recipient = { id: string; email: string; locale: 'en' | 'zh-CN'; email_confirmed_at: Date | null };

export async function findRecipient(db: Kysely<Database>, accountId: string): Promise<Recipient | undefined> {
  return await db
    .selectFrom('accounts')
    .select(['id', 'email', 'locale', 'email_confirmed_at'])
    .where('id', '=', accountId)
    .where('closed_at', 'is', null)
    .executeTakeFirst();
}

export async function findRecipientByIdentifier(db: Kysely<Database>, value: string): Promise<Recipient | undefined> {
  return await db
    .selectFrom('identifiers')
    .innerJoin('accounts', 'accounts.id', 'identifiers.account_id')
    .select(['accounts.id', 'accounts.email', 'accounts.locale', 'accounts.email_confirmed_at'])
    .where('identifiers.value', '=', value)
    .where('accounts.closed_at', 'is', null)
    .executeTakeFirst();
}

export async function findSignUp(
  db: Kysely<Database>,
  id: string,
): Promise<Selectable<Database['sign_ups']> | undefined> {
  return await db.selectFrom('sign_ups').selectAll().where('id', '=', id).executeTakeFirst();
}

export async function deleteSignUp(db: Kysely<Database>, id: string): Promise<void> {
  await db.deleteFrom('sign_ups').where('id', '=', id).execute();
}

export async function findCaseReference(db: Kysely<Database>, id: string): Promise<string | undefined> {
  const row = await db.selectFrom('cases').select('reference').where('id', '=', id).executeTakeFirst();
  return row?.reference;
}
