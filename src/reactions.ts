import type { EventType } from './events/catalogue.ts';
import type { Template } from './notices/mail-values.ts';

/** What must reach somebody because an event happened. Each becomes a delivery in the event's own transaction. */
type Reaction = { kind: 'mail'; name: Template } | { kind: 'ticket'; name: TicketMove };
type TicketMove = 'requested' | 'commented';

const mail = (name: Template): Reaction => ({ kind: 'mail', name });
const ticket = (name: TicketMove): Reaction => ({ kind: 'ticket', name });

/** The one table to read: event type → what it causes. What is not here causes nothing beyond its row. */
// biome-ignore format: a table reads as one
export const reactions: { readonly [type in EventType]?: readonly Reaction[] } = {
  'sign-up.requested':        [mail('confirm-email')],
  'account.created':          [mail('confirm-email')],
  'sign-in.locked':           [mail('sign-in-locked')],
  'password.failing':         [mail('lockout-warning')],
  'password.disabled':        [mail('password-disabled')],
  'password-reset.requested': [mail('reset-password')],
  'password.reset':           [mail('password-reset-done')],
  'second-factor.guessed':    [mail('second-factor-guessing')],
  'second-factor.locked':     [mail('second-factor-locked')],
  'device.added':             [mail('new-device-sign-in')],
  'refresh.reused':           [mail('refresh-reuse')],
  'totp.confirmed':           [mail('totp-added')],
  'totp.removed':             [mail('totp-removed')],
  'recovery-codes.issued':    [mail('recovery-codes-issued')],
  'recovery-code.used':       [mail('recovery-code-used')],
  'account.frozen':           [mail('account-frozen')],
  'hold.placed':              [mail('hold-placed')],
  'case.opened':              [ticket('requested')],
  'case.reported':            [ticket('commented')],
  'case.message-added':       [ticket('commented')],
};
