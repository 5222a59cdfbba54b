import type { CaseHolder } from '../cases/case-access.ts';
import type { Client, Context } from '../context.ts';
import { findPasswordSetAt } from '../passwords/passwords.ts';
import { Problem } from '../problem.ts';
import { type Candidate, checkProof, type Prover } from '../second-factors/check-proof.ts';
import { findFactorBirth, findFactors, findRecoveryCodeBirth } from '../second-factors/factors.ts';
import { proofRequired } from '../second-factors/prove-change.ts';
import type { Session } from '../sessions/check.ts';
import { insufficient, requireStrength } from '../sessions/strength.ts';
import type { Proof } from './rules.ts';

/** Whoever asks in the owner's name: signed in, or with the token that opens their case. */
export type Asker = {
  accountId: string;
  session: Session | undefined;
  /** How a case token was come by. */
  opened: CaseHolder['opened'] | undefined;
  client: Client;
};

/** What was shown; a code is spent where it takes effect. */
export type Shown = { proof: Proof; spends?: { prover: Prover; candidate: Candidate } };

/**
 * What this asker shows: a code of a factor, the passkey that opened their case, or, where the account has no second factor,
 * the password that just signed them in. Undefined where a code is owed and none was given. Throws `invalid-code`,
 * `too-many-attempts`, `insufficient-authentication`.
 */
export async function findShown(
  ctx: Context,
  asker: Asker,
  code: string | undefined,
  subject: string,
): Promise<Shown | undefined> {
  const { accountId, session, opened, client } = asker;
  const factors = await findFactors(ctx.reader, accountId);
  if (!factors) return { proof: await passwordOf(ctx, asker) };
  if (code === undefined) return await passkeyOf(ctx, opened);
  const deviceId = session?.device_id ?? undefined;
  const prover = { accountId, deviceId, client, purpose: 'change', subject } as const;
  const candidate = await checkProof(ctx, prover, { code });
  if (!candidate) throw new Problem('invalid-code');
  const proof = await proofOf(ctx, accountId, candidate);
  return { proof, spends: { prover, candidate } };
}

/** What is said to whoever showed nothing. */
export async function owesProof(ctx: Context, accountId: string): Promise<Problem> {
  return proofRequired((await findFactors(ctx.reader, accountId)) ?? []);
}

async function passwordOf(ctx: Context, { accountId, session, opened }: Asker): Promise<Proof> {
  if (session) await requireStrength(ctx, session, 'fresh');
  // A mailed link shows the mailbox, and the code that follows shows it again.
  else if (opened?.by !== 'password')
    throw insufficient({ acr: 'aal1', isWeak: false, maxAge: ctx.policy['session.fresh'] });
  const bornAt = await findPasswordSetAt(ctx.reader, accountId);
  if (!bornAt) throw new Problem('proof-too-new');
  return { kind: 'password', bornAt };
}

async function passkeyOf(ctx: Context, opened: Asker['opened']): Promise<Shown | undefined> {
  if (opened?.by !== 'passkey' || opened.factorId === undefined) return undefined;
  const bornAt = await findFactorBirth(ctx.reader, opened.factorId);
  return bornAt && { proof: { kind: 'passkey', bornAt } };
}

async function proofOf(ctx: Context, accountId: string, candidate: Candidate): Promise<Proof> {
  const { factor } = candidate;
  const bornAt =
    factor === 'recovery-code'
      ? await findRecoveryCodeBirth(ctx.reader, accountId, candidate.selector)
      : factor === 'totp'
        ? await findFactorBirth(ctx.reader, candidate.factorId)
        : undefined;
  if (!bornAt || factor === 'sms' || factor === 'passkey') throw new Problem('invalid-code');
  return { kind: factor, bornAt };
}
