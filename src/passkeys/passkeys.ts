import type { Context } from '../context.ts';
import { record } from '../events/record.ts';
import { requireLongPassword } from '../passwords/stand-alone.ts';
import { Problem } from '../problem.ts';
import { settleFactorChange } from '../second-factors/after-change.ts';
import { findFactors } from '../second-factors/factors.ts';
import type { Proof } from '../second-factors/proof.ts';
import { changeWithProof } from '../second-factors/prove-change.ts';
import { dropCodesOfNone } from '../second-factors/recovery-codes.ts';
import { requireRemaining } from '../second-factors/required.ts';
import { changeAsHolder, type Holder, ownerEvent } from '../sessions/holder.ts';
import * as queries from './queries.ts';

export type Passkey = queries.PasskeyRow;

export async function listPasskeys(ctx: Context, accountId: string): Promise<queries.PasskeyRow[]> {
  return await queries.listPasskeys(ctx.reader, accountId);
}

/** Throws `not-found`, `account-held`. */
export async function renamePasskey(
  ctx: Context,
  holder: Holder,
  id: string,
  name: string,
): Promise<queries.PasskeyRow> {
  await ctx.limits.takeForAccount('factor-change', holder.accountId);
  const now = ctx.clock.now();
  return await changeAsHolder(ctx, holder, 'security-change', now, async (trx) => {
    const renamed = await queries.renamePasskey(trx, holder.accountId, id, name);
    if (!renamed) throw new Problem('not-found');
    await record(trx, { ...ownerEvent(holder), type: 'passkey.renamed', detail: { passkeyId: id, name } }, now);
    return renamed;
  });
}

/**
 * Removes a passkey against a proof of any factor; with the last factor the recovery codes go too. Throws `not-found`,
 * `second-factor-required`, `invalid-code`, `account-held`, and `weak-password` where it is the last factor and the
 * password is too short to stand alone.
 */
export async function removePasskey(ctx: Context, holder: Holder, id: string, proof: Proof | undefined): Promise<void> {
  const { accountId, client } = holder;
  await ctx.limits.takeForAccount('factor-change', accountId);
  const now = ctx.clock.now();
  const known = await queries.listPasskeys(ctx.reader, accountId);
  if (!known.some((passkey) => passkey.id === id)) throw new Problem('not-found');
  if (known.length === 1 && (await isOnlyPasskeys(ctx, accountId))) await requireLongPassword(ctx, accountId, client);
  await changeWithProof(ctx, holder, proof, async (trx) => {
    const removed = await queries.deletePasskey(trx, accountId, id);
    if (!removed) throw new Problem('not-found');
    await requireRemaining(trx, ctx, accountId);
    await dropCodesOfNone(trx, accountId);
    await settleFactorChange(trx, ctx, holder, now);
    const detail = { passkeyId: id, name: removed.name };
    await record(trx, { ...ownerEvent(holder), type: 'passkey.removed', detail }, now);
  });
}

async function isOnlyPasskeys(ctx: Context, accountId: string): Promise<boolean> {
  const factors = await findFactors(ctx.reader, accountId);
  return !factors?.includes('totp');
}
