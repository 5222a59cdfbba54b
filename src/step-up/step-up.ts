import type { Transaction } from 'kysely';
import type { Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { type Hold, heldProblem, pass } from '../holds/gate.ts';
import { type Attempt, clearAttempts, returnAttempt, returnOnError } from '../lockout/attempts.ts';
import { Problem } from '../problem.ts';
import { type Candidate, checkProof, redeemProof } from '../second-factors/check-proof.ts';
import { findFactors } from '../second-factors/factors.ts';
import type { Proof } from '../second-factors/proof.ts';
import { proofRequired } from '../second-factors/prove-change.ts';
import { type Holder, ownerEvent } from '../sessions/holder.ts';
import { type Assurance, signAccess } from '../sessions/issue.ts';
import { assuranceOf } from '../sign-in/assurance.ts';
import { checkProofQuietly, type RightPassword, rememberFailure } from '../sign-in/credentials.ts';
import { findStanding, reauthenticate } from '../sign-in/reauthenticate.ts';
import { plus } from '../time.ts';
import { raiseSession } from './queries.ts';

type Given = { password: string | undefined; proof: Proof | undefined };
type SteppedUp = Assurance & { accessToken: string; expiresIn: number };

/**
 * Authenticates the holder anew within their session, which goes on with its refresh token: the password, with a code where
 * a factor is bound, or a passkey alone, whose own lock knows its user (RFC 9470, NIST 800-63B-4 5.2). Counts and refuses
 * as a one-shot sign-in does: `invalid-credentials` for whatever is wrong, `too-many-attempts`; `account-held` and
 * `password-change-required` after everything was right. Throws `second-factor-required` where none is given.
 */
export async function stepUp(ctx: Context, holder: Holder, given: Given): Promise<SteppedUp> {
  const factors = await findFactors(ctx.reader, holder.accountId);
  if (factors && !given.proof) throw proofRequired(factors);
  const { password, proof } = given;
  if (password !== undefined) return await byPassword(ctx, holder, password, proof);
  if (!proof || 'code' in proof) {
    throw new Problem('invalid-request', { errors: [{ pointer: '/password', detail: 'is missing' }] });
  }
  await ctx.limits.takeForAddress('sign-in', holder.client.ip);
  const candidate = await checkProof(ctx, proverOf(holder), proof);
  if (!candidate) throw await refusePasskey(ctx, holder);
  const outcome = await complete(ctx, holder, { right: undefined, candidate });
  if (outcome === 'spent') throw await refusePasskey(ctx, holder);
  return outcome;
}

async function byPassword(
  ctx: Context,
  holder: Holder,
  password: string,
  proof: Proof | undefined,
): Promise<SteppedUp> {
  const right = await reauthenticate(ctx, holder, password, { proof, failure: 'step-up.failed' });
  const { credential, attempt } = right;
  const asked = credential.factors ? proof : undefined;
  const candidate = asked && (await checkProofQuietly(ctx, proverOf(holder), attempt, asked));
  const outcome =
    credential.factors && !candidate ? ('spent' as const) : await complete(ctx, holder, { right, candidate });
  if (outcome !== 'spent') return outcome;
  const { client, sessionId } = holder;
  const failure = { credential, attempt, client, sessionId, reason: 'wrong-code', type: 'step-up.failed' } as const;
  throw await rememberFailure(ctx, failure, ctx.clock.now());
}

/** The session is what it is for: a passkey asked to prove a change of this session may prove this. */
const proverOf = ({ accountId, deviceId, sessionId, client }: Holder) => ({
  accountId,
  deviceId: deviceId ?? undefined,
  client,
  purpose: 'change' as const,
  subject: sessionId,
});

async function refusePasskey(ctx: Context, holder: Holder): Promise<Problem> {
  const event = { ...ownerEvent(holder), type: 'step-up.failed', detail: { reason: 'wrong-passkey' } } as const;
  await transact(ctx.db, ctx.ring, (trx) => record(trx, event, ctx.clock.now()));
  return new Problem('invalid-credentials');
}

type Proven = { right: RightPassword | undefined; candidate: Candidate | undefined };

async function complete(ctx: Context, holder: Holder, proven: Proven): Promise<SteppedUp | 'spent'> {
  const now = ctx.clock.now();
  const attempts: Attempt[] = [...(proven.candidate?.attempts ?? []), ...(proven.right ? [proven.right.attempt] : [])];
  const outcome = await returnOnError(ctx, attempts, () =>
    transact(ctx.db, ctx.ring, (trx) => raise(trx, ctx, holder, proven, now)),
  );
  if (outcome === 'spent') return outcome;
  if ('stoppedBy' in outcome) {
    throw outcome.stoppedBy.length > 0 ? heldProblem(outcome.stoppedBy) : new Problem('password-change-required');
  }
  const { sessionId, accountId } = holder;
  const { assurance, endsAt } = outcome;
  return { ...signAccess(ctx, { sessionId, accountId, authTime: now, endsAt, ...assurance }, now), ...assurance };
}

type Raised = { assurance: Assurance; endsAt: Date };

/** Under the account's lock: the gate, the code, the session. Everything or nothing, and one caller of many for one code. */
async function raise(
  trx: Transaction<Database>,
  ctx: Context,
  holder: Holder,
  { right, candidate }: Proven,
  now: Date,
): Promise<Raised | { stoppedBy: Hold[] } | 'spent'> {
  const { accountId, sessionId } = holder;
  const passage = await pass(trx, accountId, 'sign-in', now);
  const standing = right && (await findStanding(trx, ctx, right));
  if (!passage || (right && !standing)) throw new Problem('invalid-credentials');
  if (candidate && !(await redeemProof(trx, proverOf(holder), candidate, now))) return 'spent';
  if (passage.stoppedBy.length > 0 || standing?.mustChange) {
    if (right) await returnAttempt(trx, right.attempt);
    const scopes = passage.stoppedBy.map((hold) => hold.scope);
    const reason = standing?.mustChange ? { reason: 'password-change-required' as const } : {};
    const detail = { action: 'step-up', scopes, ...reason };
    await record(trx, { ...ownerEvent(holder), type: 'sign-in.refused', detail }, now);
    return { stoppedBy: passage.stoppedBy };
  }
  const assurance = assuranceOf(candidate, { hasPassword: right !== undefined });
  const endsAt = plus(now, ctx.policy['session.absolute']);
  if (!(await raiseSession(trx, { id: sessionId, accountId, expiresAt: endsAt, ...assurance }, now))) {
    throw new Problem('unauthorized');
  }
  if (right) await clearAttempts(trx, right.attempt);
  await record(trx, { ...ownerEvent(holder), type: 'session.stepped-up', detail: assurance }, now);
  return { assurance, endsAt };
}
