import type { Transaction } from 'kysely';
import type { Context } from '../context.ts';
import type { Database } from '../db/types.ts';
import { returnOnError } from '../lockout/attempts.ts';
import { Problem } from '../problem.ts';
import { changeAsHolder, type Holder } from '../sessions/holder.ts';
import { checkCode, redeemCode } from './check-code.ts';
import { hasSecondFactor } from './second-factor.ts';

type Work<T> = (trx: Transaction<Database>, account: { email: string; locale: 'en' | 'zh-CN' }) => Promise<T>;

/**
 * A change under the account's lock, by a session that still lives and past the gate; where a second factor is enrolled,
 * against one of its codes, which is spent with the change (ASVS 7.5.1, OWASP MFA). Throws `second-factor-required`,
 * `invalid-code`, `too-many-attempts`, `account-held`, `unauthorized`.
 */
export async function changeWithProof<T>(
  ctx: Context,
  holder: Holder,
  code: string | undefined,
  work: Work<T>,
): Promise<T> {
  const { accountId, deviceId, client } = holder;
  const now = ctx.clock.now();
  const isEnrolled = await hasSecondFactor(ctx.reader, accountId);
  if (isEnrolled && code === undefined) throw codeRequired();
  const prover = { accountId, deviceId: deviceId ?? undefined, client, purpose: 'change' } as const;
  const candidate = isEnrolled && code !== undefined ? await checkCode(ctx, prover, code) : undefined;
  if (isEnrolled && !candidate) throw new Problem('invalid-code');
  const done = await returnOnError(ctx, candidate ? [candidate.attempt] : [], () =>
    changeAsHolder(ctx, holder, 'security-change', now, async (trx, account) => {
      if (!candidate && (await hasSecondFactor(trx, accountId))) throw codeRequired();
      if (candidate && !(await redeemCode(trx, prover, candidate, now))) return undefined;
      return { result: await work(trx, account) };
    }),
  );
  if (!done) throw new Problem('invalid-code');
  return done.result;
}

export function codeRequired(): Problem {
  return new Problem('second-factor-required', { members: { factors: ['totp', 'recovery-code'] } });
}
