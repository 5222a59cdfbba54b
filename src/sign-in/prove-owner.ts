import type { Client, Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import { pass } from '../holds/gate.ts';
import { returnAttempt, returnOnError } from '../lockout/attempts.ts';
import { Problem } from '../problem.ts';
import { redeemProof } from '../second-factors/check-proof.ts';
import { checkPassword, checkProofQuietly, rememberFailure } from './credentials.ts';
import { findStanding } from './queries.ts';

type Proof = { identifier: string; password: string; code?: string | undefined };

/**
 * The account whose full credentials these are, without signing in. Counts and refuses as a one-shot sign-in does:
 * `invalid-credentials` for whatever is wrong or missing, `too-many-attempts`; after all was right
 * `password-change-required`, but not while a hold keeps the password from being changed: the case is the only way in.
 */
export async function proveOwner(ctx: Context, input: Proof, client: Client): Promise<string> {
  const { credential, attempt } = await checkPassword(ctx, input, client);
  const accountId = credential.account_id;
  const prover = {
    accountId,
    deviceId: credential.device_id ?? undefined,
    client,
    purpose: 'sign-in',
    subject: '',
  } as const;
  const candidate =
    credential.factors && input.code !== undefined
      ? await checkProofQuietly(ctx, prover, attempt, { code: input.code })
      : undefined;
  const now = ctx.clock.now();
  const outcome = await returnOnError(ctx, [...(candidate?.attempts ?? []), attempt], () =>
    transact(ctx.db, ctx.ring, async (trx) => {
      if (credential.factors && !(candidate && (await redeemProof(trx, prover, candidate, now)))) return 'wrong-code';
      const standing = await findStanding(trx, credential);
      if (!standing) throw new Problem('invalid-credentials');
      await returnAttempt(trx, attempt);
      const passage = standing.mustChange ? await pass(trx, accountId, 'reset-password', now) : undefined;
      return passage?.stoppedBy.length === 0 ? 'must-change' : 'proven';
    }),
  );
  if (outcome === 'proven') return accountId;
  if (outcome === 'must-change') throw new Problem('password-change-required');
  throw await rememberFailure(ctx, { credential, attempt, client, reason: 'wrong-code' }, now);
}
