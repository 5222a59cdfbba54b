import { type Kysely, sql, type Transaction } from 'kysely';
import { statement } from '../db/statement.ts';
import type { Database } from '../db/types.ts';

export type Credential = {
  account_id: string;
  hash: string | null;
  set_at: Date | null;
  disabled_at: Date | null;
  device_id: string | null;
  has_totp: boolean;
};

const find = statement<Credential, [identifier: string, deviceHash: Buffer | null]>(
  'find-credential',
  `select a.id as account_id, p.hash, p.set_at, p.disabled_at,
     (select d.id from devices d where d.account_id = a.id and (d.token_hash = $2 or d.prior_token_hash = $2)) as device_id,
     exists (select from totp_factors t where t.account_id = a.id and t.confirmed_at is not null) as has_totp
   from identifiers i join accounts a on a.id = i.account_id left join passwords p on p.account_id = a.id
   where i.value = $1 and i.confirmed_at is not null and a.email_confirmed_at is not null and a.closed_at is null`,
);

/** All that a sign-in needs to know of a confirmed account, in one indexed query. */
export async function findCredential(
  db: Kysely<Database>,
  identifier: string,
  deviceHash: Buffer | null,
): Promise<Credential | undefined> {
  return (await find(db, identifier, deviceHash))[0];
}

const stands = statement<{ has_totp: boolean }, [accountId: string, setAt: Date | null]>(
  'credential-stands',
  `select exists (select from totp_factors t where t.account_id = $1 and t.confirmed_at is not null) as has_totp
   from passwords where account_id = $1 and date_trunc('milliseconds', set_at) = $2 and disabled_at is null`,
);

/** Whether the password that was checked and the factors that were asked for are still the account's. */
export async function isStanding(trx: Transaction<Database>, credential: Credential): Promise<boolean> {
  const [row] = await stands(trx, credential.account_id, credential.set_at);
  return row?.has_totp === credential.has_totp;
}

type NewChallenge = {
  hash: Buffer;
  accountId: string;
  deviceId: string | null;
  counterKey: Buffer;
  expiresAt: Date;
};

export async function insertChallenge(trx: Transaction<Database>, challenge: NewChallenge, now: Date): Promise<void> {
  await trx
    .insertInto('challenges')
    .values({
      token_hash: challenge.hash,
      account_id: challenge.accountId,
      device_id: challenge.deviceId,
      counter_key: challenge.counterKey,
      created_at: now,
      expires_at: challenge.expiresAt,
    })
    .execute();
}

type ChallengeRow = { account_id: string; device_id: string | null; counter_key: Buffer };

/** Counts a try against the challenge; undefined once it is used, expired, tried too often or its password was disabled. */
export async function reserveChallenge(
  db: Kysely<Database>,
  hash: Buffer,
  most: number,
  now: Date,
): Promise<ChallengeRow | undefined> {
  return await db
    .updateTable('challenges')
    .set((eb) => ({ attempts: eb('attempts', '+', 1) }))
    .where('token_hash', '=', hash)
    .where('attempts', '<', most)
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .where(isBackedByPassword)
    .returning(['account_id', 'device_id', 'counter_key'])
    .executeTakeFirst();
}

const isBackedByPassword = sql<boolean>`exists (
  select from passwords p where p.account_id = challenges.account_id and p.disabled_at is null)`;

/** Uses the challenge up. The returned truth is the verdict. */
export async function redeemChallenge(trx: Transaction<Database>, hash: Buffer, now: Date): Promise<boolean> {
  const row = await trx
    .updateTable('challenges')
    .set({ used_at: now })
    .where('token_hash', '=', hash)
    .where('used_at', 'is', null)
    .where(isBackedByPassword)
    .returning('token_hash')
    .executeTakeFirst();
  return row !== undefined;
}
