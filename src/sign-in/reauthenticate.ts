import type { Transaction } from 'kysely';
import type { Context } from '../context.ts';
import type { Database } from '../db/types.ts';
import { counterKey, reserveAttempt, returnOnError } from '../lockout/attempts.ts';
import { passwordLimit } from '../lockout/rules.ts';
import { Problem } from '../problem.ts';
import { pretendToCheck } from '../second-factors/check-proof.ts';
import type { Proof } from '../second-factors/proof.ts';
import type { Holder } from '../sessions/holder.ts';
import {
  countOverAll,
  isPassword,
  keyOf,
  type RightPassword,
  recordLock,
  rememberFailure,
  type SignedInFailure,
} from './credentials.ts';
import * as queries from './queries.ts';

/** `proof` came along with the password: a wrong password must take no less time for it. */
type Asking = { failure?: SignedInFailure; proof?: Proof | undefined };

/**
 * Asks a signed-in owner for the password once more, under the very limits of a sign-in: whoever stole a session must not
 * guess with it. A right one leaves its attempt to be settled. Throws `invalid-credentials`, `too-many-attempts`, `busy`.
 */
export async function reauthenticate(
  ctx: Context,
  holder: Holder,
  typed: string,
  { failure = 'password.change-failed', proof }: Asking = {},
): Promise<RightPassword> {
  const { accountId, sessionId, deviceId, client } = holder;
  await ctx.limits.takeForAddress('sign-in', client.ip);
  const now = ctx.clock.now();
  const credential = await queries.findCredential(ctx.limitsDb, accountId, deviceId);
  if (!credential) throw new Problem('unauthorized');
  const key = keyOf(ctx, credential.device_id, counterKey(ctx, 'identifier', credential.identifier));
  const onLock = (trx: Transaction<Database>, until: Date) => recordLock(trx, credential, client, until, now);
  const reserved = await reserveAttempt(ctx, key, passwordLimit(ctx.policy), onLock, now);
  const { attempt, isShut } = await countOverAll(ctx, reserved, accountId, now);
  const isRight = await returnOnError(ctx, [attempt], () => isPassword(ctx, credential, typed, key));
  if (isRight && !isShut) return { credential, attempt };
  if (proof) await returnOnError(ctx, [attempt], () => pretendToCheck(ctx, proof));
  const reason = credential.disabled_at ? 'password-disabled' : 'wrong-password';
  throw await rememberFailure(ctx, { credential, attempt, client, reason, sessionId, type: failure }, now);
}

/** Undefined unless what `reauthenticate` found is still the account's when it is acted upon. */
export async function findStanding(
  trx: Transaction<Database>,
  ctx: Context,
  { credential }: RightPassword,
): Promise<{ mustChange: boolean } | undefined> {
  return await queries.findStanding(trx, credential, ctx.policy);
}
