import type { Transaction } from 'kysely';
import type { Context } from '../context.ts';
import type { Database } from '../db/types.ts';
import { counterKey, deviceCounterKey, reserveAttempt, returnOnError } from '../lockout/attempts.ts';
import { passwordLimit } from '../lockout/rules.ts';
import { normalisePassword } from '../passwords/rules.ts';
import { Problem } from '../problem.ts';
import type { Holder } from '../sessions/holder.ts';
import { type RightPassword, recordLock, rememberFailure } from './credentials.ts';
import { findCredential } from './queries.ts';

/**
 * Asks a signed-in owner for the password once more, under the very limits of a sign-in: whoever stole a session must not
 * guess with it. A right one leaves its attempt to be settled. Throws `invalid-credentials`, `too-many-attempts`, `busy`.
 */
export async function reauthenticate(ctx: Context, holder: Holder, typed: string): Promise<RightPassword> {
  const { accountId, sessionId, deviceId, client } = holder;
  await ctx.limits.takeForAddress('sign-in', client.ip);
  const now = ctx.clock.now();
  const credential = await findCredential(ctx.limitsDb, accountId, deviceId);
  if (!credential) throw new Problem('unauthorized');
  const { device_id: device, identifier } = credential;
  const key = device === null ? counterKey(ctx, 'identifier', identifier) : deviceCounterKey(device);
  const onLock = (trx: Transaction<Database>, until: Date) => recordLock(trx, credential, client, until, now);
  const attempt = await reserveAttempt(ctx, key, passwordLimit(ctx.policy), onLock, now);
  const usable = credential.disabled_at === null ? (credential.hash ?? undefined) : undefined;
  const password = normalisePassword(typed);
  const isRight = await returnOnError(ctx, [attempt], () => ctx.hasher.verify(usable, password, key));
  if (isRight) return { credential, attempt };
  const reason = credential.disabled_at ? 'password-disabled' : 'wrong-password';
  throw await rememberFailure(ctx, { credential, attempt, client, reason, sessionId }, now);
}
