import type { Kysely, Transaction } from 'kysely';
import { issueCaseToken } from '../cases/case-access.ts';
import type { Client, Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { type Hold, heldProblem, pass } from '../holds/gate.ts';
import { type Attempt, clearAttempts, returnAttempt, returnOnError } from '../lockout/attempts.ts';
import { Problem } from '../problem.ts';
import { type Candidate, redeemProof } from '../second-factors/check-proof.ts';
import { isFactorRequired } from '../second-factors/required.ts';
import type { SignedIn } from '../sessions/issue.ts';
import { assuranceOf } from './assurance.ts';
import { redeemChallenge } from './challenge-queries.ts';
import { type Enrolling, openEnrolment } from './open-enrolment.ts';
import { enterFromNewDevice, returnToAccount } from './open-session.ts';
import * as queries from './queries.ts';

export type Entry = { accountId: string; deviceId: string | null; deviceToken: string | undefined; client: Client };

type Completion = Entry & {
  /** The password that was checked just now; undefined where a challenge stands for it, which ends when it changes. */
  credential: queries.Credential | undefined;
  attempt: Attempt;
  candidate: Candidate | undefined;
  challenge: Buffer | undefined;
};
/** Stopped by no hold: the password must be changed first. */
type Outcome = { signedIn: SignedIn } | { enrolling: Enrolling } | { stoppedBy: Hold[] } | 'spent';

export const proverOf = (entry: Entry, challenge?: Buffer) => ({
  accountId: entry.accountId,
  deviceId: entry.deviceId ?? undefined,
  client: entry.client,
  purpose: 'sign-in' as const,
  subject: challenge?.toString('hex') ?? '',
});

/**
 * The end of a sign-in whose parts were all right: the session, or where the account lacks the second factor that is
 * required, what lets it bind one. Undefined where another sign-in spent the same code. Throws `account-held` and
 * `password-change-required`.
 */
export async function complete(
  ctx: Context,
  entry: Completion & { candidate: undefined },
): Promise<SignedIn | Enrolling>;
export async function complete(ctx: Context, entry: Completion): Promise<SignedIn | Enrolling | undefined>;
export async function complete(ctx: Context, entry: Completion): Promise<SignedIn | Enrolling | undefined> {
  const now = ctx.clock.now();
  const attempts = [...(entry.candidate?.attempts ?? []), entry.attempt];
  const returned = await returnOnError(ctx, attempts, () => returnAtOnce(ctx, entry, now));
  if (returned) return returned;
  const outcome = await returnOnError(ctx, attempts, () =>
    transact(ctx.db, ctx.ring, (trx) => issue(trx, ctx, entry, now)),
  );
  if (outcome === 'spent') return undefined;
  if ('enrolling' in outcome) return outcome.enrolling;
  if ('signedIn' in outcome) return outcome.signedIn;
  if (outcome.stoppedBy.length === 0) throw new Problem('password-change-required');
  throw heldProblem(outcome.stoppedBy, await issueCaseToken(ctx, entry.accountId, { by: 'password' }, entry.client));
}

/** The common way in: a known browser, no second factor, nothing changed while the password was checked. */
async function returnAtOnce(ctx: Context, entry: Completion, now: Date): Promise<SignedIn | undefined> {
  const { credential, candidate, challenge, attempt } = entry;
  if (!credential || candidate || challenge || attempt.over) return undefined;
  if (queries.mustChange(credential, ctx.policy) || isFactorRequired(ctx)) return undefined;
  const seen = { accountVersion: credential.account_version, passwordSetAt: credential.set_at };
  return await returnToKnown(ctx.db, ctx, entry, seen, now);
}

/** Under the account's lock: the gate, the code, the challenge, the session. Everything or nothing, and one caller of many. */
async function issue(trx: Transaction<Database>, ctx: Context, entry: Completion, now: Date): Promise<Outcome> {
  const { accountId, client, candidate } = entry;
  const owesFactor = isFactorRequired(ctx) && !candidate;
  const action = owesFactor ? 'enrol' : 'sign-in';
  const passage = await pass(trx, accountId, action, now);
  // A reset or an enrolment may have come between the check of the password and this lock.
  const standing = entry.credential && (await queries.findStanding(trx, entry.credential, ctx.policy));
  if (!passage || (entry.credential && !standing))
    throw new Problem(entry.challenge ? 'invalid-challenge' : 'invalid-credentials');
  if (candidate && !(await redeemProof(trx, proverOf(entry, entry.challenge), candidate, now))) return 'spent';
  const redeeming = entry.challenge && { hash: entry.challenge, accountId, isAlone: !candidate };
  const challenge = redeeming && (await redeemChallenge(trx, redeeming, ctx.policy, now));
  if (redeeming && !challenge) throw new Problem('invalid-challenge');
  const mustChange = standing?.mustChange ?? challenge?.mustChange ?? false;
  if (passage.stoppedBy.length > 0 || mustChange) {
    await returnAttempt(trx, entry.attempt);
    const scopes = passage.stoppedBy.map((hold) => hold.scope);
    const actor = { kind: 'owner', id: accountId } as const;
    const reason = mustChange ? { reason: 'password-change-required' as const } : {};
    const detail = { action, scopes, ...reason };
    await record(trx, { type: 'sign-in.refused', actor, accountId, client, detail }, now);
    return { stoppedBy: passage.stoppedBy };
  }
  if (owesFactor) {
    const passwordSetAt = (entry.credential?.set_at ?? challenge?.passwordSetAt) as Date;
    return { enrolling: await openEnrolment(trx, ctx, { ...entry, passwordSetAt }, now) };
  }
  const seen = { accountVersion: passage.account.version, passwordSetAt: entry.credential?.set_at ?? null };
  const returned = await returnToKnown(trx, ctx, entry, seen, now);
  const signedIn = returned ?? (await enterFromNewDevice(trx, ctx, openingOf(entry), now));
  if (entry.attempt.over) await clearAttempts(trx, entry.attempt.over);
  return { signedIn };
}

async function returnToKnown(
  db: Kysely<Database>,
  ctx: Context,
  entry: Completion,
  seen: { accountVersion: number; passwordSetAt: Date | null },
  now: Date,
): Promise<SignedIn | undefined> {
  const { deviceId, deviceToken } = entry;
  if (deviceId === null) return undefined;
  return await returnToAccount(db, ctx, openingOf(entry), { deviceId, deviceToken }, seen, now);
}

const openingOf = ({ accountId, attempt, client, candidate }: Completion) => ({
  accountId,
  attempt,
  client,
  assurance: assuranceOf(candidate),
});
