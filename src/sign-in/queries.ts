import { type Kysely, sql, type Transaction } from 'kysely';
import { statement } from '../db/statement.ts';
import type { Database } from '../db/types.ts';
import { quietSince } from '../lockout/attempts.ts';
import { reserving } from '../lockout/reserving.ts';

export type Credential = {
  account_id: string;
  account_version: number;
  hash: string | null;
  set_at: Date | null;
  disabled_at: Date | null;
  device_id: string | null;
  has_totp: boolean;
};

// A place lost with a database that crashed within the second was nobody's failure yet: the commit need not wait for the disk.
const WITHOUT_WAITING = `set_config('synchronous_commit', 'off', true)`;

type Begun = Omit<Credential, 'account_id'> & { account_id: string | null; is_reserved: boolean };

const begin = statement<
  Begun,
  [
    key: Buffer,
    now: Date,
    max: number,
    quietSince: Date,
    identifier: string,
    deviceId: string | null,
    generation: number | null,
  ]
>(
  'begin-sign-in',
  `with credential as materialized (
     select a.id as account_id, a.version as account_version, p.hash, p.set_at, p.disabled_at,
       (select d.id from devices d where d.id = $6 and d.account_id = a.id and d.token_generation in ($7, $7 + 1)) as device_id,
       exists (select from totp_factors t where t.account_id = a.id and t.confirmed_at is not null) as has_totp
     from identifiers i join accounts a on a.id = i.account_id left join passwords p on p.account_id = a.id
     where i.value = $5 and i.confirmed_at is not null and a.email_confirmed_at is not null and a.closed_at is null),
   reserved as (${reserving('coalesce((select uuid_send(device_id) from credential), $1)')})
   select credential.*, exists (select from reserved) as is_reserved, ${WITHOUT_WAITING}
   from (values (1)) as always left join credential on true`,
);

/**
 * All that a sign-in needs to know of a confirmed account, and a place under its limit: the device's own where it is
 * known, else the identifier's. One indexed statement, and as much work for an identifier that nobody has.
 */
export async function beginSignIn(
  db: Kysely<Database>,
  identifier: { value: string; key: Buffer; device: { id: string; generation: number } | undefined },
  max: number,
  now: Date,
): Promise<{ credential: Credential | undefined; isReserved: boolean }> {
  const { value, key, device } = identifier;
  const [row] = (await begin(
    db,
    key,
    now,
    max,
    quietSince(now),
    value,
    device?.id ?? null,
    device?.generation ?? null,
  )) as [Begun];
  const { is_reserved: isReserved, account_id, ...rest } = row;
  return { isReserved, credential: account_id === null ? undefined : { account_id, ...rest } };
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
