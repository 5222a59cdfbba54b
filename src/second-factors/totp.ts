import type { Context } from '../context.ts';
import { record } from '../events/record.ts';
import { Problem } from '../problem.ts';
import { changeAsHolder, type Holder, ownerEvent } from '../sessions/holder.ts';
import { settleFactorChange } from './after-change.ts';
import { hasSecondFactor } from './factors.ts';
import { findPendingStep, type Shown, showTotp } from './pending-totp.ts';
import type { Proof } from './proof.ts';
import { changeWithProof } from './prove-change.ts';
import * as queries from './queries.ts';
import { issueFirstCodes, makeRecoveryCodes } from './recovery-codes.ts';

type Wanted = { name: string; replaces?: string | undefined; proof: Proof | undefined };

/**
 * Shows a new 160-bit secret; it opens nothing before a code confirms it. Where a factor is bound already it needs a proof
 * of one (OWASP MF2), and `replaces` names the authenticator that is to end with it. Throws `second-factor-required`,
 * `invalid-code`, `already-enrolled` at the limit, `not-found` for another's `replaces`, `account-held`.
 */
export async function startTotp(ctx: Context, holder: Holder, { name, replaces, proof }: Wanted): Promise<Shown> {
  await ctx.limits.takeForAccount('factor-change', holder.accountId);
  const now = ctx.clock.now();
  return await changeWithProof(ctx, holder, proof, async (trx, { email }) => {
    const bound = await queries.listAuthenticators(trx, holder.accountId);
    if (replaces !== undefined && !bound.some(({ id }) => id === replaces)) throw new Problem('not-found');
    const staying = bound.filter(({ id, disabled_at }) => id !== replaces && disabled_at === null);
    if (staying.length >= ctx.policy['totp.perAccount']) throw new Problem('already-enrolled');
    const isProven = await hasSecondFactor(trx, holder.accountId);
    const owner = { accountId: holder.accountId, email };
    const shown = await showTotp(trx, ctx, owner, { name, isProven, replaces }, now);
    const detail = { factorId: shown.factorId };
    await record(trx, { ...ownerEvent(holder), type: 'totp.enrolled', detail }, now);
    return shown;
  });
}

/**
 * Binds the authenticator that was shown; the one it replaces opens nothing from that moment. With the account's first
 * factor come ten recovery codes, shown this once; later ones leave those as they are, and answer with none. Other sessions
 * and devices end, withdrawals wait, the owner is told. Throws `invalid-code`, also for a code that was used before.
 */
export async function confirmTotp(ctx: Context, holder: Holder, code: string): Promise<string[]> {
  const { accountId } = holder;
  await ctx.limits.takeForAccount('factor-change', accountId);
  const now = ctx.clock.now();
  const pending = await findPendingStep(ctx, accountId, code, now);
  if (!pending) throw new Problem('invalid-code');
  const codes = (await hasSecondFactor(ctx.db, accountId)) ? undefined : await makeRecoveryCodes(ctx);
  return await changeAsHolder(ctx, holder, 'security-change', now, async (trx) => {
    // Shown without a proof, and another factor was bound meanwhile: it would slip past that one.
    const isFirst = !(await hasSecondFactor(trx, accountId));
    if (!isFirst && !pending.is_proven) throw new Problem('invalid-code');
    // The last factor was removed while this one was confirmed: the next try makes codes.
    if (isFirst && !codes) throw new Problem('busy', { retryAfter: 1 });
    if (!(await queries.confirmTotp(trx, pending.id, pending.step, now))) throw new Problem('invalid-code');
    if (pending.replaces) await queries.deleteTotps(trx, accountId, pending.replaces);
    await settleFactorChange(trx, ctx, holder, now);
    const change = pending.replaces
      ? ({ type: 'totp.replaced', detail: { factorId: pending.id, replacedId: pending.replaces } } as const)
      : ({ type: 'totp.confirmed', detail: { factorId: pending.id } } as const);
    await record(trx, { ...ownerEvent(holder), ...change }, now);
    return codes && isFirst ? await issueFirstCodes(trx, holder, codes, now) : [];
  });
}
