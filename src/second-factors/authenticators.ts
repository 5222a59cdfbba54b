import type { Context } from '../context.ts';
import { record } from '../events/record.ts';
import { requireLongPassword } from '../passwords/stand-alone.ts';
import { Problem } from '../problem.ts';
import { changeAsHolder, type Holder, ownerEvent } from '../sessions/holder.ts';
import { settleFactorChange } from './after-change.ts';
import { findFactors } from './factors.ts';
import type { Proof } from './proof.ts';
import { changeWithProof } from './prove-change.ts';
import * as queries from './queries.ts';
import { dropCodesOfNone } from './recovery-codes.ts';
import { requireRemaining } from './required.ts';

export type Authenticator = queries.Authenticator;

/** What is bound, disabled ones included, oldest first. */
export async function listAuthenticators(ctx: Context, accountId: string): Promise<queries.Authenticator[]> {
  return await queries.listAuthenticators(ctx.reader, accountId);
}

/** Gives it another name, which opens and closes nothing. Throws `not-found`, `account-held`. */
export async function renameAuthenticator(ctx: Context, holder: Holder, id: string, name: string): Promise<void> {
  await ctx.limits.takeForAccount('factor-change', holder.accountId);
  const now = ctx.clock.now();
  await changeAsHolder(ctx, holder, 'security-change', now, async (trx) => {
    if (!(await queries.renameTotp(trx, holder.accountId, id, name))) throw new Problem('not-found');
    await record(trx, { ...ownerEvent(holder), type: 'totp.renamed', detail: { factorId: id } }, now);
  });
}

/**
 * Removes one authenticator, or all, against a proof of any factor; with the last factor the recovery codes end. Other
 * sessions end, withdrawals wait, the owner is told. Throws `not-found`, `invalid-code` where none is bound,
 * `account-held`, and `weak-password` where the password is too short to stand alone.
 */
export async function removeAuthenticators(ctx: Context, holder: Holder, proof: Proof, id?: string): Promise<void> {
  const { accountId, client } = holder;
  await ctx.limits.takeForAccount('factor-change', accountId);
  const bound = await queries.listAuthenticators(ctx.reader, accountId);
  if (bound.length === 0) throw new Problem('invalid-code');
  const isLast = bound.every((each) => id === undefined || each.id === id);
  if (isLast && !(await hasOtherFactor(ctx, accountId))) await requireLongPassword(ctx, accountId, client);
  const now = ctx.clock.now();
  await changeWithProof(ctx, holder, proof, async (trx) => {
    const removed = await queries.deleteTotps(trx, accountId, id);
    if (removed.length === 0) throw new Problem(id === undefined ? 'invalid-code' : 'not-found');
    await requireRemaining(trx, ctx, accountId);
    await dropCodesOfNone(trx, accountId);
    await settleFactorChange(trx, ctx, holder, now);
    for (const [n, factorId] of removed.entries()) {
      const isSilent = n > 0;
      await record(trx, { ...ownerEvent(holder), type: 'totp.removed', detail: { factorId }, isSilent }, now);
    }
  });
}

async function hasOtherFactor(ctx: Context, accountId: string): Promise<boolean> {
  const factors = (await findFactors(ctx.reader, accountId)) ?? [];
  return factors.includes('passkey');
}
