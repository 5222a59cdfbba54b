import type { Transaction } from 'kysely';
import type { Client, Context } from '../context.ts';
import { hashToken } from '../crypto/tokens.ts';
import type { Database } from '../db/types.ts';
import { type Attempt, reserveAttempt, returnOnError } from '../lockout/attempts.ts';
import { passwordLimit } from '../lockout/rules.ts';
import { Problem } from '../problem.ts';
import { isRisky } from '../risk/assess.ts';
import { type Candidate, checkProof, pretendToCheck } from '../second-factors/check-proof.ts';
import { hasSecondFactor } from '../second-factors/factors.ts';
import type { Proof } from '../second-factors/proof.ts';
import type { SignedIn } from '../sessions/issue.ts';
import { noteSuccess } from '../stuffing/stuffing.ts';
import { refuseOnBeat } from './beat.ts';
import type { Answering } from './challenge.ts';
import { type Reserved, reserveChallenge } from './challenge-queries.ts';
import { complete, type Entry, proverOf } from './complete.ts';
import { checkProofQuietly, countOverAll, hasSharedCounters, recordLock, rememberFailure } from './credentials.ts';
import { isMailedCode, rememberWrongMailedCode } from './mailed-code.ts';
import type { Enrolling } from './open-enrolment.ts';

type SecondStep = { challenge: string; factor: Answering; proof: Proof; deviceToken?: string | undefined };

/**
 * The second step of a sign-in. Throws `invalid-code`, `invalid-challenge` once there were too many or it expired, and
 * after a right code `account-held` and `password-change-required`; also `too-many-attempts`. Of a challenge that discloses
 * nothing, neither bytes nor time tell whether password, code, both or the very account were wrong (RTS 4(3)(a)).
 */
export async function answerChallenge(ctx: Context, input: SecondStep, client: Client): Promise<SignedIn | Enrolling> {
  await ctx.limits.takeForAddress('other', client.ip);
  const hash = hashToken(input.challenge);
  const most = ctx.policy['totp.attemptsPerChallenge'];
  const challenge = await reserveChallenge(ctx.limitsDb, hash, most, ctx.clock.now());
  if (!challenge) throw new Problem('invalid-challenge');
  const step = { ...input, ...challenge, hash, client };
  return challenge.owes === 'undisclosed' ? await refuseOnBeat(ctx, () => answer(ctx, step)) : await answer(ctx, step);
}

type Step = Omit<SecondStep, 'challenge'> & Reserved & { hash: Buffer; client: Client };

async function answer(ctx: Context, step: Step): Promise<SignedIn | Enrolling> {
  const { account_id: accountId, device_id: deviceId, client, hash } = step;
  const { attempt, isCounted, isShut } = await reserveStep(ctx, step);
  const entry = { accountId: accountId ?? '', deviceId, deviceToken: step.deviceToken, client };
  const isOpen = accountId !== null && step.is_backed && !isShut;
  const right = isOpen
    ? await weigh(ctx, step, entry, attempt)
    : await returnOnError(ctx, [attempt], () => pretendToWeigh(ctx, step));
  const signedIn =
    right && (await complete(ctx, { ...entry, credential: undefined, attempt, ...right, challenge: hash }));
  if (signedIn) {
    await noteSuccess(ctx, step.try_id ?? undefined);
    return signedIn;
  }
  if (isCounted) {
    const tried = accountId === null ? undefined : { account_id: accountId, device_id: deviceId };
    const reason = step.is_backed ? 'wrong-code' : 'wrong-password';
    const tryId = step.try_id ?? undefined;
    await rememberFailure(ctx, { credential: tried, attempt, client, reason, tryId }, ctx.clock.now());
  }
  throw new Problem('invalid-code');
}

/**
 * Where the first step counted nothing, or one counter stands for everything, a wrong second step counts like a wrong
 * password (RTS 4(3)(b)); so does a wrong mailed code, which has no door of its own.
 */
async function reserveStep(
  ctx: Context,
  step: Step,
): Promise<{ attempt: Attempt; isCounted: boolean; isShut: boolean }> {
  const { account_id: accountId, device_id: deviceId, client, owes, counter_key: key } = step;
  const now = ctx.clock.now();
  const limit = passwordLimit(ctx.policy);
  const isCounted = owes !== 'second-factor' || hasSharedCounters(ctx);
  if (!isCounted) return { attempt: { key, reservedAt: new Date(0), limit }, isCounted, isShut: false };
  const onLock = async (trx: Transaction<Database>, until: Date) => {
    if (accountId) await recordLock(trx, { account_id: accountId, device_id: deviceId }, client, until, now);
  };
  const reserved = await reserveAttempt(ctx, key, limit, onLock, now);
  return { isCounted, ...(await countOverAll(ctx, reserved, accountId, now)) };
}

type Weighed = { candidate: Candidate | undefined };

/** Undefined for what is wrong, which is remembered as a wrong code after a right password. */
async function weigh(ctx: Context, step: Step, entry: Entry, attempt: Attempt): Promise<Weighed | undefined> {
  const { owes, factor, proof, hash } = step;
  if (factor === 'email-code')
    return owes === 'second-factor' ? undefined : await weighMailed(ctx, step, entry, attempt);
  if (owes === 'email-code') return undefined;
  const prover = proverOf(entry, hash);
  const candidate =
    owes === 'undisclosed'
      ? await checkProofQuietly(ctx, prover, attempt, proof)
      : await returnOnError(ctx, [attempt], () => checkProof(ctx, prover, proof));
  if (candidate && owes === 'undisclosed') await assess(ctx, step, entry);
  return candidate && { candidate };
}

/** As many slow hashes as `weigh` takes. */
async function pretendToWeigh(ctx: Context, { factor, proof }: Step): Promise<undefined> {
  if (factor !== 'email-code') await pretendToCheck(ctx, proof);
}

/** A mailed code clears the sign-in of an account without a second factor, and raises no assurance. */
async function weighMailed(ctx: Context, step: Step, entry: Entry, attempt: Attempt): Promise<Weighed | undefined> {
  const typed = 'code' in step.proof ? step.proof.code : '';
  const isRight = step.codes_sent > 0 && isMailedCode(ctx.keys, step.hash, typed);
  const owesFactor = await returnOnError(ctx, [attempt], () => hasSecondFactor(ctx.reader, entry.accountId));
  if (isRight && !owesFactor) {
    if (step.owes === 'undisclosed') await assess(ctx, step, entry);
    return { candidate: undefined };
  }
  await rememberWrongMailedCode(ctx, entry);
  return undefined;
}

/** Nothing is asked for any more: agents and rules to come are to know of it. */
async function assess(ctx: Context, step: Step, { accountId, deviceId, client }: Entry): Promise<void> {
  if (deviceId === null) await isRisky(ctx, { accountId, strangersKey: step.counter_key, client, mayChallenge: false });
}
