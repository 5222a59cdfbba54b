import { emailKey } from '../accounts/identifiers.ts';
import { maskContact } from '../contacts/mask.ts';
import type { Context } from '../context.ts';
import { type Claimed, copyDelivery } from '../events/deliveries.ts';
import { findRecoveryLetter } from '../recovery/letter.ts';
import { mailedCode } from '../sign-in/mailed-code.ts';
import { plus, secondsUntil } from '../time.ts';
import { findUnfreezeLetter } from '../unfreeze/letter.ts';
import type { AnyValues, Template } from './mail-values.ts';
import * as queries from './queries.ts';
import { nextOfStaff, staffLetters } from './staff-letters.ts';

type Recipient = {
  email: string;
  locale: 'en' | 'zh-CN';
  accountId?: string;
  signUpId?: string;
  /** Whether it is the address that the account signs in with now. */
  isMain?: boolean;
  /** Whether it was added for notices so lately that a thief may have done it. */
  isNew?: boolean;
};
export type Letter = { template: Template; to: Recipient; subjectId?: string | undefined; values?: Partial<AnyValues> };

export type Addressing = (ctx: Context, delivery: Claimed) => Promise<Letter | undefined>;

/** Mails whose recipient is not simply the account's address. */
const special: Record<string, Addressing> = {
  'sign-up.requested': addressSignUp,
  'password-reset.requested': addressReset,
  'sign-in.code-requested': addressSignInCode,
  'email.change-requested': addressNewEmail,
  'notice-address.added': addressNewNotice,
  'unfreeze.code-requested': addressUnfreezeCode,
  'recovery.offered': addressRecovery,
  'break-glass.used': addressAgents,
};

/** Whom the mail of this delivery goes to, and which one it is; undefined where there is nobody to write to any more. */
export async function address(ctx: Context, delivery: Claimed): Promise<Letter | undefined> {
  const addressing =
    delivery.kind === 'mail' ? (staffLetters[delivery.reaction] ?? special[delivery.event_type]) : undefined;
  if (addressing) return await addressing(ctx, delivery);
  const account = delivery.account_id ? await queries.findRecipient(ctx.db, delivery.account_id) : undefined;
  if (!account) return undefined;
  const other = delivery.payload['to'];
  const to = { email: account.email, locale: account.locale, accountId: account.id, isMain: true };
  return {
    template: delivery.reaction as Template,
    to:
      typeof other === 'string'
        ? { ...to, email: other, isMain: false, isNew: delivery.payload['isNew'] === true }
        : to,
    subjectId: subjectOf(delivery),
  };
}

/**
 * What the owner must learn goes to every mailbox that is theirs, or was until a change that can still be undone
 * (ASVS 6.3.7): each gets a delivery of its own, so that one that is full holds up no other.
 */
export async function copyToOthers(ctx: Context, delivery: Claimed): Promise<void> {
  if (delivery.kind !== 'notice' || !delivery.account_id || delivery.payload['to'] !== undefined) return;
  const main = await queries.findRecipient(ctx.db, delivery.account_id);
  if (!main) return;
  const { alsoTo, ...payload } = delivery.payload;
  const since = plus(delivery.at, -ctx.policy['contacts.undoWindow']);
  const others = await queries.listOtherMailboxes(ctx.db, delivery.account_id, delivery.at, since);
  const also = Array.isArray(alsoTo)
    ? alsoTo.map((email) => ({ email: String(email), is_former: true, is_new: false }))
    : [];
  const byKey = new Map([...also, ...others].map((box) => [emailKey(box.email), box]));
  byKey.delete(emailKey(main.email));
  for (const [key, { email, is_former, is_new: isNew }] of byKey) {
    // A former address knows the account by itself, any other by the address that signs in.
    const account = is_former ? email : main.email;
    const recipient = ctx.keys.pseudonym('notice-recipient', key);
    await copyDelivery(ctx, delivery, recipient, { ...payload, to: email, account, isNew });
  }
}

async function addressSignUp(ctx: Context, delivery: Claimed): Promise<Letter | undefined> {
  const signUpId = String(delivery.payload['signUpId']);
  const signUp = await queries.findSignUp(ctx.db, signUpId);
  if (!signUp) return undefined;
  const account = await queries.findRecipientByIdentifier(ctx.db, signUp.email_key, ctx.clock.now());
  if (!account) return { template: 'confirm-email', to: { email: signUp.email, locale: signUp.locale, signUpId } };
  await queries.deleteSignUp(ctx.db, signUpId);
  // The account's own address may be another by now: whose it is stays with those who read the old one.
  const email = account.reserved_until ? signUp.email : account.email;
  const to = { email, locale: account.locale, accountId: account.id };
  return { template: account.email_confirmed_at ? 'already-registered' : 'confirm-email', to };
}

async function addressReset(ctx: Context, delivery: Claimed): Promise<Letter | undefined> {
  const now = ctx.clock.now();
  const identifier = String(delivery.payload['identifier']);
  const account = await queries.findRecipientByIdentifier(ctx.db, identifier, now);
  if (!account) return undefined;
  const to = { email: account.email, locale: account.locale, accountId: account.id };
  if (!account.email_confirmed_at) return { template: 'confirm-email', to };
  const isWithin = delivery.attempts > 1 || (await ctx.limits.take('reset-mail', account.id));
  if (!isWithin) return undefined;
  return account.reserved_until ? await addressFormer(ctx, account, identifier) : { template: 'reset-password', to };
}

/** The code of a sign-in that still waits for it, to the address that signs in. */
async function addressSignInCode(ctx: Context, delivery: Claimed): Promise<Letter | undefined> {
  const now = ctx.clock.now();
  const challenge = Buffer.from(String(delivery.payload['challenge']), 'hex');
  const waiting = await queries.findWaitingSignIn(ctx.db, challenge, now);
  if (!waiting) return undefined;
  if (delivery.attempts === 1 && !(await ctx.limits.take('sign-in-code', waiting.id))) return undefined;
  return {
    template: 'sign-in-code',
    to: { email: waiting.email, locale: waiting.locale, accountId: waiting.id, isMain: true },
    values: { code: mailedCode(ctx.keys, challenge), expiresInSeconds: secondsUntil(waiting.expires_at, now) },
  };
}

/** The code that lifts the owner's holds, to a mailbox older than what they fear. */
async function addressUnfreezeCode(ctx: Context, delivery: Claimed): Promise<Letter | undefined> {
  const letter = await findUnfreezeLetter(ctx, String(subjectOf(delivery)));
  const account = letter && (await queries.findRecipient(ctx.db, letter.accountId));
  if (!account) return undefined;
  const { accountId, email, ...values } = letter;
  return { template: 'unfreeze-code', to: { email, locale: account.locale, accountId }, values };
}

/** The link to a new password and factor, to a mailbox older than the compromise. */
async function addressRecovery(ctx: Context, delivery: Claimed): Promise<Letter | undefined> {
  const recoveryId = subjectOf(delivery);
  const letter = recoveryId === undefined ? undefined : await findRecoveryLetter(ctx, recoveryId);
  const account = letter && (await queries.findRecipient(ctx.db, letter.accountId));
  if (!account) return undefined;
  const { accountId, email, ...values } = letter;
  return { template: 'recovery-link', to: { email, locale: account.locale, accountId }, subjectId: recoveryId, values };
}

/** Everybody who works here, and the account it is about. */
async function addressAgents(ctx: Context, delivery: Claimed): Promise<Letter | undefined> {
  const to = await nextOfStaff(ctx, delivery, 'all');
  const owner = delivery.account_id ? await queries.findRecipient(ctx.db, delivery.account_id) : undefined;
  return to && { template: 'break-glass-used', to, values: { account: owner?.email ?? '' } };
}

/** Who asks for a reset by an address that was changed may not know of the change: they get its links once more. */
async function addressFormer(
  ctx: Context,
  { id, locale }: { id: string; locale: 'en' | 'zh-CN' },
  identifier: string,
): Promise<Letter | undefined> {
  const change = await queries.findChangeAway(ctx.db, id, identifier, ctx.clock.now());
  if (change?.kind !== 'email' || change.old_value === null) return undefined;
  return {
    template: 'contact-changed',
    to: { email: change.old_value, locale, accountId: id },
    subjectId: change.id,
    values: { changed: 'email', newContact: maskContact('email', change.new_value) ?? '' },
  };
}

async function addressNewEmail(ctx: Context, delivery: Claimed): Promise<Letter | undefined> {
  const now = ctx.clock.now();
  const change = await queries.findWaitingChange(ctx.db, String(subjectOf(delivery)), now);
  const account = change && (await queries.findRecipient(ctx.db, change.account_id));
  if (!change || !account) return undefined;
  const holder = await queries.findRecipientByIdentifier(ctx.db, change.new_key, now);
  const isTaken = holder !== undefined && holder.id !== account.id;
  if (isTaken) return { template: 'email-in-use', to: { email: change.new_value, locale: holder.locale } };
  const to = { email: change.new_value, locale: account.locale, accountId: account.id };
  return { template: 'confirm-new-email', to, subjectId: change.id };
}

async function addressNewNotice(ctx: Context, delivery: Claimed): Promise<Letter | undefined> {
  const address = await queries.findWaitingAddress(ctx.db, String(subjectOf(delivery)));
  const account = address && (await queries.findRecipient(ctx.db, address.account_id));
  if (!account) return undefined;
  const to = { email: address.email, locale: account.locale, accountId: account.id };
  return { template: 'confirm-notice-address', to, subjectId: address.id, values: { account: account.email } };
}

function subjectOf({ payload }: Claimed): string | undefined {
  const id = payload['subjectId'];
  return typeof id === 'string' ? id : undefined;
}
