import type { TextKey } from '../languages/languages.ts';
import type { AnyValues, Template, TokenName } from './mail-values.ts';

type ConfirmPage = 'confirm-address' | 'confirm-notice-address';
export type LinkBlock = {
  label: TextKey;
  page: 'confirm' | 'reset' | 'report' | 'sign-in' | 'freeze' | 'unlock' | 'case' | 'undo' | ConfirmPage;
  token?: TokenName;
  /** Left out without its token, not led to the bare page. */
  needsToken?: true;
  tone: 'calm' | 'alarm';
};

/** A paragraph, one that is left out without its value, a link, the table of facts, or the code to type in. */
export type Block = TextKey | { paragraph: TextKey; needs: keyof AnyValues } | LinkBlock | 'facts' | 'code';

export type MailTemplate = { subject: TextKey; blocks: readonly Block[] };

const confirm: LinkBlock = { label: 'mail.link.confirm', page: 'confirm', token: 'token', tone: 'calm' };
const reset: LinkBlock = { label: 'mail.link.reset', page: 'reset', token: 'token', tone: 'calm' };
const resetAtOnce: LinkBlock = { ...reset, token: 'resetToken' };
const report: LinkBlock = { label: 'mail.link.report', page: 'report', token: 'token', tone: 'calm' };
const unlock: LinkBlock = {
  label: 'mail.link.unlock',
  page: 'unlock',
  token: 'unlockToken',
  tone: 'calm',
  needsToken: true,
};
const undo: LinkBlock = { label: 'mail.link.undo', page: 'undo', token: 'undoToken', tone: 'alarm', needsToken: true };
const confirmNew = (page: ConfirmPage): LinkBlock => ({
  label: 'mail.link.confirm',
  page,
  token: 'token',
  tone: 'calm',
});
const openCase: LinkBlock = { label: 'mail.link.case', page: 'case', token: 'caseToken', tone: 'calm' };
const signIn: LinkBlock = { label: 'mail.link.sign-in', page: 'sign-in', tone: 'calm' };
const manage: LinkBlock = { label: 'mail.link.manage', page: 'sign-in', tone: 'calm' };
const requestReset: LinkBlock = { label: 'mail.link.request-reset', page: 'reset', tone: 'calm' };

const freezeLink: LinkBlock = { label: 'mail.link.freeze', page: 'freeze', token: 'freezeToken', tone: 'alarm' };
const freeze: readonly Block[] = ['mail.not-you.freeze', freezeLink];
const knownOrFreeze: readonly Block[] = ['mail.not-you.known', ...freeze];

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
  'report-confirm': {
    subject: 'mail.report-confirm.subject',
    blocks: ['mail.report-confirm.body', report, 'facts', 'mail.report-confirm.not-you'],
  },
  'unfreeze-code': {
    subject: 'mail.unfreeze-code.subject',
    blocks: ['mail.unfreeze-code.body', 'code', 'facts', 'mail.unfreeze-code.not-you'],
  },

  'password-changed': {
    subject: 'mail.password-changed.subject',
    blocks: ['mail.password-changed.body', 'facts', ...knownOrFreeze],
  },
  'password-reset-done': {
    subject: 'mail.password-reset-done.subject',
    blocks: ['mail.password-reset-done.body', 'facts', ...knownOrFreeze],
  },
  'totp-added': { subject: 'mail.totp-added.subject', blocks: ['mail.totp-added.body', 'facts', ...knownOrFreeze] },
  'totp-removed': {
    subject: 'mail.totp-removed.subject',
    blocks: ['mail.totp-removed.body', 'facts', ...knownOrFreeze],
  },
  'account-exported': {
    subject: 'mail.account-exported.subject',
    blocks: ['mail.account-exported.body', 'facts', ...knownOrFreeze],
  },
  'recovery-codes-issued': {
    subject: 'mail.recovery-codes-issued.subject',
    blocks: ['mail.recovery-codes-issued.body', 'facts', ...knownOrFreeze],
  },
  'recovery-code-used': {
    subject: 'mail.recovery-code-used.subject',
    blocks: ['mail.recovery-code-used.body', 'facts', ...knownOrFreeze],
  },
  'new-device-sign-in': {
    subject: 'mail.new-device-sign-in.subject',
    blocks: ['mail.new-device-sign-in.body', 'facts', ...knownOrFreeze],
  },
  'refresh-reuse': {
    subject: 'mail.refresh-reuse.subject',
    blocks: ['mail.refresh-reuse.body', 'facts', 'mail.refresh-reuse.known', ...freeze],
  },

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
  'lockout-warning': {
    subject: 'mail.lockout-warning.subject',
    blocks: ['mail.lockout-warning.body', 'facts', 'mail.lockout-warning.next', requestReset, ...freeze],
  },
  'password-disabled': {
    subject: 'mail.password-disabled.subject',
    blocks: ['mail.password-disabled.body', 'facts', 'mail.password-disabled.next', requestReset, ...freeze],
  },
  'password-exposed': {
    subject: 'mail.password-exposed.subject',
    blocks: ['mail.password-exposed.body', 'facts', 'mail.password-exposed.next', requestReset, ...freeze],
  },
  'password-breached': {
    subject: 'mail.password-breached.subject',
    blocks: [
      'mail.password-breached.body',
      'facts',
      'mail.password-breached.next',
      resetAtOnce,
      'mail.reset-link.late',
      requestReset,
      ...freeze,
    ],
  },
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
  'second-factor-guessing': {
    subject: 'mail.second-factor-guessing.subject',
    blocks: ['mail.second-factor-guessing.body', 'facts', 'mail.second-factor-guessing.known', ...freeze],
  },
  'second-factor-locked': {
    subject: 'mail.second-factor-locked.subject',
    blocks: ['mail.second-factor-locked.body', 'facts', 'mail.second-factor-locked.known', ...freeze],
  },

  'confirm-new-email': {
    subject: 'mail.confirm-new-email.subject',
    blocks: ['mail.confirm-new-email.body', confirmNew('confirm-address'), 'facts', 'mail.confirm-new-email.not-you'],
  },
  'email-in-use': {
    subject: 'mail.email-in-use.subject',
    blocks: ['mail.email-in-use.body', 'facts', 'mail.email-in-use.not-you'],
  },
  'contact-change-requested': {
    subject: 'mail.contact-change-requested.subject',
    blocks: ['mail.contact-change-requested.body', 'facts', ...knownOrFreeze],
  },
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
  'notice-address-added': {
    subject: 'mail.notice-address-added.subject',
    blocks: ['mail.notice-address-added.body', 'facts', ...knownOrFreeze],
  },
  'notice-address-removed': {
    subject: 'mail.notice-address-removed.subject',
    blocks: ['mail.notice-address-removed.body', 'facts', ...knownOrFreeze],
  },

  'account-frozen': {
    subject: 'mail.account-frozen.subject',
    blocks: ['mail.account-frozen.by', 'mail.account-frozen.effect', 'facts', 'mail.account-frozen.next', openCase],
  },
  'hold-placed': {
    subject: 'mail.hold-placed.subject',
    blocks: [
      'mail.hold-placed.body',
      { paragraph: 'mail.hold-placed.until', needs: 'until' },
      'facts',
      'mail.hold-placed.next',
      manage,
    ],
  },
  'hold-released': {
    subject: 'mail.hold-released.subject',
    blocks: ['mail.hold-released.body', 'facts', ...freeze, 'mail.hold-released.links'],
  },
  'case-update': { subject: 'mail.case-update.subject', blocks: ['mail.case-update.body', 'facts', openCase] },
};
