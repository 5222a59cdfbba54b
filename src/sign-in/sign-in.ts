import type { Kysely, Transaction } from 'kysely';
import { issueCaseToken } from '../cases/case-access.ts';
import type { Client, Context } from '../context.ts';
import { hashToken, newToken } from '../crypto/tokens.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { type Hold, heldProblem, pass } from '../holds/gate.ts';
import { type Attempt, returnAttempt, returnOnError } from '../lockout/attempts.ts';
import { passwordLimit } from '../lockout/rules.ts';
import { recheckPassword } from '../passwords/recheck.ts';
import { Problem } from '../problem.ts';
import { type Candidate, checkProof, redeemProof } from '../second-factors/check-proof.ts';
import type { FactorKind } from '../second-factors/enrolled.ts';
import type { Proof } from '../second-factors/proof.ts';
import type { Assurance, SignedIn } from '../sessions/issue.ts';
import { plus } from '../time.ts';
import { checkPassword, checkProofQuietly, type PasswordInput, rememberFailure } from './credentials.ts';
import { enterFromNewDevice, returnToAccount } from './open-session.ts';
import * as queries from './queries.ts';

type Challenged = { challenge: string; factors: FactorKind[]; expiresIn: number };

/**
 * Signs an owner in, or answers with a challenge where a second factor is owed. One-shot sign-ins (`code` given) have one
 * answer for every wrong combination. Throws `invalid-credentials`, `too-many-attempts`, and `account-held` and
 * `password-change-required` only after everything was right.
 */
export async function signIn(ctx: Context, input: PasswordInput, client: Client): Promise<SignedIn | Challenged> {
  const { credential, attempt } = await checkPassword(ctx, input, client);
  const entry = {
    accountId: credential.account_id,
    deviceId: credential.device_id,
    deviceToken: input.deviceToken,
    client,
  };
  // Where password and code come together, only after both: how long it takes must not tell that one was right.
  const recheck = (attempts: Attempt[]) =>
    returnOnError(ctx, attempts, () => recheckPassword(ctx, credential, input.password, client));
  if (!credential.factors) {
    await recheck([attempt]);
    return await complete(ctx, { ...entry, credential, attempt, candidate: undefined, challenge: undefined });
  }
  if (input.code === undefined) {
    await recheck([attempt]);
    return await openChallenge(ctx, entry, { credential, factors: credential.factors, attempt });
  }
  const candidate = await checkProofQuietly(ctx, proverOf(entry), attempt, { code: input.code });
  const now = ctx.clock.now();
  if (!candidate) throw await rememberFailure(ctx, { credential, attempt, client, reason: 'wrong-code' }, now);
  await recheck([...candidate.attempts, attempt]);
  const signedIn = await complete(ctx, { ...entry, credential, attempt, candidate, challenge: undefined });
  if (signedIn) return signedIn;
  throw await rememberFailure(ctx, { credential, attempt, client, reason: 'wrong-code' }, now);
}

type SecondStep = { challenge: string; proof: Proof; deviceToken?: string | undefined };

/**
 * The second step of a sign-in. Throws `invalid-code`, `invalid-challenge` once there were too many or it expired, and
 * after a right code `account-held` and `password-change-required`.
 */
export async function answerChallenge(ctx: Context, input: SecondStep, client: Client): Promise<SignedIn> {
  await ctx.limits.takeForAddress('other', client.ip);
  const now = ctx.clock.now();
  const hash = hashToken(input.challenge);
  const challenge = await queries.reserveChallenge(ctx.limitsDb, hash, ctx.policy['totp.attemptsPerChallenge'], now);
  if (!challenge) throw new Problem('invalid-challenge');
  const entry = {
    accountId: challenge.account_id,
    deviceId: challenge.device_id,
    deviceToken: input.deviceToken,
    client,
  };
  const candidate = await checkProof(ctx, proverOf(entry, hash), input.proof);
  if (!candidate) throw new Problem('invalid-code');
  const attempt = { key: challenge.counter_key, reservedAt: new Date(0), limit: passwordLimit(ctx.policy) };
  const signedIn = await complete(ctx, { ...entry, credential: undefined, attempt, candidate, challenge: hash });
  if (!signedIn) throw new Problem('invalid-code');
  return signedIn;
}

type Entry = { accountId: string; deviceId: string | null; deviceToken: string | undefined; client: Client };

const proverOf = (entry: Entry, challenge?: Buffer) => ({
  accountId: entry.accountId,
  deviceId: entry.deviceId ?? undefined,
  client: entry.client,
  purpose: 'sign-in' as const,
  subject: challenge?.toString('hex') ?? '',
});

type Right = { credential: queries.Credential; factors: FactorKind[]; attempt: Attempt };

async function openChallenge(ctx: Context, entry: Entry, { credential, factors, attempt }: Right): Promise<Challenged> {
  const now = ctx.clock.now();
  const token = newToken('hf_ch');
  const ttl = ctx.policy['challenge.ttl'];
  const isOpen = await returnOnError(ctx, [attempt], () =>
    transact(ctx.db, ctx.ring, async (trx) => {
      // A held account gets its challenge too: that it is held is told only after the second factor.
      const passage = await pass(trx, entry.accountId, 'sign-in', now);
      await returnAttempt(trx, attempt);
      if (!passage || !(await queries.findStanding(trx, credential))) return false;
      await queries.insertChallenge(
        trx,
        {
          hash: token.hash,
          accountId: entry.accountId,
          deviceId: entry.deviceId,
          counterKey: attempt.key,
          expiresAt: plus(now, ttl),
        },
        now,
      );
      const actor = { kind: 'anonymous' } as const;
      await record(
        trx,
        {
          type: 'sign-in.challenged',
          actor,
          accountId: entry.accountId,
          client: entry.client,
          detail: { factors },
        },
        now,
      );
      return true;
    }),
  );
  if (!isOpen) throw new Problem('invalid-credentials');
  return { challenge: token.plain, factors, expiresIn: ttl / 1000 };
}

type Completion = Entry & {
  /** The password that was checked just now; undefined where a challenge stands for it, which ends when it changes. */
  credential: queries.Credential | undefined;
  attempt: Attempt;
  candidate: Candidate | undefined;
  challenge: Buffer | undefined;
};
/** Stopped by no hold: the password must be changed first. */
type Outcome = { signedIn: SignedIn } | { stoppedBy: Hold[] } | 'spent';

async function complete(ctx: Context, entry: Completion & { candidate: undefined }): Promise<SignedIn>;
async function complete(ctx: Context, entry: Completion): Promise<SignedIn | undefined>;
async function complete(ctx: Context, entry: Completion): Promise<SignedIn | undefined> {
  const now = ctx.clock.now();
  const attempts = [...(entry.candidate?.attempts ?? []), entry.attempt];
  const returned = await returnOnError(ctx, attempts, () => returnAtOnce(ctx, entry, now));
  if (returned) return returned;
  const outcome = await returnOnError(ctx, attempts, () =>
    transact(ctx.db, ctx.ring, (trx) => issue(trx, ctx, entry, now)),
  );
  if (outcome === 'spent') return undefined;
  if ('stoppedBy' in outcome) {
    if (outcome.stoppedBy.length === 0) throw new Problem('password-change-required');
    throw heldProblem(outcome.stoppedBy, await issueCaseToken(ctx, entry.accountId, 'password', entry.client));
  }
  return outcome.signedIn;
}

/** The common way in: a known browser, no second factor, nothing changed while the password was checked. */
async function returnAtOnce(ctx: Context, entry: Completion, now: Date): Promise<SignedIn | undefined> {
  const { credential, candidate, challenge } = entry;
  if (!credential || candidate || challenge || queries.mustChange(credential)) return undefined;
  const seen = { accountVersion: credential.account_version, passwordSetAt: credential.set_at };
  return await returnToKnown(ctx.db, ctx, entry, seen, now);
}

/** Under the account's lock: the gate, the code, the challenge, the session. Everything or nothing, and one caller of many. */
async function issue(trx: Transaction<Database>, ctx: Context, entry: Completion, now: Date): Promise<Outcome> {
  const { accountId, client, candidate } = entry;
  const passage = await pass(trx, accountId, 'sign-in', now);
  // A reset or an enrolment may have come between the check of the password and this lock.
  const standing = entry.credential && (await queries.findStanding(trx, entry.credential));
  if (!passage || (entry.credential && !standing))
    throw new Problem(entry.challenge ? 'invalid-challenge' : 'invalid-credentials');
  if (candidate && !(await redeemProof(trx, proverOf(entry, entry.challenge), candidate, now))) return 'spent';
  const challenge = entry.challenge && (await queries.redeemChallenge(trx, entry.challenge, now));
  if (entry.challenge && !challenge) throw new Problem('invalid-challenge');
  const mustChange = standing?.mustChange ?? challenge?.mustChange ?? false;
  if (passage.stoppedBy.length > 0 || mustChange) {
    await returnAttempt(trx, entry.attempt);
    const scopes = passage.stoppedBy.map((hold) => hold.scope);
    const actor = { kind: 'owner', id: accountId } as const;
    const reason = mustChange ? { reason: 'password-change-required' as const } : {};
    const detail = { action: 'sign-in', scopes, ...reason };
    await record(trx, { type: 'sign-in.refused', actor, accountId, client, detail }, now);
    return { stoppedBy: passage.stoppedBy };
  }
  const seen = { accountVersion: passage.account.version, passwordSetAt: entry.credential?.set_at ?? null };
  const returned = await returnToKnown(trx, ctx, entry, seen, now);
  return { signedIn: returned ?? (await enterFromNewDevice(trx, ctx, openingOf(entry), now)) };
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

function assuranceOf(candidate: Candidate | undefined): Assurance {
  if (!candidate) return { acr: 'aal1', amr: ['pwd'] };
  return { acr: 'aal2', amr: ['pwd', candidate.factor === 'totp' ? 'otp' : 'recovery-code', 'mfa'] };
}
