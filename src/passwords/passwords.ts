import type { Kysely, Transaction } from 'kysely';
import { readIdentifier } from '../accounts/identifiers.ts';
import type { Client, Context } from '../context.ts';
import { hashToken } from '../crypto/tokens.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { heldProblem, passAlone } from '../holds/gate.ts';
import { findLink, redeemLink, reserveLinkAttempt, returnLinkAttempt } from '../links/links.ts';
import { returnOnError } from '../lockout/attempts.ts';
import { Problem } from '../problem.ts';
import { type Candidate, checkProof, redeemProof } from '../second-factors/check-proof.ts';
import { findFactors, hasSecondFactor } from '../second-factors/factors.ts';
import type { Proof } from '../second-factors/proof.ts';
import { proofRequired } from '../second-factors/prove-change.ts';
import { acceptNew, hashNew, putReset } from './put-reset.ts';
import * as queries from './queries.ts';

/**
 * Writes one event, for known and unknown identifiers alike; the worker looks the account up and mails the link.
 * So the answer says nothing, in bytes or time (OWASP forgot password, ASVS 6.3.8).
 */
export async function requestReset(ctx: Context, identifier: string, client: Client): Promise<void> {
  await ctx.limits.takeForAddress('reset', client.ip);
  const now = ctx.clock.now();
  const value = readIdentifier(identifier);
  const detail = { identifier: ctx.keys.pseudonym('reset-identifier', value) };
  await transact(ctx.db, ctx.ring, (trx) =>
    record(
      trx,
      {
        type: 'password-reset.requested',
        actor: { kind: 'anonymous' },
        client,
        detail,
        payload: { identifier: value },
      },
      now,
    ),
  );
}

type ResetInput = { token: string; newPassword: string; proof: Proof | undefined };

/**
 * Sets a new password against a mailed token and, where one is enrolled, a second factor. Ends every session, device,
 * challenge and other reset link; signs nobody in; withdrawals wait. One that opened nothing any more cannot be set again.
 * Throws `invalid-token`, `second-factor-required`, `invalid-code`, `weak-password`, `account-held`; only success spends
 * the token.
 */
export async function confirmReset(ctx: Context, input: ResetInput, client: Client): Promise<void> {
  await ctx.limits.takeForAddress('reset', client.ip);
  const now = ctx.clock.now();
  const link = await findLink(ctx.db, input.token, now);
  if (link?.purpose !== 'reset-password' || !link.account_id) throw new Problem('invalid-token');
  const accountId = link.account_id;
  const wanted = { accountId, newPassword: input.newPassword, client };
  const accepted = await acceptNew(ctx, wanted);
  if (!accepted) throw new Problem('invalid-token');
  const candidate = await proveFactor(ctx, { accountId, input, client }, now);
  const outcome = await returnOnError(ctx, candidate?.attempts ?? [], async () => {
    const password = await hashNew(ctx, wanted, accepted);
    return await transact(ctx.db, ctx.ring, (trx) =>
      applyReset(trx, ctx, { accountId, input, client, candidate, password }, now),
    );
  });
  if (outcome instanceof Problem) throw outcome;
}

type Proving = { accountId: string; input: ResetInput; client: Client };

async function proveFactor(
  ctx: Context,
  { accountId, input, client }: Proving,
  now: Date,
): Promise<Candidate | undefined> {
  const factors = await findFactors(ctx.db, accountId);
  if (!factors) return undefined;
  if (!input.proof) throw proofRequired(factors, 'reset');
  const isWithin = await reserveLinkAttempt(ctx.db, input.token, 'reset-password', ctx.policy['reset.attempts'], now);
  if (!isWithin) throw new Problem('invalid-token');
  const prover = proverOf({ accountId, client, token: input.token });
  const candidate = await checkProof(ctx, prover, input.proof).catch(async (error: unknown) => {
    // Nobody looked at the code.
    await returnLinkAttempt(ctx.db, input.token);
    throw error;
  });
  if (!candidate) throw new Problem('invalid-code');
  await returnLinkAttempt(ctx.db, input.token);
  return candidate;
}

const proverOf = ({ accountId, client, token }: { accountId: string; client: Client; token: string }) => {
  const subject = hashToken(token).toString('hex');
  return { accountId, deviceId: undefined, client, purpose: 'reset', subject } as const;
};

type Change = {
  accountId: string;
  input: ResetInput;
  client: Client;
  candidate: Candidate | undefined;
  password: Awaited<ReturnType<typeof hashNew>>;
};

async function applyReset(
  trx: Transaction<Database>,
  ctx: Context,
  change: Change,
  now: Date,
): Promise<Problem | undefined> {
  const { accountId, client, candidate } = change;
  const passage = await passAlone(trx, accountId, 'reset-password', now);
  if (!passage) throw new Problem('invalid-token');
  if (passage.stoppedBy.length > 0) throw heldProblem(passage.stoppedBy);
  if (!candidate && (await hasSecondFactor(trx, accountId))) return new Problem('invalid-token');
  const prover = proverOf({ accountId, client, token: change.input.token });
  if (candidate && !(await redeemProof(trx, prover, candidate, now))) return new Problem('invalid-code');
  const redeemed = await redeemLink(trx, change.input.token, 'reset-password', now);
  if (!redeemed) return rollBack();
  const amr = candidate ? [candidate.factor] : [];
  await putReset(trx, ctx, { accountId, client, password: change.password, amr }, now);
  return undefined;
}

/** Thrown, so that the code which was right is not spent with a token that was not. */
function rollBack(): never {
  throw new Problem('invalid-token');
}

/** How it stands with the password; null where there is none. */
export async function findPasswordState(
  db: Kysely<Database>,
  accountId: string,
): Promise<queries.PasswordState | null> {
  return (await queries.findState(db, accountId)) ?? null;
}

export async function listIdentifiers(db: Kysely<Database>, accountId: string): Promise<string[]> {
  return await queries.listIdentifiers(db, accountId);
}

/** Hashes a right password anew with today's parameters. */
export async function upgradeHash(
  ctx: Context,
  db: Kysely<Database>,
  accountId: string,
  stored: string,
  password: string,
): Promise<void> {
  await queries.upgradeHash(db, accountId, stored, await ctx.hasher.hash(password));
}

/** When the password that stands was set; undefined where it opens nothing. */
export async function findPasswordSetAt(db: Kysely<Database>, accountId: string): Promise<Date | undefined> {
  return await queries.findSetAt(db, accountId);
}
