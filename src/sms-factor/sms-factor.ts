import { maskPhone } from '../accounts/accounts.ts';
import type { Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import { record } from '../events/record.ts';
import { clearAttempts, returnOnError } from '../lockout/attempts.ts';
import { Problem } from '../problem.ts';
import { settleFactorChange } from '../second-factors/after-change.ts';
import { findFactors } from '../second-factors/factors.ts';
import type { Proof } from '../second-factors/proof.ts';
import { changeWithProof } from '../second-factors/prove-change.ts';
import { requireRemaining } from '../second-factors/required.ts';
import { openDoor, rememberWrongCode } from '../second-factors/wrong-code.ts';
import { changeAsHolder, type Holder, ownerEvent } from '../sessions/holder.ts';
import { plus, SECOND } from '../time.ts';
import { checkSmsCode, redeemSmsCode } from './check-sms-code.ts';
import { dropSms } from './forget-sms.ts';
import * as queries from './queries.ts';
import { isSmsFactor, takeText } from './text-code.ts';

const ENROLMENT = 'enrolment';

/**
 * Texts a code to the account's confirmed number, which is to become a factor beside those that are bound: against a proof
 * of one of them, since a number can be taken over without its owner (NIST 800-63B-4 3.2.9). Throws as `changeWithProof`
 * does; `not-found` where the policy or the installation has no texts, `no-second-factor` where nothing else is bound,
 * `already-enrolled`, `phone-not-ready` without a number or for one that is new, `too-many-requests`.
 */
export async function startSms(
  ctx: Context,
  holder: Holder,
  proof: Proof | undefined,
): Promise<{ phone: string; expiresIn: number }> {
  if (!isSmsFactor(ctx)) throw new Problem('not-found');
  const { accountId } = holder;
  await ctx.limits.takeForAccount('factor-change', accountId);
  const now = ctx.clock.now();
  if (!(await findFactors(ctx.reader, accountId))) throw new Problem('no-second-factor');
  const phone = await requireReadyPhone(ctx, accountId, now);
  if (!(await takeText(ctx, phone))) throw new Problem('too-many-requests');
  const ttl = ctx.policy['contacts.phoneCodeTtl'];
  await changeWithProof(ctx, holder, proof, async (trx) => {
    const owner = await queries.findOwner(trx, accountId);
    if (owner.is_enrolled) throw new Problem('already-enrolled');
    if (owner.phone !== phone) throw new Problem('phone-not-ready');
    await queries.insertPending(trx, accountId, phone, now);
    const id = newId(now);
    await queries.replaceCode(trx, { id, accountId, subject: ENROLMENT, phone, expiresAt: plus(now, ttl) }, now);
    await record(trx, { ...ownerEvent(holder), type: 'sms.requested', detail: {}, payload: { subjectId: id } }, now);
  });
  return { phone: maskPhone(phone), expiresIn: ttl / SECOND };
}

/** A number that was changed a moment ago may be a thief's: it must have stood as long as money waits after a change. */
async function requireReadyPhone(ctx: Context, accountId: string, now: Date): Promise<string> {
  const owner = await queries.findOwner(ctx.reader, accountId);
  if (owner.is_enrolled) throw new Problem('already-enrolled');
  const { phone, phone_confirmed_at: confirmedAt } = owner;
  if (phone === null || confirmedAt === null) throw new Problem('phone-not-ready');
  const readyAt = plus(confirmedAt, ctx.policy['cooldown.afterPasswordOrFactorChange']);
  if (readyAt > now) throw new Problem('phone-not-ready', { members: { readyAt: readyAt.toISOString() } });
  return phone;
}

/**
 * Makes the number a factor with the code texted to it, once. Tries are counted at a door of their own, which neither a
 * new code nor the proof that asked for it opens again. Other sessions end, withdrawals wait, the owner is told. Throws
 * `invalid-code`, `too-many-attempts`, `account-held`.
 */
export async function confirmSms(ctx: Context, holder: Holder, code: string): Promise<void> {
  const { accountId, deviceId, client } = holder;
  await ctx.limits.takeForAccount('factor-change', accountId);
  const now = ctx.clock.now();
  const prover = {
    accountId,
    deviceId: deviceId ?? undefined,
    client,
    purpose: 'change',
    subject: ENROLMENT,
  } as const;
  const attempt = await openDoor(ctx, prover, 'sms', now);
  const asked = { accountId, subject: ENROLMENT, isEnrolled: false };
  const { codeId } = await returnOnError(ctx, [attempt], () => checkSmsCode(ctx, asked, code, now));
  if (!codeId) {
    await rememberWrongCode(ctx, prover, { factor: 'sms', attempt, guesses: 1 }, now);
    throw new Problem('invalid-code');
  }
  await returnOnError(ctx, [attempt], () =>
    changeAsHolder(ctx, holder, 'security-change', now, async (trx) => {
      if (!(await redeemSmsCode(trx, codeId, now))) throw new Problem('invalid-code');
      if (!(await queries.confirmFactor(trx, accountId, now))) throw new Problem('invalid-code');
      await clearAttempts(trx, attempt);
      await settleFactorChange(trx, ctx, holder, now);
      await record(trx, { ...ownerEvent(holder), type: 'sms.confirmed', detail: {} }, now);
    }),
  );
}

/** Removes the number as a factor against a proof of one that stays. Throws as `changeWithProof`, `not-found` for none. */
export async function removeSms(ctx: Context, holder: Holder, proof: Proof | undefined): Promise<void> {
  const { accountId } = holder;
  await ctx.limits.takeForAccount('factor-change', accountId);
  if (!(await queries.findPhone(ctx.reader, accountId))) throw new Problem('not-found');
  const now = ctx.clock.now();
  await changeWithProof(ctx, holder, proof, async (trx) => {
    if (!(await dropSms(trx, accountId))) throw new Problem('not-found');
    await requireRemaining(trx, ctx, accountId);
    await settleFactorChange(trx, ctx, holder, now);
    await record(trx, { ...ownerEvent(holder), type: 'sms.removed', detail: { by: 'owner' } }, now);
  });
}
