import { type Kysely, sql, type Transaction } from 'kysely';
import { statement } from '../db/statement.ts';
import type { Database } from '../db/types.ts';
import { quietSince } from '../lockout/attempts.ts';
import { reserving } from '../lockout/reserving.ts';
import type { Policy } from '../policy.ts';
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

/** The confirmed account behind an identifier, and whether the device is one of its own. */
const sought = (identifier: string, device: string, generation: string) => `
     select ${COLUMNS},
       (select d.id from devices d where d.id = ${device} and d.account_id = a.id
         and d.token_generation in (${generation}, ${generation} + 1)) as device_id
     from identifiers i join accounts a on a.id = i.account_id left join passwords p on p.account_id = a.id
     where i.value = ${identifier} and i.confirmed_at is not null and a.email_confirmed_at is not null and a.closed_at is null`;

type Beginning = [
  key: Buffer,
  now: Date,
  max: number,
  quietSince: Date,
  identifier: string,
  deviceId: string | null,
  generation: number | null,
];
const beginning = (key: string) => `with credential as materialized (${sought('$5', '$6', '$7')}),
   reserved as (${reserving(key)})
   select credential.*, exists (select from reserved) as is_reserved, ${WITHOUT_WAITING}
   from (values (1)) as always left join credential on true`;

const begin = statement<Begun, Beginning>(
  'begin-sign-in',
  beginning('coalesce((select uuid_send(device_id) from credential), $1)'),
);
const beginShared = statement<Begun, Beginning>('begin-sign-in-shared', beginning('$1'));

const look = statement<Credential, [identifier: string, deviceId: string | null, generation: number | null]>(
  'find-sought-credential',
  sought('$1', '$2', '$3'),
);

export type Sought = { value: string; key: Buffer; device: { id: string; generation: number } | undefined };

/** As `beginSignIn`, without taking a place: for a step whose answer is the same whatever was given. */
export async function findSought(db: Kysely<Database>, { value, device }: Sought): Promise<Credential | undefined> {
  return (await look(db, value, device?.id ?? null, device?.generation ?? null))[0];
}

/**
 * All that a sign-in needs to know of a confirmed account, and a place under its limit: the device's own where it is
 * known and counters are not shared, else the identifier's. One indexed statement, and as much work for an identifier
 * that nobody has.
 */
export async function beginSignIn(
  db: Kysely<Database>,
  { value, key, device }: Sought,
  { max, isShared }: { max: number; isShared: boolean },
  now: Date,
): Promise<{ credential: Credential | undefined; isReserved: boolean }> {
  const [row] = (await (isShared ? beginShared : begin)(
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

/**
 * Whether the password may open nothing more: a new one was asked for, or it is too short without a second factor. Where
 * one is required, there will be one before it opens anything.
 */
export function mustChange(credential: Standing, policy: Policy): boolean {
  const standsAlone = credential.factors === null && policy.secondFactor === 'optional';
  return credential.change_required_at !== null || (credential.is_short === true && standsAlone);
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
  policy: Policy,
): Promise<{ mustChange: boolean } | undefined> {
  const [row] = await stands(trx, credential.account_id, credential.set_at);
  const isAsAsked = row && (row.factors === null) === (credential.factors === null);
  return isAsAsked ? { mustChange: mustChange(row, policy) } : undefined;
}

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
