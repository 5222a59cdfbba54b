import { emailKey } from '../accounts/identifiers.ts';
import { maskContact } from '../contacts/mask.ts';
import type { Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import { record } from '../events/record.ts';
import { redeemLink } from '../links/links.ts';
import { Problem } from '../problem.ts';
import type { Proof } from '../second-factors/proof.ts';
import { changeWithProof } from '../second-factors/prove-change.ts';
import { changeAsHolder, type Holder, ownerEvent } from '../sessions/holder.ts';
import * as queries from './queries.ts';

type Shown = { id: string; email: string; confirmed: boolean; addedAt: string };

export async function listAddresses(ctx: Context, accountId: string): Promise<Shown[]> {
  return (await queries.listAddresses(ctx.db, accountId)).map(show);
}

/**
 * Adds a mailbox that gets every notice once a mail to it was answered. Throws as `changeWithProof` does,
 * `invalid-request` for one the account has or past `contacts.noticeAddresses`, `too-many-requests`.
 */
export async function addAddress(
  ctx: Context,
  holder: Holder,
  email: string,
  proof: Proof | undefined,
): Promise<Shown> {
  await ctx.limits.takeForAccount('contact-change', holder.accountId);
  const now = ctx.clock.now();
  const address = { id: newId(now), accountId: holder.accountId, email: email.normalize('NFC').trim() };
  const key = emailKey(address.email);
  return await changeWithProof(ctx, holder, proof, async (trx, account) => {
    const present = await queries.listAddresses(trx, holder.accountId);
    if (emailKey(account.email) === key || present.some((row) => row.email_key === key))
      throw refused('is an address of the account already');
    if (present.length >= ctx.policy['contacts.noticeAddresses']) throw refused('is one too many');
    await queries.insertAddress(trx, { ...address, emailKey: key }, now);
    const detail = { addressId: address.id, address: maskContact('email', address.email) };
    const event = { ...ownerEvent(holder), detail, payload: { subjectId: address.id } };
    await record(trx, { ...event, type: 'notice-address.added' }, now);
    return { id: address.id, email: address.email, confirmed: false, addedAt: now.toISOString() };
  });
}

/** Confirms a notice address with the token mailed to it, once, for its own account's session alone. Throws `invalid-token`. */
export async function confirmAddress(ctx: Context, holder: Holder, token: string): Promise<void> {
  await ctx.limits.takeForAddress('other', holder.client.ip);
  const now = ctx.clock.now();
  await changeAsHolder(ctx, holder, 'security-change', now, async (trx) => {
    const link = await redeemLink(trx, token, 'confirm-notice-address', now);
    const address = link?.subject_id && (await queries.confirmAddress(trx, link.subject_id, holder.accountId, now));
    if (!address) throw new Problem('invalid-token');
    const detail = { addressId: address.id, address: maskContact('email', address.email) };
    await record(trx, { ...ownerEvent(holder), type: 'notice-address.confirmed', detail }, now);
  });
}

/** Removes a notice address; for the undo window it gets every notice still. Throws as `changeWithProof` does, `not-found`. */
export async function removeAddress(ctx: Context, holder: Holder, id: string, proof: Proof | undefined): Promise<void> {
  await ctx.limits.takeForAccount('contact-change', holder.accountId);
  const now = ctx.clock.now();
  await changeWithProof(ctx, holder, proof, async (trx) => {
    const address = await queries.removeAddress(trx, id, holder.accountId, now);
    if (!address) throw new Problem('not-found');
    const detail = { addressId: id, address: maskContact('email', address.email) };
    const isSilent = address.confirmed_at === null;
    await record(trx, { ...ownerEvent(holder), type: 'notice-address.removed', detail, isSilent }, now);
  });
}

function show(row: queries.AddressRow): Shown {
  return { id: row.id, email: row.email, confirmed: row.confirmed_at !== null, addedAt: row.added_at.toISOString() };
}

function refused(detail: string): Problem {
  return new Problem('invalid-request', { errors: [{ pointer: '/email', detail }] });
}
