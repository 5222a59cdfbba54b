import type { Kysely, Transaction } from 'kysely';
import type { Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { Problem } from '../problem.ts';
import { DAY, plus, secondsUntil } from '../time.ts';
import * as queries from './queries.ts';
import { countFailure, type Judgement, judge, type Limit } from './rules.ts';

const QUIET = DAY;

/** A place under the limit, taken before the secret is checked. It must be settled: returned, cleared or failed. */
export type Attempt = {
  key: Buffer;
  reservedAt: Date;
  limit: Limit;
  /** The place under the limit over all identifiers of the account, where there is one; it is settled along. */
  over?: Attempt;
};

/** What is to be recorded in the very transaction in which attempts that a crash lost close a door. */
type OnLock = (trx: Transaction<Database>, until: Date) => Promise<void>;

/** The counter's key: unknown identifiers have one like known ones, and none can be turned back into what it counts. */
export function counterKey(
  ctx: Context,
  kind: 'identifier' | 'account' | 'totp' | 'recovery-code' | 'sms' | 'agent' | 'agent-address',
  value: string,
): Buffer {
  return ctx.keys.hash(`attempts:${kind}`, value).subarray(0, 16);
}

/** As `counterKey`, for a device: its id, which tells nobody anything and which the database has at hand. */
export function deviceCounterKey(deviceId: string): Buffer {
  return Buffer.from(deviceId.replaceAll('-', ''), 'hex');
}

/**
 * Takes a place under `limit`. Counting after the check would let a burst through. Throws `too-many-attempts` while the
 * door is locked, and for a second while all places are taken by attempts under way.
 */
export async function reserveAttempt(
  ctx: Context,
  key: Buffer,
  limit: Limit,
  onLock: OnLock,
  now: Date,
): Promise<Attempt> {
  for (;;) {
    if (await queries.reserveAttempt(ctx.limitsDb, key, now, limit.maxFailures, quietSince(now)))
      return { key, reservedAt: now, limit };
    await refuseAttempt(ctx, key, limit, onLock, now);
  }
}

/**
 * As `reserveAttempt`, for a door whose lock must not show: undefined while it is locked, and then the secret counts as
 * wrong. Throws `busy` while all places are taken by attempts under way.
 */
export async function reserveUnseen(ctx: Context, key: Buffer, limit: Limit, now: Date): Promise<Attempt | undefined> {
  for (;;) {
    if (await queries.reserveAttempt(ctx.limitsDb, key, now, limit.maxFailures, quietSince(now)))
      return { key, reservedAt: now, limit };
    const { verdict } = await transact(ctx.limitsDb, ctx.ring, (trx) =>
      judgeRefusal(trx, key, limit, async () => undefined, now),
    );
    if (verdict === 'locked') return undefined;
    if (verdict === 'busy') throw new Problem('busy', { retryAfter: 1 });
  }
}

/** A counter that nobody touched since then starts anew. */
export const quietSince = (now: Date): Date => plus(now, -QUIET);

/** For a place that was not to be had: throws as `reserveAttempt`, and returns where one may be free after all. */
export async function refuseAttempt(ctx: Context, key: Buffer, limit: Limit, onLock: OnLock, now: Date): Promise<void> {
  const judgement = await transact(ctx.limitsDb, ctx.ring, (trx) => judgeRefusal(trx, key, limit, onLock, now));
  if (judgement.verdict === 'open') return;
  const retryAfter = judgement.verdict === 'locked' ? secondsUntil(judgement.until, now) : 1;
  throw new Problem('too-many-attempts', { retryAfter });
}

async function judgeRefusal(
  trx: Transaction<Database>,
  key: Buffer,
  limit: Limit,
  onLock: OnLock,
  now: Date,
): Promise<Judgement> {
  const counter = await queries.lockCounter(trx, key);
  if (!counter) return { verdict: 'open' };
  const { next, judgement } = judge(counter, limit, now);
  if (next !== counter) await queries.setCounter(trx, key, next, now);
  if (judgement.verdict === 'locked' && judgement.isNew) await onLock(trx, judgement.until);
  return judgement;
}

/** The attempt was no failure, nor a full success: its place is free again. */
export async function returnAttempt(db: Kysely<Database>, attempt: Attempt): Promise<void> {
  await queries.returnAttempt(db, attempt.key, attempt.reservedAt);
  if (attempt.over) await returnAttempt(db, attempt.over);
}

/**
 * Gives the attempts back where `work` broke off before its verdict: a flood or a database in trouble must not count as
 * its victims' failures. What settles these attempts does not belong into `work`, nor what records a wrong guess: one
 * that could not be recorded keeps its place, which counts.
 */
export async function returnOnError<T>(ctx: Context, attempts: Attempt[], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // If even this fails, the places are lost and count: the safe side.
    for (const attempt of attempts) await returnAttempt(ctx.limitsDb, attempt).catch(() => undefined);
    throw error;
  }
}

/** Every required factor was right: failures before it are forgotten. */
export async function clearAttempts(db: Kysely<Database>, attempt: Attempt): Promise<void> {
  await queries.clearAttempts(db, attempt.key, attempt.reservedAt);
  if (attempt.over) await clearAttempts(db, attempt.over);
}

/** Turns the reservation into a failure. `locked` with `isNew` means that this very failure closed the door, or the one over it. */
export async function failAttempt(
  trx: Transaction<Database>,
  attempt: Attempt,
  now: Date,
): Promise<Judgement & { failures: number }> {
  const judgement = await failAtOneDoor(trx, attempt, now);
  const over = attempt.over && (await failAtOneDoor(trx, attempt.over, now));
  return over && judgement.verdict !== 'locked' ? { ...over, failures: judgement.failures } : judgement;
}

async function failAtOneDoor(
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

/** Opens the doors behind these keys at once, as an agent's unlock or a reset does. */
export async function forgetFailures(trx: Transaction<Database>, keys: Buffer[]): Promise<void> {
  await queries.deleteCounters(trx, keys);
}

/** `locks`: how often it was locked since it was last quiet for a day, or cleared. */
type CounterState = { failures: number; locks: number; lockedUntil: Date | undefined };

/** How it stands with these doors, in the order asked. */
export async function readCounters(ctx: Context, keys: Buffer[], db = ctx.urgentDb): Promise<CounterState[]> {
  const now = ctx.clock.now();
  const rows = await queries.findCounters(db, keys);
  return keys.map((key) => {
    const row = rows.find((candidate) => candidate.key.equals(key));
    const until = row?.blocked_until;
    const { failures = 0, locks = 0 } = row ?? {};
    return { failures, locks, lockedUntil: until && until > now ? until : undefined };
  });
}
