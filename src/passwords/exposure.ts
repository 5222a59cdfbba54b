import type { Kysely, Transaction } from 'kysely';
import type { Client } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { DAY, plus } from '../time.ts';
import * as queries from './queries.ts';

const MOST_CODES = 10;
const MONTH = 30 * DAY;
/** With two codes good at a time, so many guesses find one with a chance of 0.04 %, whatever the number of authenticators. */
const MOST_GUESSES = 200;
/** How long a wrong code is remembered. */
export const YEAR = 365 * DAY;

type WrongCode = {
  accountId: string;
  client: Client;
  behind: 'password' | 'reset-link';
  /** The authenticators that it was held against. */
  guesses: number;
};

/**
 * Counts a wrong code of an unknown device; how many there were within 30 days. After the right password ten of them, or
 * 200 guesses in a year, mean that somebody else has it: it opens nothing until a reset, and the owner is told.
 */
export async function countWrongCode(trx: Transaction<Database>, wrong: WrongCode, now: Date): Promise<number> {
  const { accountId, client, behind, guesses } = wrong;
  const { month, year } = await queries.countWrongCode(
    trx,
    { id: newId(now), accountId, behind, guesses },
    { now, monthAgo: plus(now, -MONTH), yearAgo: plus(now, -YEAR) },
  );
  const failures = month.codes >= MOST_CODES ? month.codes : year.codes;
  const isSpent = month.codes >= MOST_CODES || year.guesses >= MOST_GUESSES;
  if (behind === 'password' && isSpent && (await queries.disablePassword(trx, accountId, now))) {
    const actor = { kind: 'anonymous' } as const;
    await record(trx, { type: 'password.exposed', actor, accountId, client, detail: { failures } }, now);
  }
  return month.codes;
}

/** After too many failures in a row the password opens nothing until a reset. Returns whether this call shut it. */
export async function disablePassword(trx: Transaction<Database>, accountId: string, now: Date): Promise<boolean> {
  return await queries.disablePassword(trx, accountId, now);
}

/**
 * When codes behind reset links are judged again, where a year's guesses are spent: whoever reads the mailbox has no more
 * chances than whoever knows the password. Recovery codes, which nobody guesses, go on resetting.
 */
export async function findResetPause(db: Kysely<Database>, accountId: string, now: Date): Promise<Date | undefined> {
  const guesses = await queries.listGuesses(db, accountId, 'reset-link', plus(now, -YEAR));
  let left = guesses.reduce((sum, each) => sum + each.guesses, 0);
  if (left < MOST_GUESSES) return undefined;
  const last = guesses.find((each) => {
    left -= each.guesses;
    return left < MOST_GUESSES;
  });
  return last && plus(last.at, YEAR);
}
