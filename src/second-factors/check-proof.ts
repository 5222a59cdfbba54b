import type { Transaction } from 'kysely';
import type { Client, Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import {
  type Attempt,
  clearAttempts,
  counterKey,
  failAttempt,
  reserveAttempt,
  returnOnError,
} from '../lockout/attempts.ts';
import { totpLimit } from '../lockout/rules.ts';
import { countWrongCode } from '../passwords/exposure.ts';
import type { Proof } from './proof.ts';
import * as queries from './queries.ts';
import { isTotpCode, matchTotp, readRecoveryCode, totpSecretRow } from './rules.ts';

/** How many wrong codes after a right password mean that somebody else knows the password. */
const ALARM_AT = 3;

/** Who gives the proof, and what for. Only at a sign-in a right password came before it. */
export type Prover = {
  accountId: string;
  deviceId: string | undefined;
  client: Client;
  purpose: 'sign-in' | 'reset' | 'change' | 'grant';
  /** The very thing it is for, which a passkey signs along: the sign-in's challenge, the link, the session or the grant. */
  subject: string;
};

/** A proof that fits and is not spent yet. Spending it decides among all who hold the same one. */
export type Candidate =
  | { factor: 'totp'; attempts: [Attempt]; factorId: string; step: number }
  | { factor: 'recovery-code'; attempts: [Attempt]; selector: string };

/**
 * Counts the try, then looks at the code; a wrong one is remembered before undefined says so.
 * Throws `too-many-attempts` while the account's factor is locked (NIST 800-63B-4 3.2.2).
 */
export async function checkProof(ctx: Context, prover: Prover, proof: Proof): Promise<Candidate | undefined> {
  if ('code' in proof) return await checkCode(ctx, prover, proof.code);
  return undefined;
}

async function checkCode(ctx: Context, prover: Prover, code: string): Promise<Candidate | undefined> {
  const now = ctx.clock.now();
  const key = counterKey(ctx, 'totp', doorOf(prover));
  const onLock = (trx: Transaction<Database>, until: Date) => recordLock(trx, prover, until, now);
  const attempt = await reserveAttempt(ctx, key, totpLimit(ctx.policy), onLock, now);
  const candidate = await returnOnError(ctx, [attempt], () => findCandidate(ctx, prover.accountId, code, attempt, now));
  if (candidate) return candidate;
  await transact(ctx.db, ctx.ring, async (trx) => {
    await rememberWrongCode(trx, prover, isTotpCode(code) ? 'totp' : 'recovery-code', attempt, now);
    if (prover.purpose === 'sign-in' && !prover.deviceId) {
      await countWrongCode(trx, prover.accountId, prover.client, now);
    }
  });
  return undefined;
}

/** Strangers who know the password must not be able to lock the owner's reset, nor a thief's session their sign-in. */
function doorOf({ accountId, deviceId, purpose }: Prover): string {
  const device = `${accountId}:${deviceId ?? ''}`;
  return purpose === 'sign-in' ? device : `${device}:${purpose}`;
}

/** The work of checking this proof, for nothing: how long a refusal takes must not tell what was wrong. */
export async function pretendToCheck(ctx: Context, proof: Proof): Promise<void> {
  const recovery = 'code' in proof ? readRecoveryCode(proof.code) : undefined;
  if (recovery) await ctx.hasher.verify(undefined, recovery.text);
}

/** Spends the candidate. False when another use was first: then it counts as a wrong code. */
export async function redeemProof(
  trx: Transaction<Database>,
  prover: Prover,
  candidate: Candidate,
  now: Date,
): Promise<boolean> {
  const isRedeemed =
    candidate.factor === 'totp'
      ? await queries.redeemTotpStep(trx, candidate.factorId, candidate.step)
      : await redeemRecoveryCode(trx, prover, candidate.selector, now);
  if (!isRedeemed) {
    await rememberWrongCode(trx, prover, candidate.factor, candidate.attempts[0], now);
    return false;
  }
  await clearAttempts(trx, candidate.attempts[0]);
  return true;
}

async function findCandidate(
  ctx: Context,
  accountId: string,
  code: string,
  attempt: Attempt,
  now: Date,
): Promise<Candidate | undefined> {
  const recovery = readRecoveryCode(code);
  if (recovery) {
    const stored = await queries.findRecoveryCode(ctx.db, accountId, recovery.selector);
    const isRight = await ctx.hasher.verify(stored, recovery.text);
    return isRight ? { attempts: [attempt], factor: 'recovery-code', selector: recovery.selector } : undefined;
  }
  for (const totp of await queries.listTotps(ctx.reader, accountId)) {
    const step = matchTotp(ctx.keys.decrypt(totp.secret, totpSecretRow(totp.id)), code, now);
    if (step !== undefined) return { attempts: [attempt], factor: 'totp', factorId: totp.id, step };
  }
  return undefined;
}

async function redeemRecoveryCode(
  trx: Transaction<Database>,
  prover: Prover,
  selector: string,
  now: Date,
): Promise<boolean> {
  const left = await queries.redeemRecoveryCode(trx, prover.accountId, selector, now);
  if (left === undefined) return false;
  const actor = { kind: 'owner', id: prover.accountId } as const;
  await record(
    trx,
    {
      type: 'recovery-code.used',
      actor,
      accountId: prover.accountId,
      client: prover.client,
      detail: { left },
    },
    now,
  );
  return true;
}

async function rememberWrongCode(
  trx: Transaction<Database>,
  prover: Prover,
  factor: Candidate['factor'],
  attempt: Attempt,
  now: Date,
): Promise<void> {
  const { failures, ...judgement } = await failAttempt(trx, attempt, now);
  const event = eventOf(prover);
  await record(trx, { ...event, type: 'second-factor.failed', detail: { factor, failures } }, now);
  if (failures === ALARM_AT && prover.purpose === 'sign-in') {
    await record(trx, { ...event, type: 'second-factor.guessed', detail: { failures } }, now);
  }
  if (judgement.verdict === 'locked' && judgement.isNew) await recordLock(trx, prover, judgement.until, now);
}

async function recordLock(trx: Transaction<Database>, prover: Prover, lockedUntil: Date, now: Date): Promise<void> {
  const until = lockedUntil.toISOString();
  await record(trx, { ...eventOf(prover), type: 'second-factor.locked', detail: { until } }, now);
}

const eventOf = ({ accountId, deviceId, client }: Prover) => ({
  actor: { kind: 'anonymous' } as const,
  accountId,
  deviceId,
  client,
});
