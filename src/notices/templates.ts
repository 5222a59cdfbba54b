import { holdTemplates } from './hold-templates.ts';
import {
  confirm,
  confirmNew,
  freeze,
  knownOrFreeze,
  type MailTemplate,
  manage,
  openCase,
  recover,
  report,
  requestReset,
  reset,
  resetAtOnce,
  signIn,
  undo,
  unlock,
  veto,
} from './mail-blocks.ts';
import type { Template } from './mail-values.ts';
import { staffTemplates } from './staff-templates.ts';

/** What was done in the owner's name, and what to do where it was not they. */
const told = (name: Exclude<Template, 'account-frozen'>): MailTemplate => ({
  subject: `mail.${name}.subject`,
  blocks: [`mail.${name}.body`, 'facts', ...knownOrFreeze],
});

const knownOr = (
  name: 'refresh-reuse' | 'grant-altered' | 'second-factor-guessing' | 'second-factor-locked',
): MailTemplate => ({
  subject: `mail.${name}.subject`,
  blocks: [`mail.${name}.body`, 'facts', `mail.${name}.known`, ...freeze],
});

const resetOr = (
  name: 'totp-warning' | 'lockout-warning' | 'password-disabled' | 'password-exposed',
): MailTemplate => ({
  subject: `mail.${name}.subject`,
  blocks: [`mail.${name}.body`, 'facts', `mail.${name}.next`, requestReset, ...freeze],
});

/** A password that opens nothing any more, and the link to set another. */
const spentPassword = (name: 'password-breached' | 'password-stuffed'): MailTemplate => ({
  subject: `mail.${name}.subject`,
  blocks: [
    `mail.${name}.body`,
    'facts',
    `mail.${name}.next`,
    resetAtOnce,
    'mail.reset-link.late',
    requestReset,
    ...freeze,
  ],
});

export const templates: Record<Template, MailTemplate> = {
  'confirm-email': {
    subject: 'mail.confirm-email.subject',
    blocks: ['mail.confirm-email.body', confirm, 'facts', 'mail.confirm-email.not-you'],
  },
  'already-registered': {
    subject: 'mail.already-registered.subject',
    blocks: [
      'mail.already-registered.body',
      'facts',
      'mail.already-registered.next',
      signIn,
      requestReset,
      'mail.already-registered.not-you',
    ],
  },
  'reset-password': {
    subject: 'mail.reset-password.subject',
    blocks: ['mail.reset-password.body', reset, 'facts', 'mail.reset-password.not-you'],
  },
  'recovery-link': {
    subject: 'mail.recovery-link.subject',
    blocks: ['mail.recovery-link.body', recover, 'facts', 'mail.recovery-link.not-you'],
  },
  'report-confirm': {
    subject: 'mail.report-confirm.subject',
    blocks: ['mail.report-confirm.body', report, 'facts', 'mail.report-confirm.not-you'],
  },
  'unfreeze-code': {
    subject: 'mail.unfreeze-code.subject',
    blocks: ['mail.unfreeze-code.body', 'code', 'facts', 'mail.unfreeze-code.not-you'],
  },

  'sign-in-code': {
    subject: 'mail.sign-in-code.subject',
    blocks: ['mail.sign-in-code.body', 'code', 'facts', 'mail.sign-in-code.not-you', ...freeze],
  },

  'password-changed': told('password-changed'),
  'password-reset-done': told('password-reset-done'),
  'totp-added': told('totp-added'),
  'totp-removed': told('totp-removed'),
  'totp-replaced': told('totp-replaced'),
  'totp-warning': resetOr('totp-warning'),
  'totp-disabled': {
    subject: 'mail.totp-disabled.subject',
    blocks: [
      'mail.totp-disabled.body',
      { paragraph: 'mail.totp-disabled.password', needs: 'passwordDisabled' },
      'facts',
      'mail.totp-disabled.next',
      requestReset,
      ...freeze,
    ],
  },
  'passkey-added': told('passkey-added'),
  'passkey-removed': told('passkey-removed'),
  'passkey-copied': {
    subject: 'mail.passkey-copied.subject',
    blocks: ['mail.passkey-copied.body', 'facts', 'mail.passkey-copied.next', ...freeze],
  },
  'sms-added': {
    subject: 'mail.sms-added.subject',
    blocks: ['mail.sms-added.body', 'facts', 'sms.notice', ...knownOrFreeze],
  },
  'sms-removed': told('sms-removed'),
  'account-exported': told('account-exported'),
  'recovery-codes-issued': told('recovery-codes-issued'),
  'recovery-codes-removed': told('recovery-codes-removed'),
  'transaction-resolved': told('transaction-resolved'),
  'recovery-code-used': {
    subject: 'mail.recovery-code-used.subject',
    blocks: ['mail.recovery-code-used.body', manage, 'facts', ...knownOrFreeze],
  },
  'new-device-sign-in': told('new-device-sign-in'),
  'refresh-reuse': knownOr('refresh-reuse'),

  'grant-altered': knownOr('grant-altered'),

  'sign-in-locked': {
    subject: 'mail.sign-in-locked.subject',
    blocks: [
      'mail.sign-in-locked.body',
      'facts',
      { paragraph: 'mail.sign-in-locked.known', needs: 'unlockToken' },
      unlock,
      ...freeze,
    ],
  },
  'lockout-warning': resetOr('lockout-warning'),
  'password-disabled': resetOr('password-disabled'),
  'password-exposed': resetOr('password-exposed'),
  'password-breached': spentPassword('password-breached'),
  'password-stuffed': spentPassword('password-stuffed'),
  'password-reset-required': {
    subject: 'mail.password-reset-required.subject',
    blocks: [
      'mail.password-reset-required.body',
      'facts',
      'mail.password-reset-required.next',
      resetAtOnce,
      'mail.reset-link.late',
      requestReset,
    ],
  },
  'second-factor-guessing': knownOr('second-factor-guessing'),
  'second-factor-locked': knownOr('second-factor-locked'),

  'second-factor-reset-scheduled': {
    subject: 'mail.second-factor-reset-scheduled.subject',
    blocks: [
      'mail.second-factor-reset-scheduled.body',
      'facts',
      'mail.second-factor-reset-scheduled.known',
      { paragraph: 'mail.second-factor-reset-scheduled.veto', needs: 'vetoToken' },
      veto,
      ...freeze,
    ],
  },
  'second-factor-reset-cancelled': {
    subject: 'mail.second-factor-reset-cancelled.subject',
    blocks: ['mail.second-factor-reset-cancelled.body', 'facts', 'mail.second-factor-reset-cancelled.next', ...freeze],
  },
  'second-factor-reset-done': {
    subject: 'mail.second-factor-reset-done.subject',
    blocks: ['mail.second-factor-reset-done.body', 'facts', 'mail.second-factor-reset-done.next', signIn, ...freeze],
  },

  'confirm-new-email': {
    subject: 'mail.confirm-new-email.subject',
    blocks: ['mail.confirm-new-email.body', confirmNew('confirm-address'), 'facts', 'mail.confirm-new-email.not-you'],
  },
  'email-in-use': {
    subject: 'mail.email-in-use.subject',
    blocks: ['mail.email-in-use.body', 'facts', 'mail.email-in-use.not-you'],
  },
  'contact-change-requested': told('contact-change-requested'),
  'contact-changed': {
    subject: 'mail.contact-changed.subject',
    blocks: [
      'mail.contact-changed.body',
      'facts',
      'mail.not-you.known',
      { paragraph: 'mail.contact-changed.undo', needs: 'undoToken' },
      undo,
      ...freeze,
    ],
  },
  'contact-change-undone': {
    subject: 'mail.contact-change-undone.subject',
    blocks: ['mail.contact-change-undone.body', 'facts', 'mail.contact-change-undone.next'],
  },
  'confirm-notice-address': {
    subject: 'mail.confirm-notice-address.subject',
    blocks: [
      'mail.confirm-notice-address.body',
      confirmNew('confirm-notice-address'),
      'facts',
      'mail.confirm-notice-address.not-you',
    ],
  },
  'notice-address-added': told('notice-address-added'),
  'notice-address-removed': told('notice-address-removed'),

  'account-frozen': {
    subject: 'mail.account-frozen.subject',
    blocks: ['mail.account-frozen.by', 'mail.account-frozen.effect', 'facts', 'mail.account-frozen.next', openCase],
  },
  ...holdTemplates,
  ...staffTemplates,
  'case-update': { subject: 'mail.case-update.subject', blocks: ['mail.case-update.body', 'facts', openCase] },
  'case-closed': { subject: 'mail.case-closed.subject', blocks: ['mail.case-closed.body', 'facts', openCase] },
};
