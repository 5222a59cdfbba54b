/** Every type of event, with what its detail holds. Nothing secret, nothing that a seal could not keep for years. */
export type EventDetails = {
  'sign-up.requested': { email: string; isDisposable: boolean };
  'sign-up.confirmed': { username: string | null; isDisposable: boolean };
  'account.created': { externalId: string | null; emailConfirmed: boolean; importId?: string; secondFactor?: 'totp' };
  'account.exported': { by: 'owner' | 'host' | 'operator' };
  'account.erased': Record<string, never>;
  'accounts.imported': { importId: string; format: string; imported: number; skipped: number };
  'sign-in.succeeded': { amr: string[]; isNewDevice: boolean };
  'sign-in.failed': { reason: 'wrong-password' | 'wrong-code' | 'password-disabled' };
  'sign-in.challenged': { factors: string[] };
  /** Reasons are the ids of rules of `risk/rules.ts`. */
  'sign-in.assessed': { mode: string; reasons: string[]; isChallenged: boolean };
  'sign-in.code-requested': Record<string, never>;
  'enrolment.required': Record<string, never>;
  'sign-in.refused': { action: string; scopes: string[]; reason?: 'password-change-required' };
  'sign-in.locked': { until: string; onKnownDevice: boolean };
  'sign-in.unlocked': { by: 'link' | 'agent'; note?: string };
  'stuffing.detected': { cause: string; step: string; mode: string };
  'password.stuffed': Record<string, never>;
  'password.failing': { failures: number };
  'password.disabled': { failures: number };
  'password.exposed': { failures: number };
  'password-reset.requested': { identifier: string };
  'password-reset.mailed': Record<string, never>;
  'password.reset': { amr: string[] };
  'password.changed': { amr: string[]; endedSessions: number };
  'password.change-failed': { reason: 'wrong-password' | 'wrong-code' | 'password-disabled' };
  'password.breached': Record<string, never>;
  'password.reset-required': { note: string; endedSessions: number };
  'second-factor.failed': { factor: string; failures: number };
  'second-factor.guessed': { failures: number };
  'second-factor.locked': { until: string };
  'device.added': Record<string, never>;
  'device.removed': { endedSessions: number };
  'session.stepped-up': { acr: string; amr: string[] };
  'step-up.failed': { reason: 'wrong-password' | 'wrong-code' | 'password-disabled' | 'wrong-passkey' };
  'session.ended': { reason: string; note?: string };
  'sessions.revoked': { reason: string; sessionIds: string[] };
  'sessions.signed-out': { which: 'others' | 'all'; ended: number };
  'refresh.reused': Record<string, never>;
  'email.change-requested': { changeId: string; to: string | null };
  'email.changed': { changeId: string; from: string | null; to: string | null };
  'email.change-undone': { changeId: string; to: string | null; changes: number };
  'phone.change-requested': { changeId: string; to: string | null };
  'phone.changed': { changeId: string; from: string | null; to: string | null };
  'phone.change-undone': { changeId: string; to: string | null; changes: number };
  'username.changed': { changeId: string; from: string | null; to: string | null };
  'username.change-undone': { changeId: string; to: string | null; changes: number };
  'notice-address.added': { addressId: string; address: string | null };
  'notice-address.confirmed': { addressId: string; address: string | null };
  'notice-address.removed': { addressId: string; address: string | null };
  'totp.enrolled': { factorId: string };
  'totp.replaced': { factorId: string; replacedId: string };
  'totp.renamed': { factorId: string };
  'totp.failing': { failures: number };
  'totp.disabled': { failures: number; factorIds: string[]; isPasswordDisabled: boolean };
  'totp.confirmed': { factorId: string };
  'totp.removed': { factorId: string };
  'passkey.added': { passkeyId: string; name: string };
  'passkey.renamed': { passkeyId: string; name: string };
  'passkey.removed': { passkeyId: string; name: string };
  'passkey.counter-regressed': { passkeyId: string; signCount: number };
  'sms.requested': Record<string, never>;
  'sms.confirmed': Record<string, never>;
  'sms.removed': { by: 'owner' | 'agent' | 'phone-change' };
  'sms-code.requested': Record<string, never>;
  'recovery-codes.issued': { count: number };
  'recovery-codes.removed': { count: number };
  'recovery-code.used': { left: number };
  'account.frozen': { holdId: string; source: string; reasonCode: string; note: string | null; endedSessions: number };
  'hold.placed': {
    holdId: string;
    scope: string;
    source: string;
    reasonCode: string;
    until: string | null;
    note: string | null;
  };
  'bulk-freeze.requested': { bulkFreezeId: string; total: number; reasonCode: string; note: string; isDryRun: boolean };
  'bulk-freeze.started': { bulkFreezeId: string; total: number };
  'bulk-freeze.finished': { bulkFreezeId: string; frozen: number; failed: number };
  'bulk-freeze.undo-started': { bulkFreezeId: string; note: string };
  'bulk-freeze.undone': { bulkFreezeId: string; undone: number; notUndone: number };
  'hold.released': {
    holdId: string;
    scope: string;
    source: string;
    reasonCode: string;
    releaseReason: string;
    note: string | null;
  };
  /** A freeze by a rule that an agent stands by. */
  'hold.confirmed': { holdId: string; note: string | null };
  'hold.release-scheduled': { approvalId: string; until: string };
  'hold.release-cancelled': { approvalId: string; reason: string };
  'unfreeze.code-requested': { unfreezeId: string };
  'unfreeze.failed': { unfreezeId: string; attempts: number };
  'unfreeze.scheduled': { unfreezeId: string; until: string };
  'unfreeze.cancelled': { unfreezeId: string; reason: string };
  /** On the machine itself: every agent is told. */
  'break-glass.used': { holdIds: string[]; note: string };
  'freeze-link.used': { changed: boolean };
  'case.opened': { reference: string; kind: string; priority: string };
  'case.raised': { from: string };
  /** By somebody who proved nothing; what they said stands with the case. */
  'report.received': { reportId: string; kind: string };
  'report.confirmed': { reportId: string; kind: string; by: 'link' | 'session' };
  'case.reported': { kind: string; isProven: boolean };
  'case.appealed': { reference: string; answerBy: string; isProven: boolean };
  'case.feedback-given': { rating: number };
  'case.message-added': { by: string; isProven: boolean };
  /** By a rule of the calendar: what was promised by `dueAt` did not happen. */
  'case.overdue': { promise: string; dueAt: string; from: string };
  'case.claimed': Record<string, never>;
  'case.assigned': { to: string | null };
  'case.note-added': { messageId: string };
  'case.answered': { messageId: string; isFirst: boolean };
  'case.contact-logged': { contactId: string; channel: string; party: string };
  'case.evidence-added': { evidenceId: string; kind: string; sha256: string };
  'case.snoozed': { until: string | null };
  'case.step-started': { step: string };
  'case.refund-decided': { decision: string; note: string };
  'case.merged': { into: string; note: string };
  'case.resolved': { outcome: string; note: string };
  'case.accessed': { by: 'password' | 'passkey' | 'link' };
  'grant.requested': { grantId: string; action: string; amount: string | null; currency: string | null };
  'grant.confirmed': { grantId: string; factor: string };
  'grant.failed': { grantId: string; failures: number; isVoid: boolean };
  'grant.voided': { grantId: string; reason: 'cancelled' | 'held' };
  'grant.redeemed': { grantId: string; transactionId: string | null; factor: string };
  'grant.altered': { grantId: string; transactionId: string | null; differences: string[] };
  'transaction.decided': { transactionId: string; kind: string; decision: string; amount: string; currency: string };
  'transaction.marked': { transactionId: string; mine: boolean; by: 'owner' | 'agent'; isProven: boolean };
  /** Decided for good: stopped because it is not the owner's, or by the agent who reviewed it. */
  'transaction.resolved': {
    transactionId: string;
    decision: string;
    reason: 'not-mine' | 'reviewed';
    note: string | null;
  };
  'transaction.ended': { transactionId: string; outcome: string; decision: string };
  /** Something born inside the window was taken back; what exactly stands in the event of its own kind. */
  'payee.trusted': { id: string; note: string };
  'window.undone': { kind: string; id: string; note: string };
  'window.set': { from: string; until: string | null; note: string };
  'window.proposed': { from: string; eventId: string };
  /** The owner says that what an entry of the activity tells of was not them. */
  'activity.denied': { eventId: string; type: string };
  /** What the host saw itself; `name` and the rest are its own words. */
  'host.event': {
    name: string;
    hostEventId: string;
    receivedAt: string;
    hostile: boolean;
    text: Record<string, string> | null;
    data: Record<string, string | number | boolean> | null;
  };
  /** `eventIds`: what the rule went by, the last of them what set it off. */
  'rule.matched': {
    rule: string;
    outcome: 'shadow' | 'opened' | 'joined' | 'held-back';
    frozen: boolean;
    eventIds: string[];
  };
  'rules.throttled': { what: 'cases' | 'freezes'; rule: string; perHour: number };
  'verification.recorded': { verificationId: string; kind: string; level: string };
  'approval.requested': { approvalId: string; kind: string; note: string; expiresAt: string };
  'approval.approved': { approvalId: string; kind: string; note: string; effectiveAt: string };
  'approval.refused': { approvalId: string; kind: string; reason: string };
  'approval.ended': { approvalId: string; kind: string; reason: string; note: string | null };
  /** `until`: then it is done, and up to then the owner can veto it. */
  'second-factor.reset-scheduled': { approvalId: string; until: string };
  'second-factor.reset-cancelled': { approvalId: string; reason: string };
  'second-factor.reset': { approvalId: string; factors: string[]; endedSessions: number };
  'recovery.offered': { recoveryId: string };
  'recovery.opened': { recoveryId: string };
  'watch.began': { watchId: string; until: string };
  'watch.extended': { watchId: string; until: string; note: string };
  'watch.due': { watchId: string };
  'watch.ended': { watchId: string; reason: string };
  /** By what a second admin agreed to, or at the command line. */
  'agent.created': { email: string; role: string; agentId?: string; changeId?: string };
  /** `until`: undecided until then it ends; where one person works alone, then it is carried out. */
  'agent.change-requested': { changeId: string; kind: string; agentId: string | null; note: string; until: string };
  'agent.change-refused': { changeId: string; kind: string; reason: string };
  'agent.change-ended': { changeId: string; kind: string; agentId: string | null; reason: string; note: string | null };
  'agent.role-changed': { changeId: string; agentId: string; from: string; to: string };
  'agent.reset': { changeId: string; agentId: string; endedSessions: number };
  'agent.enabled': { changeId: string; agentId: string };
  'agent.disabled': { changeId: string; agentId: string; endedSessions: number };
  'agent.unlocked': { changeId: string; agentId: string; note: string };
  'agent.enrolment-offered': { agentId: string; enrolmentId: string };
  'agent.enrolment-started': { agentId: string; enrolmentId: string };
  'agent.enrolment-failed': { agentId: string; enrolmentId: string; attempts: number };
  'agent.enrolled': { agentId: string; enrolmentId: string };
  'agent.signed-in': Record<string, never>;
  'agent.sign-in-failed': { email: string };
  'agent.locked': { until: string };
  'account.read': { view: string };
  'events.exported': { as: string; accountId: string | null; from: string; to: string };
  'accounts.searched': { query: string; found: number };
  'api-key.created': { name: string; scopes: string[] };
  'api-key.revoked': { apiKeyId: string; name: string; note: string };
  'key.rotated': { keyId: string; purpose: string; usedFrom: string; by: 'command' | 'schedule' | 'revocation' };
  'key.retired': { keyId: string; purpose: string; isGone: boolean };
  'key.revoked': { keyId: string; successorId: string | null };
  'keys.rewrapped': { count: number; secretId: string };
  'delivery.failed': { deliveryId: string; kind: string; reaction: string; error: string };
  'delivery.replayed': { deliveryId: string };
  'authorisation.failed': { path: string };
};

export type EventType = keyof EventDetails;
