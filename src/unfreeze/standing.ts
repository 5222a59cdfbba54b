import type { Kysely } from 'kysely';
import type { Context } from '../context.ts';
import type { Database } from '../db/types.ts';
import { findHolds, type Hold, heldProblem } from '../holds/gate.ts';
import { stopping } from '../holds/rules.ts';
import { Problem } from '../problem.ts';
import { DAY, plus } from '../time.ts';
import { findAgreedCompromise, findCompromise, isFactorUndone } from '../windows/compromise.ts';
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

type Suspicion = { since: Date; isAgreed: boolean };

/**
 * When somebody else may have come in, by these holds and the account's open cases. The entry that the owner denied may be the
 * thief's last, and one agent may be wrong: either can make it earlier. Two agents together can make it later.
 */
export async function findSuspicion(
  db: Kysely<Database>,
  accountId: string,
  own: readonly Hold[],
): Promise<Suspicion | undefined> {
  const agreed = await findAgreedCompromise(db, accountId);
  if (agreed) return { since: agreed, isAgreed: true };
  const first = Math.min(...own.map(({ since }) => since.getTime()));
  if (!Number.isFinite(first)) return undefined;
  const supposed = plus(new Date(first), -SUSPECTED_FOR);
  const told = await findCompromise(db, accountId);
  return { since: told && told < supposed ? told : supposed, isAgreed: false };
}

/** Whether the proof lifts these holds by what is known now. */
export async function isGoodProof(
  db: Kysely<Database>,
  ctx: Context,
  { accountId, own, proof }: { accountId: string; own: readonly Hold[]; proof: Proof },
  now: Date,
): Promise<boolean> {
  const suspicion = await findSuspicion(db, accountId, own);
  if (!suspicion) return false;
  const { since, isAgreed } = suspicion;
  // Else one agent could take the factor that asks for more than the password.
  if (proof.kind === 'password' && (await isFactorUndone(db, accountId, since))) return false;
  return isOldEnough(proof, { since, factorAge: ctx.policy['unfreeze.factorAge'], isVerified: isAgreed }, now);
}
