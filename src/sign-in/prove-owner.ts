import type { Client, Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import { returnAttempt, returnOnError } from '../lockout/attempts.ts';
import { redeemCode } from '../second-factors/check-code.ts';
import { checkCodeQuietly, checkPassword, rememberFailure } from './credentials.ts';

type Proof = { identifier: string; password: string; code?: string | undefined };

/**
 * The account whose full credentials these are, without signing in. Counts and refuses as a one-shot sign-in does:
 * `invalid-credentials` for whatever is wrong or missing, `too-many-attempts`.
 */
export async function proveOwner(ctx: Context, input: Proof, client: Client): Promise<string> {
  const { credential, attempt } = await checkPassword(ctx, input, client);
  const accountId = credential.account_id;
  const prover = { accountId, deviceId: credential.device_id ?? undefined, client, purpose: 'sign-in' } as const;
  const candidate =
    credential.has_totp && input.code !== undefined
      ? await checkCodeQuietly(ctx, prover, attempt, input.code)
      : undefined;
  const now = ctx.clock.now();
  const isProven = await returnOnError(ctx, candidate ? [candidate.attempt, attempt] : [attempt], () =>
    transact(ctx.db, ctx.ring, async (trx) => {
      if (credential.has_totp && !(candidate && (await redeemCode(trx, prover, candidate, now)))) return false;
      await returnAttempt(trx, attempt);
      return true;
    }),
  );
  if (isProven) return accountId;
  throw await rememberFailure(ctx, { credential, attempt, client, reason: 'wrong-code' }, now);
}
