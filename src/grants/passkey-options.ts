import type { Context } from '../context.ts';
import { openChallenge } from '../passkeys/challenges.ts';
import { type AssertionOptions, assertionOptions } from '../passkeys/options.ts';
import { listPasskeys } from '../passkeys/passkeys.ts';
import { Problem } from '../problem.ts';
import type { Holder } from '../sessions/holder.ts';
import { dataToSign } from './data-to-sign.ts';
import { issue, requireGrant } from './grants.ts';
import { statusOf } from './rules.ts';

/**
 * What the browser is to ask a passkey: to sign the hash of this very grant (WebAuthn Level 3 5.5, PSD2 RTS 5(1)(b)). The
 * same until it is answered. Throws `not-found`, `invalid-challenge` for one that is over, `no-second-factor` for an
 * account without a passkey, `account-held`, `unauthorized`, `too-many-requests`.
 */
export async function askPasskeyForGrant(ctx: Context, holder: Holder, id: string): Promise<AssertionOptions> {
  await ctx.limits.takeForAccount('grant', holder.accountId);
  const now = ctx.clock.now();
  const grant = await requireGrant(ctx, holder, id);
  if (statusOf(grant, ctx.policy['grant.attempts'], now) !== 'requested') throw new Problem('invalid-challenge');
  const passkeys = await listPasskeys(ctx, holder.accountId);
  if (passkeys.length === 0) throw new Problem('no-second-factor');
  const challenge = dataToSign(grant);
  const asked = { purpose: 'grant', accountId: holder.accountId, subject: id, challenge } as const;
  await issue(ctx, holder, grant.action, now, (trx) => openChallenge(trx, asked, now));
  return assertionOptions(ctx.config, challenge, passkeys);
}
