import type { Client, Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import { pass, passAlone } from '../holds/gate.ts';
import { type Attempt, returnAttempt, returnOnError } from '../lockout/attempts.ts';
import { Problem } from '../problem.ts';
import { type Candidate, type Prover, pretendToCheck, redeemProof } from '../second-factors/check-proof.ts';
import { distrustLater, distrustPassword } from '../stuffing/distrust.ts';
import { isTakenForStolen, noteSuccess } from '../stuffing/stuffing.ts';
import { refuseOnBeat } from './beat.ts';
import {
  checkPassword,
  checkProofQuietly,
  isHidden,
  type PasswordInput,
  rememberFailure,
  renewHash,
} from './credentials.ts';
import { type Credential, findStanding } from './queries.ts';

type Proof = Pick<PasswordInput, 'identifier' | 'password' | 'code' | 'proof'>;

/**
 * The account whose full credentials these are, without signing in. Counts and refuses as a one-shot sign-in does:
 * `invalid-credentials` for whatever is wrong or missing, `too-many-attempts`; after all was right
 * `password-change-required`, but not while a hold keeps the password from being changed: the case is the only way in.
 * Strangers are asked for a proof meanwhile as at a sign-in, and a password alone that is taken for stolen must be changed.
 */
export async function proveOwner(ctx: Context, input: Proof, client: Client): Promise<string> {
  return await refuseOnBeat(ctx, () => prove(ctx, input, client));
}

async function prove(ctx: Context, input: Proof, client: Client): Promise<string> {
  const { credential, attempt, meeting } = await checkPassword(ctx, input, client);
  const accountId = credential.account_id;
  const prover = {
    accountId,
    deviceId: credential.device_id ?? undefined,
    client,
    purpose: 'sign-in',
    subject: '',
  } as const;
  // Where nothing is told of a password by itself, one alone proves nothing: there is a link in each mail about a case.
  const isOwed = credential.factors !== null || isHidden(ctx);
  const proof = input.code === undefined ? undefined : { code: input.code };
  const isDoubted =
    !isOwed && (await returnOnError(ctx, [attempt], () => isTakenForStolen(ctx, meeting, accountId, client)));
  const candidate = isOwed && proof ? await checkOwed(ctx, credential, prover, attempt, proof) : undefined;
  const now = ctx.clock.now();
  const outcome = await returnOnError(ctx, [...(candidate?.attempts ?? []), attempt], () =>
    transact(ctx.db, ctx.ring, async (trx) => {
      if (isOwed && !(candidate && (await redeemProof(trx, prover, candidate, now)))) return 'wrong-code';
      if (isDoubted && (await passAlone(trx, accountId, 'sign-in', now))) {
        await distrustPassword(trx, credential, client, now);
      }
      const standing = await findStanding(trx, credential, ctx.policy);
      if (!standing) throw new Problem('invalid-credentials');
      await returnAttempt(trx, attempt);
      const passage = standing.mustChange ? await pass(trx, accountId, 'reset-password', now) : undefined;
      return passage?.stoppedBy.length === 0 ? 'must-change' : 'proven';
    }),
  );
  if (outcome !== 'wrong-code') await renewHash(ctx, credential, input.password);
  if (outcome === 'proven') {
    if (!isDoubted) await noteSuccess(ctx, meeting?.tryId);
    return accountId;
  }
  if (outcome === 'must-change') throw new Problem('password-change-required');
  // Nobody waits for it: it would tell that the password was right.
  void distrustLater(ctx, meeting, credential, client);
  const failure = { credential, attempt, client, reason: 'wrong-code', tryId: meeting?.tryId } as const;
  throw await rememberFailure(ctx, failure, now);
}

async function checkOwed(
  ctx: Context,
  { factors }: Credential,
  prover: Prover,
  attempt: Attempt,
  proof: { code: string },
): Promise<Candidate | undefined> {
  if (factors) return await checkProofQuietly(ctx, prover, attempt, proof);
  await returnOnError(ctx, [attempt], () => pretendToCheck(ctx, proof));
  return undefined;
}
