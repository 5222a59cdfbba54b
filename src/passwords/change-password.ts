import type { Transaction } from 'kysely';
import { forgetWaitingChanges } from '../contacts/pending.ts';
import type { Context } from '../context.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { startCoolDown } from '../holds/freeze.ts';
import { voidLinks } from '../links/links.ts';
import { type Attempt, clearAttempts, returnOnError } from '../lockout/attempts.ts';
import { Problem } from '../problem.ts';
import { findFactors } from '../second-factors/factors.ts';
import type { Proof } from '../second-factors/proof.ts';
import { changeWithProof, proofRequired } from '../second-factors/prove-change.ts';
import { endOthers } from '../sessions/end.ts';
import { type Holder, ownerEvent } from '../sessions/holder.ts';
import { reauthenticate } from '../sign-in/reauthenticate.ts';
import { type Accepted, acceptPassword, weakPassword } from './check-password.ts';
import * as queries from './queries.ts';
import { normalisePassword } from './rules.ts';

type Input = { currentPassword: string; newPassword: string; proof: Proof | undefined };

/**
 * Changes the password against the current one and, where one is enrolled, a second factor (ASVS 6.2.2, 6.2.3). The calling
 * session and its device go on; every other session, device, challenge, reset link and waiting change of contact ends,
 * withdrawals wait, the owner is told. Throws `second-factor-required`, `weak-password`, `invalid-credentials`,
 * `invalid-code`, `too-many-attempts`, `account-held`; a wrong password spends no code.
 */
export async function changePassword(ctx: Context, holder: Holder, input: Input): Promise<void> {
  const { accountId, client } = holder;
  await ctx.limits.takeForAccount('factor-change', accountId);
  const owner = await queries.findOwner(ctx.reader, accountId);
  if (!owner) throw new Problem('unauthorized');
  const factors = await findFactors(ctx.reader, accountId);
  if (factors && !input.proof) throw proofRequired(factors);
  const asked = { owner, hasSecondFactor: factors !== undefined, locale: client.locale, field: 'newPassword' };
  const accepted = await acceptPassword(ctx, input.newPassword, asked);
  const { credential, attempt } = await reauthenticate(ctx, holder, input.currentPassword);
  await returnOnError(ctx, [attempt], async () => {
    if (accepted.text === normalisePassword(input.currentPassword)) throw weakPassword(ctx, 'unchanged', asked);
    const hash = await ctx.hasher.hash(accepted.text);
    const change = {
      accepted,
      hash,
      attempt,
      proven: credential.hash as string,
      amr: factors ? ['pwd', 'mfa'] : ['pwd'],
    };
    await changeWithProof(ctx, holder, input.proof, (trx) => apply(trx, ctx, holder, change, ctx.clock.now()));
  });
}

type Change = { accepted: Accepted; hash: string; attempt: Attempt; proven: string; amr: string[] };

async function apply(
  trx: Transaction<Database>,
  ctx: Context,
  holder: Holder,
  { accepted, hash, attempt, proven, amr }: Change,
  now: Date,
): Promise<void> {
  const { accountId, client } = holder;
  // Somebody else's change came first: what was proven was another password.
  if (!(await queries.hasHash(trx, accountId, proven))) throw new Problem('invalid-credentials');
  await clearAttempts(trx, attempt);
  await queries.setPassword(trx, accountId, { ...accepted, hash }, now);
  await voidLinks(trx, accountId, ['reset-password'], now);
  const endedSessions = await endOthers(trx, holder, 'password-changed', now);
  await forgetWaitingChanges(trx, accountId);
  await startCoolDown(trx, ctx, accountId, client, now);
  await record(trx, { ...ownerEvent(holder), type: 'password.changed', detail: { amr, endedSessions } }, now);
}
