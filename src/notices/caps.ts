import type { Context } from '../context.ts';
import { type Claimed, DeliveryError } from '../events/deliveries.ts';
import type { LimitName } from '../lockout/limits.ts';
import { HOUR } from '../time.ts';
import type { Template } from './mail-values.ts';
import type { TextName } from './texter.ts';

/** What bounds a message: for each mailbox or number, and for all that are about one account. */
type Dropped = { recipient: LimitName; account: LimitName; past: 'dropped' };
type Later = { recipient: LimitName; account: LimitName; past: 'later' };
/** Never late: one for each freeze, release, reset or change of staff, which nobody can bring about in a loop. */
type AtOnce = { recipient: 'one per event'; account: 'one per event'; past: 'never' };
/** Past it what strangers ask for is left out, what the owner must learn is sent later. */
type Cap = Dropped | Later | AtOnce;

/** Nobody's account is known yet, so the mailbox is all there is to count by. */
const wished: Dropped = { recipient: 'sign-up-mail', account: 'sign-up-mail', past: 'dropped' };
/** Counted for the account where it is asked for. */
const asked = (account: LimitName): Dropped => ({ recipient: 'mail-recipient', account, past: 'dropped' });
const told: Later = { recipient: 'notice-recipient', account: 'notice-account', past: 'later' };
const atOnce: AtOnce = { recipient: 'one per event', account: 'one per event', past: 'never' };

const otherMails: { readonly [template in Template]?: Cap } = {
  'confirm-email': wished,
  'already-registered': wished,
  'reset-password': asked('reset-mail'),
  'sign-in-code': asked('sign-in-code'),
  'unfreeze-code': asked('unfreeze'),
  'confirm-new-email': asked('contact-change'),
  'email-in-use': asked('contact-change'),
  'confirm-notice-address': asked('contact-change'),
  'account-frozen': atOnce,
  'hold-released': atOnce,
  'hold-release-scheduled': atOnce,
  'hold-release-cancelled': atOnce,
  'break-glass-used': atOnce,
  'recovery-link': atOnce,
  'staff-change-requested': atOnce,
  'staff-changed': atOnce,
  'staff-change-ended': atOnce,
  'own-access-changed': atOnce,
  'agent-enrolment': atOnce,
  'second-factor-reset-scheduled': atOnce,
  'second-factor-reset-cancelled': atOnce,
  'second-factor-reset-done': atOnce,
};

export const mailCap = (template: Template): Cap => otherMails[template] ?? told;

const texted = (account: LimitName): Dropped => ({ recipient: 'text-recipient', account, past: 'dropped' });

export const textCaps: Record<TextName, Cap> = {
  'phone-code': texted('contact-change'),
  'sms-code': texted('text-recipient'),
  'phone-changed': told,
  'reset-scheduled': atOnce,
  'reset-done': atOnce,
};

/** Counts one notice to this mailbox or number. Throws a DeliveryError that puts it off where there were too many of late. */
export async function takeNotice(ctx: Context, cap: Cap, recipient: string, { account_id }: Claimed): Promise<void> {
  if (cap.past !== 'later') return;
  const isTaken =
    (await ctx.limits.take(cap.recipient, ctx.keys.pseudonym('notice-cap', recipient))) &&
    (account_id === null || (await ctx.limits.take(cap.account, ctx.keys.pseudonym('notice-cap', account_id))));
  if (!isTaken) throw new DeliveryError('too many notices of late: sent later', { retryAfter: HOUR });
}
