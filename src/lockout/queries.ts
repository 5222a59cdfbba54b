import type { Kysely, Transaction } from 'kysely';
import { statement } from '../db/statement.ts';
import type { Database } from '../db/types.ts';
import { reserving } from './reserving.ts';
import type { Counter } from './rules.ts';

type Reserving = [key: Buffer, now: Date, max: number, quietSince: Date];
const reserve = statement<{ key: Buffer }, Reserving>('reserve-attempt', reserving('$1'));

/** Takes one of the places under the limit, before the secret is looked at. The returned truth is the verdict. */
export async function reserveAttempt(
  db: Kysely<Database>,
  key: Buffer,
  now: Date,
  max: number,
  quietSince: Date,
): Promise<boolean> {
  return (await reserve(db, key, now, max, quietSince)).length === 1;
}

const lock = statement<Counter, [key: Buffer]>(
  'lock-attempt-counter',
  'select failures, in_flight, locks, blocked_until from attempt_counters where key = $1 for update',
);

export async function lockCounter(trx: Transaction<Database>, key: Buffer): Promise<Counter | undefined> {
  return (await lock(trx, key))[0];
}

const set = statement<
  never,
  [key: Buffer, failures: number, inFlight: Date[], locks: number, until: Date | null, now: Date]
>(
  'set-attempt-counter',
  `update attempt_counters set failures = $2, in_flight = $3, locks = $4, blocked_until = $5, touched_at = $6
   where key = $1`,
);

export async function setCounter(trx: Transaction<Database>, key: Buffer, counter: Counter, now: Date): Promise<void> {
  await set(trx, key, counter.failures, counter.in_flight, counter.locks, counter.blocked_until, now);
}

const giveBack = statement<never, [key: Buffer, reservedAt: Date]>(
  'give-attempt-back',
  'update attempt_counters set in_flight = without_one(in_flight, $2::timestamptz) where key = $1',
);

export async function returnAttempt(db: Kysely<Database>, key: Buffer, reservedAt: Date): Promise<void> {
  await giveBack(db, key, reservedAt);
}

const clear = statement<never, [key: Buffer, reservedAt: Date]>(
  'clear-attempts',
  `update attempt_counters set failures = 0, locks = 0, blocked_until = null,
     in_flight = without_one(in_flight, $2::timestamptz) where key = $1`,
);

/** A full success forgets the failures before it; attempts still running keep their places. */
export async function clearAttempts(db: Kysely<Database>, key: Buffer, reservedAt: Date): Promise<void> {
  await clear(db, key, reservedAt);
}

export async function deleteCounters(db: Kysely<Database>, keys: Buffer[]): Promise<void> {
  await db.deleteFrom('attempt_counters').where('key', 'in', keys).execute();
}

const countFailure = statement<{ consecutive_failures: number }, [accountId: string]>(
  'count-password-failure',
  `update passwords set consecutive_failures = consecutive_failures + 1 where account_id = $1
   returning consecutive_failures`,
);

export async function countPasswordFailure(trx: Transaction<Database>, accountId: string): Promise<number> {
  return (await countFailure(trx, accountId))[0]?.consecutive_failures ?? 0;
}

export async function findCounters(db: Kysely<Database>, keys: Buffer[]): Promise<(Counter & { key: Buffer })[]> {
  if (keys.length === 0) return [];
  return await db
    .selectFrom('attempt_counters')
    .select(['key', 'failures', 'in_flight', 'locks', 'blocked_until'])
    .where('key', 'in', keys)
    .execute();
}
