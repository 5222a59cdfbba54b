import { type Kysely, sql, type Transaction } from 'kysely';
import { statement } from '../db/statement.ts';
import type { Database } from '../db/types.ts';
import { quietSince } from '../lockout/attempts.ts';
import { reserving } from '../lockout/reserving.ts';
import { enrolled, type FactorKind } from '../second-factors/enrolled.ts';

export type Credential = {
  account_id: string;
  account_version: number;
  hash: string | null;
  set_at: Date | null;
  disabled_at: Date | null;
  is_short: boolean | null;
  breach_checked_at: Date | null;
  change_required_at: Date | null;
  device_id: string | null;
  /** What may answer for the second factor; null where none is owed. */
  factors: FactorKind[] | null;
};

// A place lost with a database that crashed within the second was nobody's failure yet: the commit need not wait for the disk.
const WITHOUT_WAITING = `set_config('synchronous_commit', 'off', true)`;

/** Of an account `a` and its password `p`; the device is each query's own. */
const COLUMNS = `a.id as account_id, a.version as account_version, p.hash, p.set_at, p.disabled_at, p.is_short,
  p.breach_checked_at, p.change_required_at,
  ${enrolled('a.id')} as factors`;

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
     select ${COLUMNS},
       (select d.id from devices d where d.id = $6 and d.account_id = a.id and d.token_generation in ($7, $7 + 1)) as device_id
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

type Standing = Pick<Credential, 'change_required_at' | 'is_short' | 'factors'>;

/** Whether the password may open nothing more: a new one was asked for, or it is too short without a second factor. */
export function mustChange(credential: Standing): boolean {
  return credential.change_required_at !== null || (credential.is_short === true && credential.factors === null);
}

const stands = statement<Standing, [accountId: string, setAt: Date | null]>(
  'credential-stands',
  `select ${enrolled('$1::uuid')} as factors, change_required_at, is_short
   from passwords where account_id = $1 and date_trunc('milliseconds', set_at) = $2 and disabled_at is null`,
);

/** Undefined unless the password that was checked and the factors that were asked for are still the account's. */
export async function findStanding(
  trx: Transaction<Database>,
  credential: Credential,
): Promise<{ mustChange: boolean } | undefined> {
  const [row] = await stands(trx, credential.account_id, credential.set_at);
  const isAsAsked = row && (row.factors === null) === (credential.factors === null);
  return isAsAsked ? { mustChange: mustChange(row) } : undefined;
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

/** Uses the challenge up. The returned row is the verdict; it tells whether the password before it must be changed. */
export async function redeemChallenge(
  trx: Transaction<Database>,
  hash: Buffer,
  now: Date,
): Promise<{ mustChange: boolean } | undefined> {
  return await trx
    .updateTable('challenges')
    .set({ used_at: now })
    .where('token_hash', '=', hash)
    .where('used_at', 'is', null)
    .where(isBackedByPassword)
    .returning(isPasswordSpent.as('mustChange'))
    .executeTakeFirst();
}

const isPasswordSpent = sql<boolean>`exists (
  select from passwords p where p.account_id = challenges.account_id and p.change_required_at is not null)`;

/** As `beginSignIn` finds it, for somebody signed in; with the identifier whose counter stands for unknown devices. */
export async function findCredential(
  db: Kysely<Database>,
  accountId: string,
  deviceId: string | null,
): Promise<(Credential & { identifier: string }) | undefined> {
  const { rows } = await sql<Credential & { identifier: string }>`
    select ${sql.raw(COLUMNS)}, i.value as identifier,
      (select d.id from devices d where d.id = ${deviceId}::uuid and d.account_id = a.id) as device_id
    from accounts a
      join identifiers i on i.account_id = a.id and i.kind = 'email' and i.reserved_until is null
      left join passwords p on p.account_id = a.id
    where a.id = ${accountId} and a.closed_at is null`.execute(db);
  return rows[0];
}
