import { type Insertable, type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import { gatheredLookup } from '../db/gather.ts';
import { statement } from '../db/statement.ts';
import type { Database } from '../db/types.ts';

export type AccountRow = Selectable<Database['accounts']>;

/** The newest sign-up with an address is the one that counts; the link of the one before it goes with it. */
export async function replaceSignUp(trx: Transaction<Database>, row: Insertable<Database['sign_ups']>): Promise<void> {
  await trx.deleteFrom('sign_ups').where('email_key', '=', row.email_key).execute();
  await trx
    .insertInto('sign_ups')
    .values(row)
    .onConflict((conflict) => conflict.column('email_key').doNothing())
    .execute();
}

/** False where it is gone. Whoever replaces a sign-up takes its row before its link; who confirms it must too. */
export async function lockSignUp(trx: Transaction<Database>, id: string): Promise<boolean> {
  const row = await trx.selectFrom('sign_ups').select('id').where('id', '=', id).forUpdate().executeTakeFirst();
  return row !== undefined;
}

export async function takeSignUp(
  trx: Transaction<Database>,
  id: string,
): Promise<Selectable<Database['sign_ups']> | undefined> {
  return await trx.deleteFrom('sign_ups').where('id', '=', id).returningAll().executeTakeFirst();
}

export async function insertAccount(
  trx: Transaction<Database>,
  row: Insertable<Database['accounts']>,
): Promise<AccountRow> {
  return await trx.insertInto('accounts').values(row).returningAll().executeTakeFirstOrThrow();
}

type NewIdentifier = Insertable<Database['identifiers']>;

/** Claims what is free and returns it; an identifier belongs to whoever was first, and a while longer once changed. */
export async function claimIdentifiers(
  trx: Transaction<Database>,
  rows: NewIdentifier[],
  now: Date,
): Promise<string[]> {
  await trx
    .deleteFrom('identifiers')
    .where(
      'value',
      'in',
      rows.map((row) => row.value),
    )
    .where('reserved_until', '<=', now)
    .execute();
  const claimed = await trx
    .insertInto('identifiers')
    .values(rows)
    .onConflict((conflict) => conflict.column('value').doNothing())
    .returning('value')
    .execute();
  return claimed.map((row) => row.value);
}

export async function dropUsername(trx: Transaction<Database>, accountId: string): Promise<void> {
  await trx.updateTable('accounts').set({ username: null }).where('id', '=', accountId).execute();
}

/** Returns whether the address was still waiting for it. */
export async function confirmEmail(trx: Transaction<Database>, accountId: string, now: Date): Promise<boolean> {
  const row = await trx
    .updateTable('accounts')
    .set({ email_confirmed_at: now })
    .where('id', '=', accountId)
    .where('email_confirmed_at', 'is', null)
    .returning('id')
    .executeTakeFirst();
  if (!row) return false;
  await trx
    .updateTable('identifiers')
    .set({ confirmed_at: now })
    .where('account_id', '=', accountId)
    .where('kind', '=', 'email')
    .where('reserved_until', 'is', null)
    .execute();
  return true;
}

const byId = statement<AccountRow, [id: string]>('find-account', 'select * from accounts where id = $1');

export async function findAccount(db: Kysely<Database>, id: string): Promise<AccountRow | undefined> {
  return (await byId(db, id))[0];
}

export type ProfileRow = {
  id: string;
  email: string;
  is_email_confirmed: boolean;
  locale: 'en' | 'zh-CN';
  has_totp: boolean;
  passkeys: number;
  has_sms: boolean;
  recovery_codes_left: number;
  /** RFC 3339, or null where it is not watched. */
  watch_until: string | null;
};

export const findProfile = gatheredLookup<ProfileRow>(
  `select id, email, email_confirmed_at is not null as is_email_confirmed, locale,
     exists (select from totp_factors t where t.account_id = a.id and t.confirmed_at is not null) as has_totp,
     (select count(*)::int from passkeys p where p.account_id = a.id) as passkeys,
     exists (select from sms_factors s where s.account_id = a.id and s.confirmed_at is not null) as has_sms,
     (select count(*)::int from recovery_codes r where r.account_id = a.id and r.used_at is null) as recovery_codes_left,
     (select w.until from watches w where w.account_id = a.id and w.ended_at is null) as watch_until
   from accounts a where id = any($1::uuid[]) and closed_at is null`,
  (row) => row.id,
);

export async function findAccountByExternalId(
  db: Kysely<Database>,
  externalId: string,
): Promise<AccountRow | undefined> {
  return await db.selectFrom('accounts').selectAll().where('external_id', '=', externalId).executeTakeFirst();
}

type Sought = { text: string; identifier: string; id: string | null; ip: string | null };

/** Accounts that an agent may mean: an identifier, id, external id, transaction or address, whole, never a part. */
export async function searchAccounts(db: Kysely<Database>, sought: Sought, limit: number): Promise<AccountRow[]> {
  return await db
    .selectFrom('accounts')
    .selectAll()
    .where(
      'id',
      'in',
      sql<string>`(
      select account_id from identifiers where value = ${sought.identifier}
      union select id from accounts where external_id = ${sought.text} or id = ${sought.id}::uuid
      union select account_id from transactions where transaction_id = ${sought.text}
      union (select account_id from sessions where ip = ${sought.ip}::inet and account_id is not null limit ${limit}))`,
    )
    .orderBy('id')
    .limit(limit)
    .execute();
}

export async function setPasswordHash(
  trx: Transaction<Database>,
  accountId: string,
  hash: string,
  now: Date,
): Promise<void> {
  await trx.insertInto('passwords').values({ account_id: accountId, hash, set_at: now }).execute();
}

/** Of these ids and external ids, those of accounts that are not closed. */
export async function listOpenIds(
  db: Kysely<Database>,
  ids: readonly string[],
  externalIds: readonly string[],
): Promise<{ id: string; external_id: string | null }[]> {
  return await db
    .selectFrom('accounts')
    .select(['id', 'external_id'])
    .where('closed_at', 'is', null)
    .where((eb) =>
      eb.or([
        eb('id', '=', sql<string>`any(${ids}::uuid[])`),
        eb('external_id', '=', sql<string>`any(${externalIds})`),
      ]),
    )
    .execute();
}
