import type { Transaction } from 'kysely';
import { readIdentifier } from '../accounts/identifiers.ts';
import type { Client, Context } from '../context.ts';
import { readChainedToken } from '../crypto/chained-token.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import {
  type Attempt,
  counterKey,
  countPasswordFailure,
  deviceCounterKey,
  failAttempt,
  refuseAttempt,
  reserveUnseen,
  returnOnError,
} from '../lockout/attempts.ts';
import { passwordLimit } from '../lockout/rules.ts';
import { disablePassword } from '../passwords/exposure.ts';
import { upgradeHash } from '../passwords/passwords.ts';
import { normalisePassword } from '../passwords/rules.ts';
import { Problem } from '../problem.ts';
import { type Candidate, checkProof, type Prover, pretendToCheck } from '../second-factors/check-proof.ts';
import type { Proof } from '../second-factors/proof.ts';
import type { Shown } from '../stuffing/demand.ts';
import { type Meeting, meetStranger, noteFailure } from '../stuffing/stuffing.ts';
import { beginSignIn, type Credential, type Sought } from './queries.ts';

export type PasswordInput = {
  identifier: string;
  password: string;
  /** Given where password and second factor come together: then no answer may tell which of them was wrong. */
  code?: string | undefined;
  deviceToken?: string | undefined;
  /** What is asked of strangers while somebody guesses across accounts. */
  proof?: Shown | undefined;
};
export type RightPassword = { credential: Credential; attempt: Attempt };
/** `meeting` is how a stranger's try was noted. */
type Checked = RightPassword & { meeting: Meeting | undefined };

/** The owner is warned this many failures before the password is disabled, and again this many. */
const WARN_BEFORE = [50, 10];

/**
 * Checks identifier and password under the limits, with the same work and answers for unknown identifiers.
 * A right one leaves its attempt to be settled. Throws `invalid-credentials`, `too-many-attempts`, `proof-required`, `busy`.
 */
export async function checkPassword(ctx: Context, input: PasswordInput, client: Client): Promise<Checked> {
  return await ctx.hasher.admit(() => checkAdmitted(ctx, input, client));
}

async function checkAdmitted(ctx: Context, input: PasswordInput, client: Client): Promise<Checked> {
  await ctx.limits.takeForAddress('sign-in', client.ip);
  const now = ctx.clock.now();
  const sought = soughtBy(ctx, input);
  const { credential, attempt, isShut } = await begin(ctx, sought, client, now);
  const meeting = await returnOnError(ctx, [attempt], () => meet(ctx, input, { credential, key: sought.key }, client));
  const isRight = await returnOnError(ctx, [attempt], () => isPassword(ctx, credential, input.password, attempt.key));
  if (isRight && !isShut && credential) return { credential, attempt, meeting };
  if (input.code !== undefined)
    await returnOnError(ctx, [attempt], () => pretendToCheck(ctx, { code: input.code as string }));
  const reason = credential?.disabled_at ? 'password-disabled' : 'wrong-password';
  throw await rememberFailure(ctx, { credential, attempt, client, reason, tryId: meeting?.tryId }, now);
}

/** Who comes from a known device is no stranger. */
export async function meet(
  ctx: Context,
  input: PasswordInput,
  { credential, key }: { credential: Credential | undefined; key: Buffer },
  client: Client,
): Promise<Meeting | undefined> {
  if (credential?.device_id) return undefined;
  const password = normalisePassword(input.password);
  return await meetStranger(ctx, { identifier: key, password, client, shown: input.proof }, ctx.clock.now());
}

export function soughtBy(ctx: Context, input: Pick<PasswordInput, 'identifier' | 'deviceToken'>): Sought {
  const value = readIdentifier(input.identifier);
  const device = input.deviceToken === undefined ? undefined : readChainedToken(ctx.keys, 'device', input.deviceToken);
  return { value, key: counterKey(ctx, 'identifier', value), device };
}

/** One slow hash, also for nobody: `whose` picks whose form it has. */
export async function isPassword(
  ctx: Context,
  credential: Credential | undefined,
  typed: string,
  whose: Buffer,
): Promise<boolean> {
  const usable = credential?.disabled_at === null ? (credential.hash ?? undefined) : undefined;
  return await ctx.hasher.verify(usable, normalisePassword(typed), whose);
}

/** Hashes a right password anew where that is due. Only once nothing more is told of it: it takes a hash's time. */
export async function renewHash(ctx: Context, { account_id, hash }: Credential, typed: string): Promise<void> {
  if (hash && ctx.hasher.isOutdated(hash)) {
    await upgradeHash(ctx, ctx.db, account_id, hash, normalisePassword(typed));
  }
}

/** Whether nothing is told of a sign-in before its end, and then only whether all was right (RTS 4(3)(a)). */
export const isHidden = ({ policy }: Context) => policy['secondFactor.secrecy'] === 'hidden';

export const hasSharedCounters = ({ policy }: Context) => policy['lockout.counters'] === 'shared';

/** A known device counts on its own, so that strangers who guess do not lock its owner out; unless all count as one. */
export function keyOf(ctx: Context, deviceId: string | null | undefined, identifierKey: Buffer): Buffer {
  return deviceId && !hasSharedCounters(ctx) ? deviceCounterKey(deviceId) : identifierKey;
}

async function begin(
  ctx: Context,
  sought: Sought,
  client: Client,
  now: Date,
): Promise<{ credential: Credential | undefined; attempt: Attempt; isShut: boolean }> {
  const limit = passwordLimit(ctx.policy);
  const places = { max: limit.maxFailures, isShared: hasSharedCounters(ctx) };
  for (;;) {
    const { credential, isReserved } = await beginSignIn(ctx.limitsDb, sought, places, now);
    const key = keyOf(ctx, credential?.device_id, sought.key);
    const attempt = { key, reservedAt: now, limit };
    if (isReserved) return { credential, ...(await countOverAll(ctx, attempt, credential?.account_id, now)) };
    const onLock = async (trx: Transaction<Database>, until: Date) => {
      if (credential) await recordLock(trx, credential, client, until, now);
    };
    await refuseAttempt(ctx, key, limit, onLock, now);
  }
}

/**
 * Where counters are shared, five tries are five by whichever identifiers (RTS 4(3)(b)). That two of them are one account's
 * must not show: past the limit all is wrong, and nobody has as much counted.
 */
export async function countOverAll(
  ctx: Context,
  attempt: Attempt,
  accountId: string | null | undefined,
  now: Date,
): Promise<{ attempt: Attempt; isShut: boolean }> {
  if (!hasSharedCounters(ctx)) return { attempt, isShut: false };
  const key = counterKey(ctx, 'account', accountId ?? attempt.key.toString('hex'));
  const over = await returnOnError(ctx, [attempt], () => reserveUnseen(ctx, key, attempt.limit, now));
  return over ? { attempt: { ...attempt, over }, isShut: false } : { attempt, isShut: true };
}

/** Beside a password a locked factor looks like a wrong code: the answer must not tell that the password was right. */
export async function checkProofQuietly(
  ctx: Context,
  prover: Prover,
  attempt: Attempt,
  proof: Proof,
): Promise<Candidate | undefined> {
  return await returnOnError(ctx, [attempt], async () => {
    try {
      return await checkProof(ctx, prover, proof);
    } catch (error) {
      if (!(error instanceof Problem && error.code === 'too-many-attempts')) throw error;
      await pretendToCheck(ctx, proof);
      return undefined;
    }
  });
}

/** Whose password it was, and on which of their devices. */
type Tried = Pick<Credential, 'account_id' | 'device_id'>;

/** What somebody signed in failed at. */
export type SignedInFailure = 'password.change-failed' | 'step-up.failed';

type Failure = {
  credential: Tried | undefined;
  attempt: Attempt;
  client: Client;
  reason: 'wrong-password' | 'wrong-code' | 'password-disabled';
  /** Of a stranger. */
  tryId?: string | undefined;
  /** Of somebody who was signed in and had to give the password again, for this. */
  sessionId?: string;
  type?: SignedInFailure;
};

/** Commits the failure, and what it leads to, before the refusal it returns is thrown. */
export async function rememberFailure(ctx: Context, failure: Failure, now: Date): Promise<Problem> {
  const { credential, attempt, client, reason, tryId, sessionId, type = 'password.change-failed' } = failure;
  await noteFailure(ctx, tryId);
  await transact(ctx.db, ctx.ring, async (trx) => {
    const judgement = await failAttempt(trx, attempt, now);
    if (!credential) return;
    const event = eventOf(credential, client);
    if (sessionId === undefined) await record(trx, { ...event, type: 'sign-in.failed', detail: { reason } }, now);
    else {
      const actor = { kind: 'owner', id: credential.account_id } as const;
      await record(trx, { ...event, actor, sessionId, type, detail: { reason } }, now);
    }
    const failures = await countPasswordFailure(trx, credential.account_id);
    const most = ctx.policy['lockout.disableAt'];
    if (WARN_BEFORE.some((margin) => failures === most - margin)) {
      await record(trx, { ...event, type: 'password.failing', detail: { failures } }, now);
    }
    if (failures >= most && (await disablePassword(trx, credential.account_id, now))) {
      await record(trx, { ...event, type: 'password.disabled', detail: { failures } }, now);
    }
    if (judgement.verdict === 'locked' && judgement.isNew) {
      await recordLock(trx, credential, client, judgement.until, now);
    }
  });
  return new Problem('invalid-credentials');
}

export async function recordLock(
  trx: Transaction<Database>,
  credential: Tried,
  client: Client,
  until: Date,
  now: Date,
): Promise<void> {
  const detail = { until: until.toISOString(), onKnownDevice: credential.device_id !== null };
  await record(trx, { ...eventOf(credential, client), type: 'sign-in.locked', detail }, now);
}

const eventOf = (credential: Tried, client: Client) => ({
  actor: { kind: 'anonymous' } as const,
  accountId: credential.account_id,
  deviceId: credential.device_id ?? undefined,
  client,
});
