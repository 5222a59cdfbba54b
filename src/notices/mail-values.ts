import type { Role } from '../agents/rules.ts';

type Optional<T> = { [K in keyof T]?: T[K] | undefined };

export type SharedValues = {
  publicUrl: string;
  service: string;
  /** Where the owner can ask whether a mail is real: an address or a page of the operator. */
  contact: string;
  /** The address or name the mail is about; it is shown masked. */
  account: string;
  at: Date;
} & Optional<{ timeZone: string; phrase: string; caseReference: string; device: string; ip: string }>;

type HoldScope = 'all' | 'sign-in' | 'payments' | 'withdrawals' | 'security-changes';

type Freezable = SharedValues & { freezeToken: string };
/** Which identifier changed, and the new one as a mail may show it. */
type Changed = { changed: string; newContact: string };
/** What of whose access here changes, by whom, and why. */
type StaffChange = SharedValues & { change: string; agent: string; role: Role; by: string } & Optional<{
    doer: string;
    note: string;
  }>;
type CaseLinked = SharedValues & { caseReference: string } & Optional<{ caseToken: string }>;

/** What each template must be given. Tokens are bare: the renderer puts them into the fragment of a link. */
export type MailValues = {
  'confirm-email': SharedValues & { token: string };
  'already-registered': SharedValues;
  'reset-password': SharedValues & { token: string; expiresInSeconds: number };
  'report-confirm': SharedValues & { token: string };
  'recovery-link': SharedValues & { token: string; expiresInSeconds: number };
  'unfreeze-code': SharedValues & { code: string; expiresInSeconds: number };

  'sign-in-code': Freezable & { code: string; expiresInSeconds: number };

  'password-changed': Freezable;
  'password-reset-done': Freezable;
  'totp-added': Freezable;
  'totp-removed': Freezable;
  'sms-added': Freezable;
  'sms-removed': Freezable;
  'totp-replaced': Freezable;
  'totp-warning': Freezable & { failures: number; limit: number };
  'totp-disabled': Freezable & { failures: number } & Optional<{ passwordDisabled: true }>;
  'passkey-added': Freezable;
  'passkey-removed': Freezable;
  'passkey-copied': Freezable;
  'account-exported': Freezable;
  'recovery-codes-issued': Freezable;
  'recovery-codes-removed': Freezable;
  'transaction-resolved': Freezable;
  'recovery-code-used': Freezable & { left: number };
  'new-device-sign-in': Freezable;
  'refresh-reuse': Freezable;
  'grant-altered': Freezable;

  'sign-in-locked': Freezable & { until: Date; unlockToken?: string | undefined };
  'lockout-warning': Freezable & { failures: number; limit: number };
  'password-disabled': Freezable & { failures: number };
  'password-exposed': Freezable & { failures: number };
  'password-breached': Freezable & Optional<{ resetToken: string }> & { expiresInSeconds: number };
  'password-stuffed': Freezable & Optional<{ resetToken: string }> & { expiresInSeconds: number };
  'password-reset-required': SharedValues & Optional<{ resetToken: string }> & { expiresInSeconds: number };
  'second-factor-guessing': Freezable;
  'second-factor-locked': Freezable & { until: Date };

  'second-factor-reset-scheduled': Freezable & { until: Date } & Optional<{ vetoToken: string }>;
  'second-factor-reset-cancelled': Freezable & { by: string };
  'second-factor-reset-done': Freezable;

  'confirm-new-email': SharedValues & { token: string; expiresInSeconds: number };
  'email-in-use': SharedValues;
  'contact-change-requested': Freezable & Changed;
  'contact-changed': Freezable & Changed & Optional<{ undoToken: string }>;
  'contact-change-undone': SharedValues & Changed;
  'confirm-notice-address': SharedValues & { token: string; expiresInSeconds: number };
  'notice-address-added': Freezable & { newContact: string };
  'notice-address-removed': Freezable & { newContact: string };

  'account-frozen': CaseLinked & { by: 'owner' | 'agent' | 'rule' };
  'hold-placed': SharedValues & { scope: HoldScope } & Optional<{ until: Date }>;
  'hold-release-scheduled': SharedValues & { until: Date } & Optional<{ vetoToken: string }>;
  'hold-release-cancelled': SharedValues & { by: string };
  'break-glass-used': SharedValues;
  'staff-change-requested': StaffChange & { until: Date };
  'staff-changed': StaffChange;
  'staff-change-ended': StaffChange;
  'own-access-changed': StaffChange;
  'agent-enrolment': SharedValues & { role: Role; code: string; expiresInSeconds: number };
  'watch-began': Freezable & { until: Date };
  'watch-ended': Freezable;
  'hold-released': Freezable & { scope: HoldScope };
  'case-update': CaseLinked;
  'case-closed': CaseLinked;
};

export type Template = keyof MailValues;

type Tokens = {
  token: string;
  resetToken: string;
  freezeToken: string;
  unlockToken: string;
  caseToken: string;
  undoToken: string;
  vetoToken: string;
};
export type TokenName = keyof Tokens;

/** Any template's values, as the renderer reads them. */
export type AnyValues = SharedValues &
  Optional<
    Tokens & {
      code: string;
      expiresInSeconds: number;
      until: Date;
      left: number;
      failures: number;
      limit: number;
      passwordDisabled: true;
      by: string;
      changed: string;
      newContact: string;
      scope: HoldScope;
      change: string;
      agent: string;
      doer: string;
      role: Role;
      note: string;
    }
  >;
