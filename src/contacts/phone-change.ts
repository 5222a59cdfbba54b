import { phoneKey } from '../accounts/identifiers.ts';
import type { Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import { record } from '../events/record.ts';
import { canText } from '../notices/texter.ts';
import { Problem } from '../problem.ts';
import type { Proof } from '../second-factors/proof.ts';
import { changeWithProof } from '../second-factors/prove-change.ts';
import { changeAsHolder, type Holder, ownerEvent } from '../sessions/holder.ts';
import { plus } from '../time.ts';
import { maskContact } from './mask.ts';
import { isPhoneCode } from './phone-code.ts';
import { putIntoForce } from './put-into-force.ts';
import * as queries from './queries.ts';

/**
 * Remembers the wish for another number; a text to it carries six digits, and every address on file is told. One answer,
 * whoever has the number (ASVS 6.3.8). Throws as `changeWithProof` does, `invalid-request` for the confirmed number the
 * account has, `too-many-requests`, `not-found` where this installation sends no texts.
 */
export async function requestPhoneChange(
  ctx: Context,
  holder: Holder,
  newPhone: string,
  proof: Proof | undefined,
): Promise<void> {
  if (!canText(ctx)) throw new Problem('not-found');
  await ctx.limits.takeForAccount('contact-change', holder.accountId);
  const now = ctx.clock.now();
  const wanted = phoneKey(newPhone) as string;
  await changeWithProof(ctx, holder, proof, async (trx) => {
    const owner = await queries.findOwner(trx, holder.accountId);
    const old = owner.phone_confirmed_at ? owner.phone : null;
    if (old === wanted) {
      throw new Problem('invalid-request', {
        errors: [{ pointer: '/newPhone', detail: 'is the number of the account already' }],
      });
    }
    const id = newId(now);
    await queries.replaceWaiting(trx, {
      id,
      account_id: holder.accountId,
      kind: 'phone',
      old_value: old,
      old_key: old,
      new_value: wanted,
      new_key: wanted,
      requested_at: now,
      expires_at: plus(now, ctx.policy['contacts.phoneCodeTtl']),
    });
    const detail = { changeId: id, to: maskContact('phone', wanted) };
    const event = { ...ownerEvent(holder), detail, payload: { subjectId: id } };
    await record(trx, { ...event, type: 'phone.change-requested' }, now);
  });
}

/** Puts the new number into force with the code texted to it; the fifth wrong one ends the change (ASVS 6.6.3). Throws `invalid-code`. */
export async function confirmPhoneChange(ctx: Context, holder: Holder, code: string): Promise<void> {
  await ctx.limits.takeForAddress('other', holder.client.ip);
  const now = ctx.clock.now();
  const most = ctx.policy['contacts.phoneCodeAttempts'];
  // Counted before it is looked at, and committed: sixteen guesses at once are not sixteen tries.
  const change = await queries.reserveCode(ctx.db, holder.accountId, most, now);
  if (!change || !isPhoneCode(ctx.keys, change.id, code)) throw new Problem('invalid-code');
  await changeAsHolder(ctx, holder, 'security-change', now, async (trx) => {
    if (!(await putIntoForce(trx, ctx, holder, change.id, now))) throw new Problem('invalid-code');
  });
}
