import type { Client, Context } from '../context.ts';
import { hashToken } from '../crypto/tokens.ts';
import type { Holder } from '../sessions/holder.ts';
import { newChallenge, openChallenge } from './challenges.ts';
import { type AssertionOptions, assertionOptions } from './options.ts';
import * as queries from './queries.ts';

/**
 * Asks whoever is there for a passkey: of the sign-in behind `signInChallenge`, or to sign in with it alone. It looks
 * nothing up, so it tells nobody what there is.
 */
export async function askAtSignIn(
  ctx: Context,
  signInChallenge: string | undefined,
  client: Client,
): Promise<AssertionOptions> {
  const door =
    signInChallenge === undefined
      ? ({ purpose: 'passkey-sign-in', subject: null } as const)
      : ({ purpose: 'sign-in', subject: hashToken(signInChallenge).toString('hex') } as const);
  return await askAnybody(ctx, door, client);
}

/** As `askAtSignIn`, for the reset behind a mailed token. */
export async function askAtReset(ctx: Context, token: string, client: Client): Promise<AssertionOptions> {
  return await askAnybody(ctx, { purpose: 'reset', subject: hashToken(token).toString('hex') }, client);
}

async function askAnybody(ctx: Context, door: queries.Binding, client: Client): Promise<AssertionOptions> {
  await ctx.limits.takeForAddress('other', client.ip);
  const challenge = newChallenge();
  await openChallenge(ctx.db, { ...door, accountId: null, challenge }, ctx.clock.now());
  return assertionOptions(ctx.config, challenge);
}

/** Asks a signed-in owner for one of their own passkeys, to prove a change of this session. */
export async function askForChange(ctx: Context, { accountId, sessionId, client }: Holder): Promise<AssertionOptions> {
  await ctx.limits.takeForAddress('other', client.ip);
  const challenge = newChallenge();
  const known = await queries.listPasskeys(ctx.reader, accountId);
  await openChallenge(ctx.db, { purpose: 'change', accountId, subject: sessionId, challenge }, ctx.clock.now());
  return assertionOptions(ctx.config, challenge, known);
}
