import type { Kysely, Transaction } from 'kysely';
import type { Context } from '../context.ts';
import type { Database } from '../db/types.ts';
import { Problem } from '../problem.ts';
import { DAY, plus } from '../time.ts';
import * as queries from './queries.ts';
import { countFailure, type Judgement, judge, type Limit } from './rules.ts';

const QUIET = DAY;

/** A place under the limit, taken before the secret is checked. It must be settled: returned, cleared or failed. */
export type Attempt = { key: Buffer; reservedAt: Date; limit: Limit };

type Reservation = { attempt: Attempt } | { refused: Exclude<Judgement, { verdict: 'open' }> };

/** The counter's key: unknown identifiers have one like known ones, and none can be turned back into what it counts. */
export function counterKey(
  ctx: Context,
  kind: 'identifier' | 'device' | 'totp' | 'agent' | 'agent-totp',
  value: string,
): Buffer {
  return ctx.keys.hash(`attempts:${kind}`, value).subarray(0, 16);
}

/** Takes a place under `limit`, or tells why there is none. Counting after the check would let a burst through. */
export async function reserveAttempt(ctx: Context, key: Buffer, limit: Limit, now: Date): Promise<Reservation> {
  for (;;) {
    const isReserved = await queries.reserveAttempt(ctx.limitsDb, key, now, limit.maxFailures, plus(now, -QUIET));
    if (isReserved) return { attempt: { key, reservedAt: now, limit } };
    const judgement = await ctx.limitsDb.transaction().execute((trx) => judgeRefusal(trx, key, limit, now));
    if (judgement.verdict !== 'open') return { refused: judgement };
  }
}

async function judgeRefusal(trx: Transaction<Database>, key: Buffer, limit: Limit, now: Date): Promise<Judgement> {
  const counter = await queries.lockCounter(trx, key);
  if (!counter) return { verdict: 'open' };
  const { next, judgement } = judge(counter, limit, now);
  if (next !== counter) await queries.setCounter(trx, key, next, now);
  return judgement;
}

/** The attempt was no failure, nor a full success: its place is free again. */
export async function returnAttempt(db: Kysely<Database>, attempt: Attempt): Promise<void> {
  await queries.returnAttempt(db, attempt.key, attempt.reservedAt);
}

/** Gives the attempt back where `work` could not be done at all: a flood must not count as its victims' failures. */
export async function returnIfBusy<T>(ctx: Context, attempt: Attempt, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Problem && error.code === 'busy') await returnAttempt(ctx.limitsDb, attempt);
    throw error;
  }
}

/** Every required factor was right: failures before it are forgotten. */
export async function clearAttempts(db: Kysely<Database>, attempt: Attempt): Promise<void> {
  await queries.clearAttempts(db, attempt.key, attempt.reservedAt);
}

/** Turns the reservation into a failure. `locked` with `isNew` means that this very failure closed the door. */
export async function failAttempt(
  trx: Transaction<Database>,
  attempt: Attempt,
  now: Date,
): Promise<Judgement & { failures: number }> {
  const counter = await queries.lockCounter(trx, attempt.key);
  if (!counter) return { verdict: 'open', failures: 0 };
  const { next, judgement } = countFailure(counter, attempt.limit, attempt.reservedAt, now);
  await queries.setCounter(trx, attempt.key, next, now);
  return { ...judgement, failures: next.failures };
}

/** Counts a failure over all counters of a password; how many there are in a row (NIST 800-63B-4 3.2.2). */
export async function countPasswordFailure(trx: Transaction<Database>, accountId: string): Promise<number> {
  return await queries.countPasswordFailure(trx, accountId);
}

/** Every factor was right, so the password's failures in a row end, here and over all its counters. */
export async function clearPasswordFailures(
  trx: Transaction<Database>,
  attempt: Attempt,
  accountId: string,
): Promise<void> {
  await queries.clearPasswordFailures(trx, attempt.key, attempt.reservedAt, accountId);
}

/** Opens the doors behind these keys at once, as an agent's unlock or a reset does. */
export async function forgetFailures(trx: Transaction<Database>, keys: Buffer[]): Promise<void> {
  await queries.deleteCounters(trx, keys);
}

type CounterState = { failures: number; lockedUntil: Date | undefined };

/** How it stands with these doors, in the order asked. */
export async function readCounters(ctx: Context, keys: Buffer[]): Promise<CounterState[]> {
  const now = ctx.clock.now();
  const rows = await queries.findCounters(ctx.urgentDb, keys);
  return keys.map((key) => {
    const row = rows.find((candidate) => candidate.key.equals(key));
    const until = row?.blocked_until;
    return { failures: row?.failures ?? 0, lockedUntil: until && until > now ? until : undefined };
  });
}
