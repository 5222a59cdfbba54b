import type { Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import { newToken } from '../crypto/tokens.ts';
import { transact } from '../db/transaction.ts';
import type { EventDetails } from '../events/catalogue.ts';
import { record } from '../events/record.ts';
import { pass, passAlone } from '../holds/gate.ts';
import { type Attempt, returnAttempt, returnOnError } from '../lockout/attempts.ts';
import { canText } from '../notices/texter.ts';
import { recheckPassword } from '../passwords/recheck.ts';
import { Problem } from '../problem.ts';
import type { FactorKind } from '../second-factors/enrolled.ts';
import { distrustLater, distrustPassword } from '../stuffing/distrust.ts';
import { plus } from '../time.ts';
import { insertChallenge, insertUndisclosed } from './challenge-queries.ts';
import type { Entry } from './complete.ts';
import { isPassword, keyOf, meet, type PasswordInput, renewHash, soughtBy } from './credentials.ts';
import { type Credential, findSought, findStanding } from './queries.ts';

/** What may answer a challenge; a mailed code is no factor (NIST 800-63B-4 3.1.3.1). */
export type Answering = FactorKind | 'email-code';

/** `expiresIn` in seconds. */
export type Challenged = { challenge: string; factors: Answering[]; expiresIn: number };

type Right = {
  credential: Credential & { set_at: Date };
  factors: Answering[];
  attempt: Attempt;
  /** Whether the password opens nothing more, unless this challenge is answered. */
  isStolen: boolean;
  tryId: string | undefined;
};

/** A right password whose second step is owed. Throws `invalid-credentials` where either changed meanwhile. */
export async function openChallenge(ctx: Context, entry: Entry, right: Right): Promise<Challenged> {
  const { credential, factors, attempt, isStolen, tryId } = right;
  const { accountId, deviceId, client } = entry;
  const now = ctx.clock.now();
  const token = newToken('hf_ch');
  const ttl = ctx.policy['challenge.ttl'];
  const isOpen = await returnOnError(ctx, [attempt], () =>
    transact(ctx.db, ctx.ring, async (trx) => {
      // A held account gets its challenge too: that it is held is told only after the second factor.
      const passage = await (isStolen ? passAlone : pass)(trx, accountId, 'sign-in', now);
      await returnAttempt(trx, attempt);
      if (!passage || !(await findStanding(trx, credential, ctx.policy))) return false;
      const owes = factors.includes('email-code') ? ('email-code' as const) : ('second-factor' as const);
      const kept = { passwordSetAt: credential.set_at, counterKey: attempt.key, tryId, expiresAt: plus(now, ttl) };
      await insertChallenge(trx, { hash: token.hash, accountId, owes, deviceId, ...kept }, now);
      if (isStolen) await distrustPassword(trx, credential, client, now, token.hash);
      const actor = { kind: 'anonymous' } as const;
      await record(trx, { type: 'sign-in.challenged', actor, accountId, client, detail: { factors } }, now);
      return true;
    }),
  );
  if (!isOpen) throw new Problem('invalid-credentials');
  return { challenge: token.plain, factors, expiresIn: ttl / 1000 };
}

/**
 * The first step where the second is always asked for: whoever was named and whatever was typed, one answer after the same
 * work, and nothing counted yet, since nothing was told (RTS 4(3)(a), ASVS 6.3.8).
 */
export async function openUndisclosed(
  ctx: Context,
  input: PasswordInput,
  client: Entry['client'],
): Promise<Challenged> {
  return await ctx.hasher.admit(() => openAdmitted(ctx, input, client));
}

async function openAdmitted(ctx: Context, input: PasswordInput, client: Entry['client']): Promise<Challenged> {
  await ctx.limits.takeForAddress('sign-in', client.ip);
  const now = ctx.clock.now();
  const sought = soughtBy(ctx, input);
  const credential = await findSought(ctx.reader, sought);
  const meeting = await meet(ctx, input, { credential, key: sought.key }, client);
  const isRight = await isPassword(ctx, credential, input.password, sought.key);
  const token = newToken('hf_ch');
  const ttl = ctx.policy['challenge.ttl'];
  const factors = everyAnswer(ctx);
  const detail: EventDetails['sign-in.challenged'] = { factors };
  const { ip, userAgent, requestId } = client;
  const event = { id: newId(now), ip, userAgent: userAgent ?? null, requestId, detail: JSON.stringify(detail) };
  const undisclosed = {
    hash: token.hash,
    accountId: credential?.account_id ?? null,
    passwordSetAt: isRight ? (credential?.set_at ?? null) : null,
    deviceId: credential?.device_id ?? null,
    counterKey: keyOf(ctx, credential?.device_id, sought.key),
    tryId: meeting?.tryId,
    expiresAt: plus(now, ttl),
    event,
  };
  await insertUndisclosed(ctx.db, undisclosed, now);
  // Nobody waits for it: it would tell that the password was right.
  if (isRight && credential) {
    void distrustLater(ctx, meeting, credential, client, token.hash);
    void lookAfter(ctx, credential, input.password, client);
  }
  return { challenge: token.plain, factors, expiresIn: ttl / 1000 };
}

async function lookAfter(ctx: Context, credential: Credential, typed: string, client: Entry['client']): Promise<void> {
  try {
    await renewHash(ctx, credential, typed);
    await recheckPassword(ctx, credential, typed, client);
  } catch (error) {
    ctx.log.warn({ err: error }, 'a password was not looked after');
  }
}

/** Everything that anybody's challenge may be answered with here. */
function everyAnswer(ctx: Context): Answering[] {
  const sms: Answering[] = ctx.policy['sms.factor'] === 'on' && canText(ctx) ? ['sms'] : [];
  return ['totp', 'passkey', ...sms, 'recovery-code', 'email-code'];
}
