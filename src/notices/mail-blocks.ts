import type { TextKey } from '../languages/languages.ts';
import type { AnyValues, TokenName } from './mail-values.ts';

type ConfirmPage = 'confirm-address' | 'confirm-notice-address';
export type LinkBlock = {
  label: TextKey;
  page:
    | 'confirm'
    | 'reset'
    | 'recover'
    | 'report'
    | 'sign-in'
    | 'freeze'
    | 'unlock'
    | 'case'
    | 'undo'
    | 'veto'
    | ConfirmPage;
  token?: TokenName;
  /** Left out without its token, not led to the bare page. */
  needsToken?: true;
  tone: 'calm' | 'alarm';
};

/** A paragraph, one that is left out without its value, a link, the table of facts, or the code to type in. */
export type Block = TextKey | { paragraph: TextKey; needs: keyof AnyValues } | LinkBlock | 'facts' | 'code';

export type MailTemplate = { subject: TextKey; blocks: readonly Block[] };

export const confirm: LinkBlock = { label: 'mail.link.confirm', page: 'confirm', token: 'token', tone: 'calm' };
export const reset: LinkBlock = { label: 'mail.link.reset', page: 'reset', token: 'token', tone: 'calm' };
export const resetAtOnce: LinkBlock = { ...reset, token: 'resetToken' };
export const recover: LinkBlock = { label: 'mail.link.recover', page: 'recover', token: 'token', tone: 'calm' };
export const report: LinkBlock = { label: 'mail.link.report', page: 'report', token: 'token', tone: 'calm' };
export const unlock: LinkBlock = {
  label: 'mail.link.unlock',
  page: 'unlock',
  token: 'unlockToken',
  tone: 'calm',
  needsToken: true,
};
export const undo: LinkBlock = {
  label: 'mail.link.undo',
  page: 'undo',
  token: 'undoToken',
  tone: 'alarm',
  needsToken: true,
};
export const veto: LinkBlock = {
  label: 'mail.link.veto',
  page: 'veto',
  token: 'vetoToken',
  tone: 'alarm',
  needsToken: true,
};
export const confirmNew = (page: ConfirmPage): LinkBlock => ({ ...confirm, page });
export const openCase: LinkBlock = { label: 'mail.link.case', page: 'case', token: 'caseToken', tone: 'calm' };
export const signIn: LinkBlock = { label: 'mail.link.sign-in', page: 'sign-in', tone: 'calm' };
export const manage: LinkBlock = { label: 'mail.link.manage', page: 'sign-in', tone: 'calm' };
export const requestReset: LinkBlock = { label: 'mail.link.request-reset', page: 'reset', tone: 'calm' };

const freezeLink: LinkBlock = { label: 'mail.link.freeze', page: 'freeze', token: 'freezeToken', tone: 'alarm' };
export const freeze: readonly Block[] = ['mail.not-you.freeze', freezeLink];
export const knownOrFreeze: readonly Block[] = ['mail.not-you.known', ...freeze];
