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
  returnOnError,
} from '../lockout/attempts.ts';
import { passwordLimit } from '../lockout/rules.ts';
import { disablePassword, upgradeHash } from '../passwords/passwords.ts';
import { normalisePassword } from '../passwords/rules.ts';
import { Problem } from '../problem.ts';
import { type Candidate, checkProof, type Prover, pretendToCheck } from '../second-factors/check-proof.ts';
import type { Proof } from '../second-factors/proof.ts';
import { beginSignIn, type Credential } from './queries.ts';

export type PasswordInput = {
  identifier: string;
  password: string;
  /** Given where password and second factor come together: then no answer may tell which of them was wrong. */
  code?: string | undefined;
  deviceToken?: string | undefined;
};
export type RightPassword = { credential: Credential; attempt: Attempt };

/** The owner is warned this many failures before the password is disabled, and again this many. */
const WARN_BEFORE = [50, 10];

/**
 * Checks identifier and password under the limits, with the same work and answers for unknown identifiers.
 * A right one leaves its attempt to be settled. Throws `invalid-credentials`, `too-many-attempts`, `busy`.
 */
export async function checkPassword(ctx: Context, input: PasswordInput, client: Client): Promise<RightPassword> {
  await ctx.limits.takeForAddress('sign-in', client.ip);
  const now = ctx.clock.now();
  const identifier = readIdentifier(input.identifier);
  const password = normalisePassword(input.password);
  const { credential, attempt } = await begin(ctx, identifier, input.deviceToken, client, now);
  const usable = credential?.disabled_at === null ? (credential.hash ?? undefined) : undefined;
  const isRight = await returnOnError(ctx, [attempt], () => ctx.hasher.verify(usable, password, attempt.key));
  if (!isRight || !credential || !usable) {
    if (input.code !== undefined)
      await returnOnError(ctx, [attempt], () => pretendToCheck(ctx, { code: input.code as string }));
    const reason = credential?.disabled_at ? 'password-disabled' : 'wrong-password';
    throw await rememberFailure(ctx, { credential, attempt, client, reason }, now);
  }
  if (ctx.hasher.isOutdated(usable)) {
    await returnOnError(ctx, [attempt], () => upgradeHash(ctx, ctx.db, credential.account_id, usable, password));
  }
  return { credential, attempt };
}

/** A known device counts on its own, so that strangers who guess do not lock its owner out. */
async function begin(
  ctx: Context,
  identifier: string,
  deviceToken: string | undefined,
  client: Client,
  now: Date,
): Promise<{ credential: Credential | undefined; attempt: Attempt }> {
  const limit = passwordLimit(ctx.policy);
  const device = deviceToken === undefined ? undefined : readChainedToken(ctx.keys, 'device', deviceToken);
  const sought = { value: identifier, key: counterKey(ctx, 'identifier', identifier), device };
  for (;;) {
    const { credential, isReserved } = await beginSignIn(ctx.limitsDb, sought, limit.maxFailures, now);
    const key = credential?.device_id ? deviceCounterKey(credential.device_id) : sought.key;
    if (isReserved) return { credential, attempt: { key, reservedAt: now, limit } };
    const onLock = async (trx: Transaction<Database>, until: Date) => {
      if (credential) await recordLock(trx, credential, client, until, now);
    };
    await refuseAttempt(ctx, key, limit, onLock, now);
  }
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

type Failure = {
  credential: Credential | undefined;
  attempt: Attempt;
  client: Client;
  reason: 'wrong-password' | 'wrong-code' | 'password-disabled';
  /** Of somebody who was signed in and had to give the password again. */
  sessionId?: string;
};

/** Commits the failure, and what it leads to, before the refusal it returns is thrown. */
export async function rememberFailure(ctx: Context, failure: Failure, now: Date): Promise<Problem> {
  const { credential, attempt, client, reason, sessionId } = failure;
  await transact(ctx.db, ctx.ring, async (trx) => {
    const judgement = await failAttempt(trx, attempt, now);
    if (!credential) return;
    const event = eventOf(credential, client);
    if (sessionId === undefined) await record(trx, { ...event, type: 'sign-in.failed', detail: { reason } }, now);
    else {
      const actor = { kind: 'owner', id: credential.account_id } as const;
      await record(trx, { ...event, actor, sessionId, type: 'password.change-failed', detail: { reason } }, now);
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
  credential: Credential,
  client: Client,
  until: Date,
  now: Date,
): Promise<void> {
  const detail = { until: until.toISOString(), onKnownDevice: credential.device_id !== null };
  await record(trx, { ...eventOf(credential, client), type: 'sign-in.locked', detail }, now);
}

const eventOf = (credential: Credential, client: Client) => ({
  actor: { kind: 'anonymous' } as const,
  accountId: credential.account_id,
  deviceId: credential.device_id ?? undefined,
  client,
});
