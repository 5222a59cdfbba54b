import type { Context } from '../context.ts';
import { newToken } from '../crypto/tokens.ts';
import { transact } from '../db/transaction.ts';
import { record } from '../events/record.ts';
import { returnAttempt, returnOnError } from '../lockout/attempts.ts';
import { Problem } from '../problem.ts';
import { type Candidate, checkProof, type Prover, redeemProof } from '../second-factors/check-proof.ts';
import { findFactorBirth } from '../second-factors/factors.ts';
import type { Proof } from '../second-factors/proof.ts';
import { isTotpCode } from '../second-factors/rules.ts';
import { type Holder, ownerEvent } from '../sessions/holder.ts';
import { plus } from '../time.ts';
import { isDoubted } from '../windows/windows.ts';
import { issue, requireGrant } from './grants.ts';
import * as queries from './queries.ts';
import { isApproving } from './rules.ts';

type Confirmed = { grant: string; expiresAt: Date };

/**
 * Trades a TOTP code, or a passkey's signature over the grant, for a token that permits the one action once, for
 * `grant.use` (PSD2 RTS 4(1), 5(1)(b)). Each try is counted before it is looked at, on the grant and on the factor; the
 * last wrong one ends the grant (OWASP transaction authorisation: start over). Throws `not-found`, `invalid-challenge` for
 * one that is over, `invalid-code`, `too-many-attempts`, `account-held`, `unauthorized`, `too-many-requests`.
 */
export async function confirmGrant(ctx: Context, holder: Holder, id: string, proof: Proof): Promise<Confirmed> {
  await ctx.limits.takeForAddress('other', holder.client.ip);
  const now = ctx.clock.now();
  const grant = await requireGrant(ctx, holder, id);
  const attempt = await queries.reserveGrantAttempt(ctx.limitsDb, id, ctx.policy['grant.attempts'], now);
  if (attempt === undefined) throw new Problem('invalid-challenge');
  const confirmed = await returnGrantOnError(ctx, id, () => confirm(ctx, holder, grant, proof, now));
  if (confirmed) return confirmed;
  await recordFailure(ctx, holder, id, attempt, now);
  throw new Problem('invalid-code');
}

async function confirm(
  ctx: Context,
  holder: Holder,
  { id, action }: queries.GrantRow,
  proof: Proof,
  now: Date,
): Promise<Confirmed | undefined> {
  const { accountId, deviceId, client } = holder;
  const prover: Prover = { accountId, deviceId: deviceId ?? undefined, client, purpose: 'grant', subject: id };
  const candidate = await checkApproval(ctx, prover, proof);
  if (!candidate) return undefined;
  const { factor } = candidate;
  const token = newToken('hf_gr');
  const expiresAt = plus(now, ctx.policy['grant.use']);
  return await returnOnError(ctx, candidate.attempts, () =>
    issue(ctx, holder, action, now, async (trx) => {
      if (!(await redeemProof(trx, prover, candidate, now))) return undefined;
      const isOpen = await queries.confirmGrant(trx, { id, tokenHash: token.hash, factor, expiresAt }, now);
      // Somebody else was first, or it was cancelled meanwhile: the code stays unspent.
      if (!isOpen) throw new Problem('invalid-challenge');
      await record(trx, { ...ownerEvent(holder), type: 'grant.confirmed', detail: { grantId: id, factor } }, now);
      return { grant: token.plain, expiresAt };
    }),
  );
}

type Approval = Extract<Candidate, { factor: 'totp' | 'passkey' }>;

async function checkApproval(ctx: Context, prover: Prover, proof: Proof): Promise<Approval | undefined> {
  // Anything but six digits cannot approve, so it is not looked at: a recovery code is neither tried nor spent here.
  if ('code' in proof && !isTotpCode(proof.code)) return undefined;
  const candidate = await checkProof(ctx, prover, proof);
  if (!candidate) return undefined;
  if (isApproval(candidate) && !(await isFactorDoubted(ctx, prover.accountId, candidate))) return candidate;
  for (const attempt of candidate.attempts) await returnAttempt(ctx.limitsDb, attempt);
  return undefined;
}

/** A factor born while somebody else may have been in the account may be theirs: it approves nothing. */
async function isFactorDoubted(ctx: Context, accountId: string, candidate: Approval): Promise<boolean> {
  const factorId = candidate.factor === 'totp' ? candidate.factorId : candidate.passkeyId;
  const bornAt = await findFactorBirth(ctx.reader, factorId);
  return bornAt === undefined || (await isDoubted(ctx.reader, accountId, bornAt));
}

const isApproval = (candidate: Candidate): candidate is Approval => isApproving(candidate.factor);

async function recordFailure(ctx: Context, holder: Holder, id: string, failures: number, now: Date): Promise<void> {
  const isVoid = failures >= ctx.policy['grant.attempts'];
  const event = { ...ownerEvent(holder), type: 'grant.failed', detail: { grantId: id, failures, isVoid } } as const;
  await transact(ctx.db, ctx.ring, (trx) => record(trx, event, now));
}

/** A flood, a hold or a locked factor is no guess at this grant. */
async function returnGrantOnError<T>(ctx: Context, id: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // If even this fails, the try is lost and counts: the safe side.
    await queries.returnGrantAttempt(ctx.limitsDb, id).catch(() => undefined);
    throw error;
  }
}
