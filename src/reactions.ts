import type { EventType } from './events/catalogue.ts';
import type { Template } from './notices/mail-values.ts';
import type { TextName } from './notices/texter.ts';

/** What must reach somebody because an event happened. Each becomes a delivery in the event's own transaction. */
type Reaction =
  | { kind: 'mail' | 'notice'; name: Template }
  | { kind: 'ticket'; name: TicketMove }
  | { kind: 'text'; name: TextName };
type TicketMove = 'requested' | 'commented';

/** Asked for by somebody who may be anybody; a flood of these must not hold up a notice. */
const mail = (name: Template): Reaction => ({ kind: 'mail', name });
/** What the owner must learn. */
const notice = (name: Template): Reaction => ({ kind: 'notice', name });
/** A text message to a phone. */
const sms = (name: TextName): Reaction => ({ kind: 'text', name });
const ticket = (name: TicketMove): Reaction => ({ kind: 'ticket', name });

/** Written within a statement of their own, where no deliveries are: `sign-in/write-session.ts`, `sign-in/challenge-queries.ts`. */
type WrittenAlone = { readonly 'sign-in.succeeded'?: never; readonly 'sign-in.challenged'?: never };

/** The one table to read: event type → what it causes. What is not here causes nothing beyond its row. */
// biome-ignore format: a table reads as one
export const reactions: { readonly [type in EventType]?: readonly Reaction[] } & WrittenAlone = {
  'sign-up.requested':        [mail('confirm-email')],
  'account.created':          [mail('confirm-email')],
  'sign-in.locked':           [notice('sign-in-locked')],
  'sign-in.code-requested':   [mail('sign-in-code')],
  'password.failing':         [notice('lockout-warning')],
  'password.disabled':        [notice('password-disabled')],
  'password.exposed':         [notice('password-exposed')],
  'password-reset.requested': [mail('reset-password')],
  'password.reset':           [notice('password-reset-done')],
  'password.changed':         [notice('password-changed')],
  'password.breached':        [notice('password-breached')],
  'password.stuffed':         [notice('password-stuffed')],
  'password.reset-required':  [notice('password-reset-required')],
  'second-factor.guessed':    [notice('second-factor-guessing')],
  'second-factor.locked':     [notice('second-factor-locked')],
  'second-factor.reset-scheduled': [notice('second-factor-reset-scheduled'), sms('reset-scheduled')],
  'second-factor.reset-cancelled': [notice('second-factor-reset-cancelled'), ticket('commented')],
  'second-factor.reset':      [notice('second-factor-reset-done'), sms('reset-done')],
  'device.added':             [notice('new-device-sign-in')],
  'refresh.reused':           [notice('refresh-reuse')],
  'totp.confirmed':           [notice('totp-added')],
  'totp.removed':             [notice('totp-removed')],
  'totp.replaced':            [notice('totp-replaced')],
  'totp.failing':             [notice('totp-warning')],
  'totp.disabled':            [notice('totp-disabled')],
  'passkey.added':            [notice('passkey-added')],
  'passkey.removed':          [notice('passkey-removed')],
  'passkey.counter-regressed': [notice('passkey-copied')],
  'sms.requested':            [sms('sms-code')],
  'sms.confirmed':            [notice('sms-added')],
  'sms.removed':              [notice('sms-removed')],
  'sms-code.requested':       [sms('sms-code')],
  'recovery-codes.issued':    [notice('recovery-codes-issued')],
  'recovery-code.used':       [notice('recovery-code-used')],
  'email.change-requested':   [mail('confirm-new-email'), notice('contact-change-requested')],
  'email.changed':            [notice('contact-changed')],
  'email.change-undone':      [notice('contact-change-undone')],
  'phone.change-requested':   [sms('phone-code'), notice('contact-change-requested')],
  'phone.changed':            [notice('contact-changed'), sms('phone-changed')],
  'phone.change-undone':      [notice('contact-change-undone')],
  'username.changed':         [notice('contact-changed')],
  'username.change-undone':   [notice('contact-change-undone')],
  'notice-address.added':     [mail('confirm-notice-address')],
  'notice-address.confirmed': [notice('notice-address-added')],
  'notice-address.removed':   [notice('notice-address-removed')],
  'grant.altered':            [notice('grant-altered')],
  'account.exported':         [notice('account-exported')],
  'watch.began':              [notice('watch-began')],
  'watch.due':                [ticket('commented')],
  'watch.ended':              [notice('watch-ended')],
  'recovery.offered':         [mail('recovery-link')],
  'account.frozen':           [notice('account-frozen')],
  'hold.placed':              [notice('hold-placed')],
  'hold.released':            [notice('hold-released'), ticket('commented')],
  'hold.release-scheduled':   [notice('hold-release-scheduled')],
  'hold.release-cancelled':   [notice('hold-release-cancelled'), ticket('commented')],
  'unfreeze.code-requested':  [mail('unfreeze-code')],
  'unfreeze.scheduled':       [notice('hold-release-scheduled')],
  'unfreeze.cancelled':       [notice('hold-release-cancelled')],
  'break-glass.used':         [mail('break-glass-used')],
  'agent.created':            [mail('staff-changed')],
  'agent.change-requested':   [mail('staff-change-requested')],
  'agent.change-ended':       [mail('staff-change-ended')],
  'agent.role-changed':       [mail('staff-changed'), mail('own-access-changed')],
  'agent.reset':              [mail('staff-changed')],
  'agent.enabled':            [mail('staff-changed'), mail('own-access-changed')],
  'agent.disabled':           [mail('staff-changed'), mail('own-access-changed')],
  'agent.unlocked':           [mail('staff-changed'), mail('own-access-changed')],
  'agent.enrolment-offered':  [mail('agent-enrolment')],
  'agent.enrolled':           [mail('staff-changed'), mail('own-access-changed')],
  'bulk-freeze.finished':     [ticket('commented')],
  'bulk-freeze.undone':       [ticket('commented')],
  'case.opened':              [ticket('requested')],
  'case.raised':              [ticket('commented')],
  'case.reported':            [ticket('commented')],
  'transaction.resolved':     [notice('transaction-resolved')],
  'case.appealed':            [ticket('commented')],
  'recovery-codes.removed':   [notice('recovery-codes-removed')],
  'report.received':          [notice('report-confirm'), ticket('commented')],
  'case.overdue':             [ticket('commented')],
  'case.answered':            [notice('case-update'), ticket('commented')],
  'case.merged':              [ticket('commented')],
  'case.resolved':            [notice('case-closed'), ticket('commented')],
  'case.message-added':       [ticket('commented')],
};
