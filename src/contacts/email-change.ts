import { emailKey } from '../accounts/identifiers.ts';
import type { Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import { record } from '../events/record.ts';
import { redeemLink } from '../links/links.ts';
import { Problem } from '../problem.ts';
import type { Proof } from '../second-factors/proof.ts';
import { changeWithProof } from '../second-factors/prove-change.ts';
import { changeAsHolder, type Holder, ownerEvent } from '../sessions/holder.ts';
import { plus } from '../time.ts';
import { maskContact } from './mask.ts';
import { putIntoForce } from './put-into-force.ts';
import * as queries from './queries.ts';

/**
 * Remembers the wish for another address; a mail to it carries the confirmation, and every address on file is told.
 * Nothing looks the new address up: the worker does, so that the answer never tells whose it is (ASVS 6.3.8).
 * Throws as `changeWithProof` does, `invalid-request` for the address the account has, `too-many-requests`.
 */
export async function requestEmailChange(
  ctx: Context,
  holder: Holder,
  newEmail: string,
  proof: Proof | undefined,
): Promise<void> {
  await ctx.limits.takeForAccount('contact-change', holder.accountId);
  const now = ctx.clock.now();
  const wanted = newEmail.normalize('NFC').trim();
  await changeWithProof(ctx, holder, proof, async (trx, account) => {
    if (emailKey(account.email) === emailKey(wanted)) {
      throw new Problem('invalid-request', {
        errors: [{ pointer: '/newEmail', detail: 'is the address of the account already' }],
      });
    }
    const id = newId(now);
    await queries.replaceWaiting(trx, {
      id,
      account_id: holder.accountId,
      kind: 'email',
      old_value: account.email,
      old_key: emailKey(account.email),
      new_value: wanted,
      new_key: emailKey(wanted),
      requested_at: now,
      expires_at: plus(now, ctx.policy['contacts.confirmTtl']),
    });
    const detail = { changeId: id, to: maskContact('email', wanted) };
    const event = { ...ownerEvent(holder), detail, payload: { subjectId: id } };
    await record(trx, { ...event, type: 'email.change-requested' }, now);
  });
}

/** Puts the new address into force with the token mailed to it, once, for its own account's session alone. Throws `invalid-token`. */
export async function confirmEmailChange(ctx: Context, holder: Holder, token: string): Promise<void> {
  await ctx.limits.takeForAddress('other', holder.client.ip);
  const now = ctx.clock.now();
  await changeAsHolder(ctx, holder, 'security-change', now, async (trx) => {
    const link = await redeemLink(trx, token, 'confirm-contact', now);
    if (!link?.subject_id || link.account_id !== holder.accountId) throw new Problem('invalid-token');
    if (!(await putIntoForce(trx, ctx, holder, link.subject_id, now))) throw new Problem('invalid-token');
  });
}
