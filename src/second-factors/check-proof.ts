import type { Transaction } from 'kysely';
import type { Client, Context } from '../context.ts';
import type { Database } from '../db/types.ts';
import { type Attempt, clearAttempts } from '../lockout/attempts.ts';
import { noteFactorUsed } from '../lost-factor/call-off.ts';
import { checkPasskey, type PasskeyCandidate, redeemPasskey } from '../passkeys/check-passkey.ts';
import { redeemSmsCode } from '../sms-factor/check-sms-code.ts';
import { checkRecoveryCode, redeemRecoveryCode } from './check-recovery-code.ts';
import { checkTotp } from './check-totp.ts';
import type { Proof } from './proof.ts';
import * as queries from './queries.ts';
import { isTotpCode, readRecoveryCode } from './rules.ts';
import { rememberSpent } from './wrong-code.ts';

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
  | { factor: 'recovery-code'; attempts: [Attempt]; selector: string }
  | { factor: 'sms'; attempts: [Attempt]; codeId: string }
  | PasskeyCandidate;

/**
 * Counts the try, then looks at the proof; a wrong one is remembered before undefined says so. Each kind of factor has a
 * door of its own: `too-many-attempts` while that one is locked (NIST 800-63B-4 3.2.2).
 */
export async function checkProof(ctx: Context, prover: Prover, proof: Proof): Promise<Candidate | undefined> {
  if ('credential' in proof) return await checkPasskey(ctx, prover, proof.credential);
  if (isTotpCode(proof.code)) return await checkTotp(ctx, prover, proof.code);
  return await checkRecoveryCode(ctx, prover, proof.code);
}

/** The work of checking this proof, for nothing: how long a refusal takes must not tell what was wrong. */
export async function pretendToCheck(ctx: Context, proof: Proof): Promise<void> {
  const recovery = 'code' in proof ? readRecoveryCode(proof.code) : undefined;
  if (recovery) await ctx.hasher.verify(undefined, recovery.text);
}

/** Spends the candidate. False when another use was first: then it counts against the door, though nobody guessed. */
export async function redeemProof(
  trx: Transaction<Database>,
  prover: Prover,
  candidate: Candidate,
  now: Date,
): Promise<boolean> {
  const isRedeemed = await redeem(trx, prover, candidate, now);
  if (isRedeemed) await noteFactorUsed(trx, prover, now);
  return isRedeemed;
}

async function redeem(trx: Transaction<Database>, prover: Prover, candidate: Candidate, now: Date): Promise<boolean> {
  if (candidate.factor === 'passkey') return await redeemPasskey(trx, prover, candidate, now);
  const isRedeemed = await redeemCode(trx, prover, candidate, now);
  if (isRedeemed) await clearAttempts(trx, candidate.attempts[0]);
  else await rememberSpent(trx, prover, candidate.factor, candidate.attempts[0], now);
  return isRedeemed;
}

type CodeCandidate = Exclude<Candidate, PasskeyCandidate>;

async function redeemCode(
  trx: Transaction<Database>,
  prover: Prover,
  candidate: CodeCandidate,
  now: Date,
): Promise<boolean> {
  if (candidate.factor === 'recovery-code') return await redeemRecoveryCode(trx, prover, candidate.selector, now);
  if (candidate.factor === 'sms') return await redeemSmsCode(trx, candidate.codeId, now);
  const step = { ...candidate, isKnown: prover.deviceId !== undefined };
  return await queries.redeemTotpStep(trx, prover.accountId, step, now);
}
