import type { Transaction } from 'kysely';
import type { Context } from '../context.ts';
import type { Database } from '../db/types.ts';
import { returnOnError } from '../lockout/attempts.ts';
import { Problem } from '../problem.ts';
import { changeAsHolder, type Holder } from '../sessions/holder.ts';
import { checkProof, type Prover, redeemProof } from './check-proof.ts';
import type { FactorKind } from './enrolled.ts';
import { findFactors } from './factors.ts';
import type { Proof } from './proof.ts';
import { factorsFor } from './purposes.ts';

type Account = { email: string; locale: 'en' | 'zh-CN' };
type Work<T, P> = (trx: Transaction<Database>, account: Account, prepared: P) => Promise<T>;

/**
 * A change under the account's lock, by a session that still lives and past the gate; where a second factor is enrolled,
 * against a proof of it, which is spent with the change (ASVS 7.5.1, OWASP MFA). `prepare` may be slow: it comes after a
 * proof that fits, so that nobody can ask for its work without one. Throws `second-factor-required`, `invalid-code`,
 * `too-many-attempts`, `account-held`, `unauthorized`.
 */
export async function changeWithProof<T, P = undefined>(
  ctx: Context,
  holder: Holder,
  proof: Proof | undefined,
  work: Work<T, P>,
  prepare?: () => Promise<P>,
): Promise<T> {
  const { accountId, deviceId, sessionId, client } = holder;
  const now = ctx.clock.now();
  const factors = await findFactors(ctx.reader, accountId);
  if (factors && !proof) throw proofRequired(factors);
  const prover = { accountId, deviceId: deviceId ?? undefined, client, purpose: 'change', subject: sessionId } as const;
  const candidate = factors && proof ? await checkProof(ctx, prover, proof) : undefined;
  if (factors && !candidate) throw new Problem('invalid-code');
  const done = await returnOnError(ctx, candidate?.attempts ?? [], async () => {
    const prepared = (await prepare?.()) as P;
    return await changeAsHolder(ctx, holder, 'security-change', now, async (trx, account) => {
      const owed = candidate ? undefined : await findFactors(trx, accountId);
      if (owed) throw proofRequired(owed);
      if (candidate && !(await redeemProof(trx, prover, candidate, now))) return undefined;
      return { result: await work(trx, account, prepared) };
    });
  });
  if (!done) throw new Problem('invalid-code');
  return done.result;
}

/** Names the factors that may answer: a texted code proves no change and no reset. */
export function proofRequired(factors: readonly FactorKind[], purpose: Prover['purpose'] = 'change'): Problem {
  return new Problem('second-factor-required', { members: { factors: factorsFor(purpose, factors) } });
}
