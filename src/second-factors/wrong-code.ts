import type { Transaction } from 'kysely';
import type { Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { type Attempt, failAttempt, reserveAttempt } from '../lockout/attempts.ts';
import { totpLimit } from '../lockout/rules.ts';
import { countWrongCode } from '../passwords/exposure.ts';
import type { Prover } from './check-proof.ts';
import { rememberFailures } from './consecutive-failures.ts';
import { type Door, doorKey } from './doors.ts';

type WrongCode = { factor: Door; attempt: Attempt; guesses: number };

/** Each third wrong code after a right password is an alarm: whoever stays below ten a month is heard again. */
const ALARM_EVERY = 3;

/** Takes a place at this door. Throws `too-many-attempts` while it is locked. */
export async function openDoor(ctx: Context, prover: Prover, door: Door, now: Date): Promise<Attempt> {
  const key = doorKey(ctx, prover, door);
  const onLock = (trx: Transaction<Database>, until: Date) => recordLock(trx, prover, until, now);
  return await reserveAttempt(ctx, key, totpLimit(ctx.policy), onLock, now);
}

/** Commits all that a wrong code leads to: the lock of its door, alarms, the end of the authenticators or the password. */
export async function rememberWrongCode(ctx: Context, prover: Prover, wrong: WrongCode, now: Date): Promise<void> {
  await transact(ctx.db, ctx.ring, async (trx) => {
    // First, as a right code does it: two who take the same rows in another order wait for each other.
    if (wrong.factor === 'totp') await rememberFailures(trx, ctx, prover, now);
    const failures = await failAtDoor(trx, prover, wrong.factor, wrong.attempt, now);
    const isAlarming = await countAgainstPassword(trx, prover, { ...wrong, failures }, now);
    if (isAlarming) {
      await record(trx, { ...eventOf(prover), type: 'second-factor.guessed', detail: { failures: isAlarming } }, now);
    }
  });
}

/** A code that was right once: no guess, and all the same no way to try for ever. */
export async function rememberSpent(
  trx: Transaction<Database>,
  prover: Prover,
  factor: Door,
  attempt: Attempt,
  now: Date,
): Promise<void> {
  await failAtDoor(trx, prover, factor, attempt, now);
}

/** How many wrong codes after a right password are one too many to say nothing about; undefined for any other number. */
async function countAgainstPassword(
  trx: Transaction<Database>,
  { accountId, deviceId, client, purpose }: Prover,
  { guesses, failures }: WrongCode & { failures: number },
  now: Date,
): Promise<number | undefined> {
  if (purpose === 'reset') {
    await countWrongCode(trx, { accountId, client, behind: 'reset-link', guesses }, now);
    return undefined;
  }
  if (purpose !== 'sign-in') return undefined;
  const count = deviceId
    ? failures
    : await countWrongCode(trx, { accountId, client, behind: 'password', guesses }, now);
  return count > 0 && count % ALARM_EVERY === 0 ? count : undefined;
}

/** How many there are at this door since the last right one, or since it was last locked. */
async function failAtDoor(
  trx: Transaction<Database>,
  prover: Prover,
  factor: Door,
  attempt: Attempt,
  now: Date,
): Promise<number> {
  const { failures, ...judgement } = await failAttempt(trx, attempt, now);
  await record(trx, { ...eventOf(prover), type: 'second-factor.failed', detail: { factor, failures } }, now);
  if (judgement.verdict === 'locked' && judgement.isNew) await recordLock(trx, prover, judgement.until, now);
  return failures;
}

async function recordLock(trx: Transaction<Database>, prover: Prover, lockedUntil: Date, now: Date): Promise<void> {
  const until = lockedUntil.toISOString();
  await record(trx, { ...eventOf(prover), type: 'second-factor.locked', detail: { until } }, now);
}

const eventOf = ({ accountId, deviceId, client }: Prover) => ({
  actor: { kind: 'anonymous' } as const,
  accountId,
  deviceId,
  client,
});
