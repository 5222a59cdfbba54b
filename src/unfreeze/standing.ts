import type { Kysely } from 'kysely';
import type { Context } from '../context.ts';
import type { Database } from '../db/types.ts';
import { findHolds, type Hold, heldProblem } from '../holds/gate.ts';
import { stopping } from '../holds/rules.ts';
import { Problem } from '../problem.ts';
import { DAY, plus } from '../time.ts';
import { findVerifiedCase } from '../verifications/standing.ts';
import { findCompromise } from '../windows/compromise.ts';
import { earliestOf, isOldEnough, ownOf, type Proof } from './rules.ts';

/** Without a window nobody knows: a thief may have been there this long before the owner stopped them. */
const SUSPECTED_FOR = 7 * DAY;

/**
 * The owner's own holds that can be lifted by now. Throws `account-held` under a legal hold, `hold-not-releasable`
 * where they hold nothing, and `too-early` with the time from which one can be.
 */
export async function requireOwnHolds(
  db: Kysely<Database>,
  ctx: Context,
  accountId: string,
  now: Date,
): Promise<[Hold, ...Hold[]]> {
  const holds = await findHolds(db, accountId, now);
  const stoppedBy = stopping(holds, 'recover');
  if (stoppedBy.length > 0) throw heldProblem(stoppedBy);
  const own = ownOf(holds);
  if (own.length === 0) throw new Problem('hold-not-releasable');
  const earliest = ctx.policy['unfreeze.earliest'];
  const [first, ...rest] = own.filter(({ since }) => plus(since, earliest) <= now);
  if (first) return [first, ...rest];
  throw new Problem('too-early', { members: { earliestAt: earliestOf(own, earliest).toISOString() } });
}

/** When somebody else may have come in, as far as these holds and the account's open cases say. */
export async function findSuspectedSince(
  db: Kysely<Database>,
  accountId: string,
  own: readonly Hold[],
): Promise<Date | undefined> {
  const told = await findCompromise(db, accountId);
  if (told) return told;
  const first = Math.min(...own.map(({ since }) => since.getTime()));
  return Number.isFinite(first) ? plus(new Date(first), -SUSPECTED_FOR) : undefined;
}

/** Whether the proof lifts these holds by what is known now. */
export async function isGoodProof(
  db: Kysely<Database>,
  ctx: Context,
  { accountId, own, proof }: { accountId: string; own: readonly Hold[]; proof: Proof },
  now: Date,
): Promise<boolean> {
  const since = await findSuspectedSince(db, accountId, own);
  if (!since) return false;
  const isVerified = (await findVerifiedCase(db, accountId)) !== undefined;
  return isOldEnough(proof, { since, factorAge: ctx.policy['unfreeze.factorAge'], isVerified }, now);
}
