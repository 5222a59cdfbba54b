import type { Context } from '../context.ts';
import { returnOnError } from '../lockout/attempts.ts';
import { findResetPause } from '../passwords/exposure.ts';
import { Problem } from '../problem.ts';
import { checkSmsCode } from '../sms-factor/check-sms-code.ts';
import { secondsUntil } from '../time.ts';
import type { Candidate, Prover } from './check-proof.ts';
import { mayProve } from './purposes.ts';
import * as queries from './queries.ts';
import { matchTotp, totpSecretRow } from './rules.ts';
import { openDoor, rememberWrongCode } from './wrong-code.ts';

/** Holds a code of six digits against every authenticator that is bound and not disabled, and the one texted for this. */
export async function checkTotp(ctx: Context, prover: Prover, code: string): Promise<Candidate | undefined> {
  const now = ctx.clock.now();
  if (prover.purpose === 'reset') await requireJudgement(ctx, prover.accountId, now);
  const attempt = await openDoor(ctx, prover, 'totp', now);
  const { candidate, guesses } = await returnOnError(ctx, [attempt], async (): Promise<Checked> => {
    const totps = await queries.listTotps(ctx.reader, prover.accountId);
    for (const { id, secret } of totps) {
      const step = matchTotp(ctx.keys.decrypt(secret, totpSecretRow(id)), code, now);
      if (step !== undefined) return { candidate: { factor: 'totp', factorId: id, step }, guesses: 0 };
    }
    const { isAwaited, codeId } = await findTexted(ctx, prover, code, now);
    if (codeId !== undefined) return { candidate: { factor: 'sms', codeId }, guesses: 0 };
    return { candidate: undefined, guesses: totps.length + (isAwaited ? 1 : 0) };
  });
  if (candidate) return { ...candidate, attempts: [attempt] };
  await rememberWrongCode(ctx, prover, { factor: 'totp', attempt, guesses }, now);
  return undefined;
}

type Checked = {
  candidate: { factor: 'totp'; factorId: string; step: number } | { factor: 'sms'; codeId: string } | undefined;
  /** What this code was held against: each is a chance to be right. */
  guesses: number;
};

async function findTexted(ctx: Context, { accountId, subject, purpose }: Prover, code: string, now: Date) {
  if (!mayProve('sms', purpose)) return { isAwaited: false, codeId: undefined };
  return await checkSmsCode(ctx, { accountId, subject, isEnrolled: true }, code, now);
}

async function requireJudgement(ctx: Context, accountId: string, now: Date): Promise<void> {
  const until = await findResetPause(ctx.reader, accountId, now);
  if (until) throw new Problem('too-many-attempts', { retryAfter: secondsUntil(until, now) });
}
