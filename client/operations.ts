// Generated from openapi.yaml by npm run fix; do not edit.

export type Account = {
  id: string;
  externalId: string | null;
  email: string;
  emailConfirmed: boolean;
  username: string | null;
  phone: string | null;
  phoneConfirmed: boolean;
  locale: 'en' | 'zh-CN';
  createdAt: string;
};

export type AccountExport = {
  exportedAt: string;
  account: Record<string, unknown>;
  identifiers: Record<string, unknown>[];
  contactChanges: Record<string, unknown>[];
  noticeAddresses: Record<string, unknown>[];
  secondFactors: Record<string, unknown>[];
  devices: Record<string, unknown>[];
  holds: Record<string, unknown>[];
  cases: Record<string, unknown>[];
  grants: Record<string, unknown>[];
  caseContacts: Record<string, unknown>[];
  caseEvidence: Record<string, unknown>[];
  verifications: Record<string, unknown>[];
  approvals: Record<string, unknown>[];
  appeals: Record<string, unknown>[];
  feedback: Record<string, unknown>[];
  confirmedReports: Record<string, unknown>[];
  receipts: Record<string, unknown>[];
  sessions: Record<string, unknown>[];
  messages: Record<string, unknown>[];
  transactions: Record<string, unknown>[];
  mails: Record<string, unknown>[];
  activity: Record<string, unknown>[];
};

export type AccountPage = {
  id: string;
  externalId: string | null;
  email: string;
  emailConfirmed: boolean;
  username: string | null;
  phone: string | null;
  phoneConfirmed: boolean;
  locale: 'en' | 'zh-CN';
  createdAt: string;
  emailDisposable: boolean;
  secondFactor: { totp: boolean; passkeys: number; sms: boolean; recoveryCodesLeft: number };
  holds: FullHold[];
  lockouts: Lockout[];
  credential:
    | { consecutiveFailures: number; disabledAt: string | null; changeRequiredAt: string | null }
    | { consecutiveFailures: number; disabledAt: string | null; changeRequiredAt: string | null };
  authenticators: {
    id: string;
    name: string;
    consecutiveFailures: { strangers: number; knownDevices: number };
    disabledAt: string | null;
  }[];
  secondFactorReset:
    | {
        approvalId: string;
        status: 'pending' | 'scheduled' | 'done' | 'rejected' | 'vetoed' | 'cancelled' | 'expired';
        caseId: string | null;
        requestedBy: string;
        requestedAt: string;
        effectiveAt: string | null;
      }
    | {
        approvalId: string;
        status: 'pending' | 'scheduled' | 'done' | 'rejected' | 'vetoed' | 'cancelled' | 'expired';
        caseId: string | null;
        requestedBy: string;
        requestedAt: string;
        effectiveAt: string | null;
      };
  sessions: { id: string; since: string; lastSeenAt: string; ip: string | null; device: string | null }[];
  devices: { id: string; since: string; lastSeenAt: string; ip: string | null; device: string | null }[];
  cases: { id: string; reference: string; kind: string; priority: string; status: 'open' | 'closed' }[];
};

export type ActivityEntry = {
  id: string;
  type: string;
  at: string;
  text: string;
  by: 'you' | 'somebody' | 'support' | 'app' | 'system';
  ip: string | null;
  place: Place;
  device:
    | { name: string | null; browser: string | null; os: string | null }
    | { name: string | null; browser: string | null; os: string | null };
  sessionId: string | null;
  data: Record<string, unknown>;
};

export type AddedPasskey = {
  id: string;
  name: string;
  createdAt: string;
  lastUsedAt: string | null;
  isBackedUp: boolean;
  recoveryCodes?: string[];
};

export type AgentCase = Case & {
  status?: 'open' | 'snoozed' | 'closed';
  accountId: string | null;
  accountCount: number;
  cause: string | null;
  assignee: string | null;
  dueAt: string | null;
  moneyAtRisk: number;
  firstAnswerAt: string | null;
  escalatedAt: string | null;
  snoozedUntil: string | null;
  mergedInto: string | null;
  closedAt: string | null;
};

export type AgentSignedIn = {
  status: 'signed-in';
  accessToken: string;
  expiresIn: number;
  refreshToken: string;
  sessionId: string;
  agentId: string;
};

export type ApiKey = {
  id: string;
  name: string;
  scopes: (
    | 'accounts:read'
    | 'accounts:write'
    | 'accounts:freeze'
    | 'accounts:export'
    | 'accounts:erase'
    | 'sessions:read'
    | 'transactions:write'
    | 'events:write'
  )[];
  createdAt: string;
  revokedAt: string | null;
};

export type Approval = {
  id: string;
  kind: 'second-factor-reset' | 'release-hold' | 'bulk-freeze' | 'bulk-undo';
  status: 'pending' | 'scheduled' | 'done' | 'rejected' | 'vetoed' | 'cancelled' | 'expired';
  accountId: string | null;
  caseId: string | null;
  caseReference: string | null;
  subjectId: string | null;
  reasonCode: 'restored' | 'mistake' | 'false-positive' | null;
  requestedBy: string;
  requestedAt: string;
  reason: string;
  expiresAt: string;
  decidedBy: string | null;
  decidedAt: string | null;
  decisionNote: string | null;
  effectiveAt: string | null;
  executedAt: string | null;
  endedAt: string | null;
  endReason:
    | 'rejected'
    | 'vetoed'
    | 'factor-used'
    | 'frozen'
    | 'contact-restored'
    | 'held'
    | 'not-ready'
    | 'contested'
    | 'released'
    | 'expired'
    | null;
  endedBy: string | null;
  endNote: string | null;
};

export type Authenticators = {
  items: { id: string; name: string; createdAt: string; lastUsedAt?: string; disabled: boolean }[];
  nextCursor: null;
};

export type BornInside = {
  kind:
    | 'session'
    | 'device'
    | 'totp'
    | 'passkey'
    | 'sms'
    | 'recovery-codes'
    | 'contact-change'
    | 'notice-address'
    | 'payee'
    | 'transaction';
  id: string;
  bornAt: string;
  state: 'active' | 'undone' | 'done';
  label: string;
  of: string | null;
};

export type BulkFreeze = {
  jobId: string;
  status: 'dry-run' | 'waiting' | 'called-off' | 'running' | 'finished' | 'undoing' | 'undone';
  total: number;
  reasonCode:
    | 'account-takeover'
    | 'suspected-fraud'
    | 'unauthorised-transaction'
    | 'scam'
    | 'lost-device'
    | 'review'
    | 'other';
  note: string;
  filter: Record<string, unknown> | null;
  dryRun: boolean;
  requestedBy: string;
  requestedAt: string;
  approvalId?: string;
  undoApprovalId?: string;
  caseId: string | null;
  startedAt: string | null;
  finishedAt: string | null;
  undoStartedAt: string | null;
  undoneAt: string | null;
};

export type BulkFreezeFilter = { deviceId?: string; ip?: string; payeeId?: string; caseId?: string };

export type Case = {
  id: string;
  reference: string;
  kind: 'takeover' | 'suspicious-activity' | 'unauthorised-transaction' | 'scam' | 'locked-out' | 'complaint';
  priority: 'urgent' | 'high' | 'normal' | 'low';
  status: 'open' | 'closed';
  openedAt: string;
  respondBy: string;
  refund: Refund;
  outcome: 'confirmed' | 'false-positive' | 'solved' | 'declined' | 'merged' | null;
  messages?: {
    id: string;
    author: 'owner' | 'agent' | 'system';
    kind: string;
    body: string;
    proven: boolean;
    at: string;
  }[];
  steps?: Step[];
  next?:
    | 'contained'
    | 'reported'
    | 'window-set'
    | 'credentials-reset'
    | 'transactions-reviewed'
    | 'identity-verified'
    | 'factor-bound'
    | 'restored'
    | 'watched'
    | 'closed'
    | null;
  promises?: { what: 'first-answer' | 'solved' | 'refund'; by: 'support'; dueAt: string; kept: boolean }[];
};

export type CaseAccess = { caseToken: string; expiresIn: number; caseReference: string | null };

export type CaseBundle = {
  generatedAt: string;
  generatedBy: string;
  account: {
    id: string;
    externalId: string | null;
    email: string;
    emailConfirmed: boolean;
    username: string | null;
    phone: string | null;
    phoneConfirmed: boolean;
    locale: 'en' | 'zh-CN';
    createdAt: string;
  };
  case: WholeCase;
  timeline: TimelineItem[];
  transactions: Record<string, unknown>[];
  liability: Record<string, unknown>[];
  holds: Record<string, unknown>[];
  receipts: { jws: string; issuedAt: string }[];
  evidence: Record<string, unknown>[];
};

export type CaseContact = {
  id: string;
  channel: 'web' | 'mail' | 'chat' | 'phone' | 'social';
  party: 'owner' | 'host' | 'bank' | 'police' | 'other';
  summary: string;
  agreed: string | null;
  by: string;
  at: string;
};

export type Claim = {
  id: string;
  reference: string;
  kind: 'takeover' | 'unauthorised-transaction' | 'scam' | 'locked-out' | 'complaint';
  message: string;
  contact: string;
  channel: string | null;
  receivedAt: string;
  confirmedAt: string | null;
};

export type Contacts = {
  email: string;
  username: string | null;
  phone: string | null;
  phoneConfirmed: boolean;
  canChangePhone: boolean;
  offersTexts: boolean;
  waiting: { kind: 'email' | 'username' | 'phone'; to: string; expiresAt: string }[];
  recent: {
    kind: 'email' | 'username' | 'phone';
    from: string | null;
    to: string;
    changedAt: string;
    undoUntil: string;
  }[];
  noticeAddresses: NoticeAddress[];
};

export type CountedRule = {
  id:
    | 'codes-after-password'
    | 'many-lockouts'
    | 'new-device-then-change'
    | 'refresh-reused'
    | 'stolen-session'
    | 'grant-altered'
    | 'marked-hostile';
  reason: string;
  mode: string;
  freezes: boolean;
  matched: number;
  opened: number;
  joined: number;
  heldBack: number;
  frozen: number;
  confirmed: number;
  falsePositives: number;
};

export type Decision = {
  decision: 'allow' | 'challenge' | 'review' | 'deny';
  status: 'decided' | 'pending-review' | 'resolved';
  score: number;
  reasons: { rule: string; text: string }[];
  assessmentId: string;
};

export type Delivery = {
  id: string;
  kind: string;
  reaction: string;
  status: 'waiting' | 'delivered' | 'failed';
  accountId: string | null;
  caseId: string | null;
  attempts: number;
  createdAt: string;
  nextAttemptAt: string | null;
  lastError: string | null;
};

export type Device = {
  name: string | null;
  browser: string | null;
  os: string | null;
  id: string;
  current: boolean;
  createdAt: string;
  lastSeenAt: string;
  ip: string | null;
  place: Place;
};

export type Enrolled = SignedIn & { recoveryCodes: string[] };

export type EnrolmentRequired = {
  status: 'enrolment-required';
  enrolmentToken: string;
  factors: ('totp' | 'passkey')[];
  expiresIn: number;
};

export type Erasure = {
  accountId: string;
  erasedAt: string;
  kept: { what: 'receipts' | 'transactions'; count: number; until: string }[];
};

export type Event = {
  id: string;
  type: string;
  at: string;
  accountId: string | null;
  actor: { kind: string; id: string | null };
  sessionId: string | null;
  deviceId: string | null;
  caseId: string | null;
  ip: string | null;
  userAgent: string | null;
  requestId: string | null;
  detail: Record<string, unknown>;
};

export type Evidence = {
  id: string;
  kind: 'text' | 'reference' | 'file';
  title: string;
  body: string | null;
  mediaType: 'image/png' | 'image/jpeg' | 'image/webp' | 'application/pdf' | 'text/plain' | null;
  size: number | null;
  sha256: string;
  by: string;
  at: string;
};

export type FirstRecoveryCodes = { recoveryCodes: string[] };

export type FoundAccount = {
  id: string;
  email: string;
  username: string | null;
  phone: string | null;
  phoneConfirmed: boolean;
  createdAt: string;
};

export type Frozen = { hold: FullHold; caseId: string; reference: string };

export type FullHold = Hold & { id: string; source: 'owner' | 'agent' | 'rule' | 'policy' | 'legal' };

export type Grant = {
  grantId: string;
  status: 'requested' | 'confirmed' | 'used' | 'expired' | 'void';
  display: {
    action: 'payment' | 'withdrawal' | 'security-change';
    amount: string | null;
    currency: string | null;
    payee: { id: string; name?: string } | { id: string; name?: string };
  };
  factors: ('totp' | 'passkey')[];
  expiresAt: string;
  returnTo: string | null;
};

export type Hold = {
  scope: 'all' | 'sign-in' | 'payments' | 'withdrawals' | 'security-changes';
  reasonCode:
    | 'account-takeover'
    | 'suspected-fraud'
    | 'unauthorised-transaction'
    | 'scam'
    | 'lost-device'
    | 'owner-request'
    | 'review'
    | 'credential-change'
    | 'recovery'
    | 'new-payee'
    | 'legal-order'
    | 'other';
  since: string;
  until: string | null;
};

export type HostEvent = {
  id: string;
  accountId: string;
  type: string;
  at: string;
  ip?: string | string;
  userAgent?: string;
  deviceId?: string;
  sessionId?: string;
  text?: { en?: string; 'zh-CN'?: string };
  data?: Record<string, string | number | boolean>;
  hostile?: boolean;
};

export type Liability = {
  transactionId: string;
  amount: string;
  currency: string;
  occurredAt: string;
  reportedAt: string;
  proven: boolean;
  outcome: 'completed' | 'failed' | 'reversed' | null;
  completedAfterReport: boolean;
  confirmedWith: string | null;
  signedInWith: string[] | null;
  device: { id: string; since: string | null } | { id: string; since: string | null };
};

export type LinkedAccount = {
  accountId: string;
  frozen: boolean;
  reasons: { what: 'address' | 'payee' | 'device'; value: string; sharers: number; common: boolean }[];
};

export type Lockout = {
  factor: 'password' | 'totp' | 'recovery-code' | 'sms';
  purpose: 'sign-in' | 'reset' | 'change' | 'grant';
  identifier: string | null;
  deviceId: string | null;
  failures: number;
  locks: number;
  lockedUntil: string | null;
};

export type Me = {
  id: string;
  email: string;
  emailConfirmed: boolean;
  locale: 'en' | 'zh-CN';
  secondFactor: { totp: boolean; passkeys: number; sms: boolean; recoveryCodesLeft: number; recoveryCodesLow: boolean };
  holds: Hold[];
  watchUntil: string | null;
};

export type NoticeAddress = { id: string; email: string; confirmed: boolean; addedAt: string };

export type OwnTransaction = {
  id: string;
  transactionId: string;
  kind: 'payment' | 'withdrawal' | 'deposit' | 'refund';
  amount: string;
  currency: string;
  payeeName: string | null;
  occurredAt: string;
  decision: 'allow' | 'challenge' | 'review' | 'deny';
  status: 'decided' | 'pending-review' | 'resolved';
  outcome: 'completed' | 'failed' | 'reversed' | null;
  mine: boolean | null;
  markedAt: string | null;
  proven: boolean | null;
};

export type Passkey = { id: string; name: string; createdAt: string; lastUsedAt: string | null; isBackedUp: boolean };

export type PasskeyAssertion = {
  id: string;
  rawId: string;
  type: 'public-key';
  response: { clientDataJSON: string; authenticatorData: string; signature: string; userHandle?: string };
  clientExtensionResults?: Record<string, unknown>;
  authenticatorAttachment?: string;
};

export type PasskeyAttestation = {
  id: string;
  rawId: string;
  type: 'public-key';
  response: { clientDataJSON: string; attestationObject: string; transports?: string[] };
  clientExtensionResults?: Record<string, unknown>;
  authenticatorAttachment?: string | null;
};

export type PasskeyCreationOptions = {
  challenge: string;
  rp: { id: string; name: string };
  user: { id: string; name: string; displayName: string };
  pubKeyCredParams: { type: 'public-key'; alg: number }[];
  timeout: number;
  excludeCredentials: { id: string; type: 'public-key'; transports: string[] }[];
  authenticatorSelection: { residentKey: 'required'; requireResidentKey: true; userVerification: 'required' };
  attestation: 'none';
  extensions: { credProps: true };
};

export type PasskeyRequestOptions = {
  challenge: string;
  rpId: string;
  timeout: number;
  userVerification: 'required';
  allowCredentials: { id: string; type: 'public-key'; transports: string[] }[];
};

export type Place = { country: string; text: string } | { country: string; text: string };

export type Problem = {
  type: string;
  title: string;
  status: number;
  code:
    | 'malformed-json'
    | 'invalid-token'
    | 'invalid-passkey'
    | 'unauthorized'
    | 'invalid-credentials'
    | 'invalid-code'
    | 'invalid-challenge'
    | 'invalid-refresh-token'
    | 'second-factor-required'
    | 'insufficient-authentication'
    | 'forbidden'
    | 'account-held'
    | 'proof-required'
    | 'self-approval'
    | 'second-person-required'
    | 'password-change-required'
    | 'proof-too-new'
    | 'cross-site'
    | 'not-found'
    | 'method-not-allowed'
    | 'account-exists'
    | 'transaction-conflict'
    | 'transaction-too-old'
    | 'transaction-settled'
    | 'transaction-doubted'
    | 'mark-stands'
    | 'case-open'
    | 'already-said'
    | 'last-way-in'
    | 'past-undoing'
    | 'already-enrolled'
    | 'too-many-passkeys'
    | 'erasure-blocked'
    | 'last-second-factor'
    | 'case-closed'
    | 'case-claimed'
    | 'refund-decided'
    | 'too-much-evidence'
    | 'no-refund-due'
    | 'step-not-ready'
    | 'hold-not-releasable'
    | 'already-released'
    | 'hold-contested'
    | 'nothing-to-confirm'
    | 'too-early'
    | 'no-second-factor'
    | 'phone-not-ready'
    | 'approval-open'
    | 'approval-closed'
    | 'agent-exists'
    | 'agent-unchanged'
    | 'agent-disabled'
    | 'last-admin'
    | 'idempotency-key-in-flight'
    | 'body-too-large'
    | 'unsupported-media-type'
    | 'invalid-request'
    | 'weak-password'
    | 'email-not-accepted'
    | 'idempotency-key-reused'
    | 'too-many-attempts'
    | 'too-many-requests'
    | 'internal-error'
    | 'busy';
  requestId: string;
  detail?: string;
  errors?: { pointer: string; detail: string }[];
  acr_values?: string;
  max_age?: number;
};

export type Proof = { challenge: string; nonce: string } | { captcha: string };

export type Receipt = { id: string; issuedAt: string; caseReference: string | null; receipt: string };

export type RecoveryCodes = { recoveryCodes: string[] };

export type Refreshed = { accessToken: string; expiresIn: number; refreshToken?: string };

export type Refund =
  | { dueAt: string; status: 'pending' | 'overdue' | 'granted' | 'refused' }
  | { dueAt: string; status: 'pending' | 'overdue' | 'granted' | 'refused' };

export type SecondFactorRequired = {
  status: 'second-factor-required';
  challenge: string;
  factors: ('totp' | 'passkey' | 'sms' | 'recovery-code' | 'email-code')[];
  expiresIn: number;
};

export type Session = {
  id: string;
  current: boolean;
  createdAt: string;
  lastSeenAt: string;
  expiresAt: string;
  ip: string | null;
  place: Place;
  device: { name: string | null; browser: string | null; os: string | null; id: string | null };
  acr: string;
  amr: string[];
};

export type SignedIn = {
  status: 'signed-in';
  accessToken: string;
  expiresIn: number;
  refreshToken?: string;
  deviceToken?: string;
  sessionId: string;
  accountId: string;
};

export type SmsStarted = { phone: string; expiresIn: number; notice: string };

export type StaffAgent = {
  id: string;
  email: string;
  name: string;
  role: 'auditor' | 'agent' | 'lead' | 'admin';
  locale: 'en' | 'zh-CN';
  createdAt: string;
  createdBy: string | null;
  disabledAt: string | null;
  enrolled: boolean;
  lockedUntil: string | null;
  lastSeenAt: string | null;
};

export type StaffChange = {
  id: string;
  kind: 'make' | 'role' | 'reset' | 'enable' | 'disable' | 'unlock';
  status: 'pending' | 'scheduled' | 'done' | 'rejected' | 'cancelled' | 'expired';
  agentId: string | null;
  email: string;
  name: string | null;
  role: 'auditor' | 'agent' | 'lead' | 'admin' | null;
  requestedBy: string;
  requestedAt: string;
  reason: string;
  expiresAt: string;
  decidedBy: string | null;
  decidedAt: string | null;
  decisionNote: string | null;
  effectiveAt: string | null;
  executedAt: string | null;
  endedAt: string | null;
  endReason: 'rejected' | 'expired' | 'unfit' | 'requester-gone' | null;
  endedBy: string | null;
  endNote: string | null;
};

export type StartedStep = { started: 'freeze' | 'password-reset' | 'message' | null; next: string | null };

export type Step = {
  step:
    | 'contained'
    | 'reported'
    | 'window-set'
    | 'credentials-reset'
    | 'transactions-reviewed'
    | 'identity-verified'
    | 'factor-bound'
    | 'restored'
    | 'watched'
    | 'closed';
  done: boolean;
  missing: string[];
};

export type SteppedUp = { accessToken: string; expiresIn: number; acr: 'aal1' | 'aal2'; amr: string[] };

export type Ticket = {
  id: string;
  caseId: string;
  provider: string;
  externalId: string | null;
  url: string | null;
  priority: 'urgent' | 'high' | 'normal' | 'low';
  status: 'requested' | 'open' | 'closed';
  openedAt: string | null;
  lastError: string | null;
};

export type TimelineItem = {
  id: string;
  at: string;
  what: 'event' | 'message' | 'contact' | 'evidence';
  type: string;
  by: { kind: string; id: string | null };
  text: string | null;
  data: Record<string, unknown>;
};

export type Verification = {
  level: 'none' | 'partial' | 'verified';
  weight: number;
  needed: number;
  hasIndependent: boolean;
  proofs: {
    id: string;
    kind: 'video' | 'older-factor' | 'document' | 'old-address-code' | 'phone-code' | 'known-transactions';
    note: string;
    by: string;
    at: string;
    counts: boolean;
  }[];
};

export type Watch = {
  beganAt: string;
  until: string;
  endedAt: string | null;
  endReason: 'signed-off' | 'relapsed' | null;
};

export type WholeBulkFreeze = {
  jobId: string;
  status: 'dry-run' | 'waiting' | 'called-off' | 'running' | 'finished' | 'undoing' | 'undone';
  total: number;
  reasonCode:
    | 'account-takeover'
    | 'suspected-fraud'
    | 'unauthorised-transaction'
    | 'scam'
    | 'lost-device'
    | 'review'
    | 'other';
  note: string;
  filter: Record<string, unknown> | null;
  dryRun: boolean;
  requestedBy: string;
  requestedAt: string;
  approvalId?: string;
  undoApprovalId?: string;
  caseId: string | null;
  startedAt: string | null;
  finishedAt: string | null;
  undoStartedAt: string | null;
  undoneAt: string | null;
  caseReference: string | null;
  progress: { frozen: number; heldBefore: number; failed: number; waiting: number; undone: number; notUndone: number };
  sample: { id: string; email: string; username: string | null }[];
  failures: {
    accountId: string;
    what: 'freeze' | 'undo';
    reason: 'not-found' | 'closed' | 'error' | 'owner-reported' | 'released-before' | 'not-ours';
  }[];
};

export type WholeCase = AgentCase & {
  outcomeNote: string | null;
  contacts: CaseContact[];
  verification: Verification;
  window: Window;
  proposedWindow: { from: string; eventId: string; at: string } | { from: string; eventId: string; at: string };
  holds: FullHold[];
};

export type Window = { from: string; until: string | null } | { from: string; until: string | null };

/** What each operation takes and gives. */
export interface Operations {
  /** Says or asks something in one’s own case. With a case token it counts as unproven. */
  addCaseMessage: {
    input: { id: string } & { message: string };
    answer: {
      id: string;
      author: 'owner' | 'agent' | 'system';
      kind: string;
      body: string;
      proven: boolean;
      at: string;
    };
  };
  /** Writes something down for other agents; its owner never sees it. */
  addCaseNote: {
    input: { id: string } & { note: string };
    answer: {
      id: string;
      author: 'owner' | 'agent' | 'system';
      kind: string;
      body: string;
      proven: boolean;
      at: string;
    };
  };
  /** Keeps a text or a reference (JSON), or a file as the body itself: PNG, JPEG, WebP, PDF or text, up to 5 MiB, judged by its bytes. */
  addEvidence: {
    input: { id: string; name?: string } & Partial<
      { text: string; title?: string } | { reference: string; title?: string }
    >;
    answer: Evidence;
  };
  /** Adds one; a mail to it carries the confirmation. Needs a fresh sign-in, and a code where a second factor is enrolled (ASVS 7.5.1). */
  addNoticeAddress: { input: { email: string; code?: string; credential?: PasskeyAssertion }; answer: NoticeAddress };
  /** Adds the passkey that was made for those options, once; other sessions end (ASVS 7.4.3). */
  addPasskey: { input: { credential: PasskeyAttestation; name?: string }; answer: AddedPasskey };
  /** Answers the challenge of a sign-in. Five wrong codes end it (RTS 4(3)(b)). */
  answerSecondFactor: {
    input: {
      challenge: string;
      factor: 'totp' | 'passkey' | 'sms' | 'recovery-code' | 'email-code';
      code?: string;
      credential?: PasskeyAssertion;
      deviceToken?: string;
      tokens?: 'body' | 'cookie';
    };
    answer: SignedIn | EnrolmentRequired;
  };
  /** Disagrees with how a case ended, once: somebody else takes it up again, and answers in `sla.appeal`. */
  appeal: { input: { id: string } & { message: string }; answer: { caseReference: string; respondBy: string } };
  /** The yes of a second person, a lead or admin; what has no delay is done with it, else the owner is told and can veto it (ASVS 2.3.5). */
  approve: { input: { id: string } & { note: string }; answer: Approval };
  /** Another admin’s yes: the change is carried out with it (ASVS 2.3.5). */
  approveStaffChange: { input: { id: string } & { note: string }; answer: StaffChange };
  /** What to give `navigator.credentials.get()`, to prove a change by this session with a passkey. */
  askForOwnPasskey: { input: Record<never, never>; answer: PasskeyRequestOptions };
  /** What to give `navigator.credentials.get()`: for the second step of a sign-in, or to sign in with a passkey alone. Looks nothing up (ASVS 6.3.8). */
  askForPasskey: { input: Partial<{ challenge?: string }>; answer: PasskeyRequestOptions };
  /** As `/passkey/options`, for the reset behind a mailed token. */
  askForPasskeyAtReset: { input: { token: string }; answer: PasskeyRequestOptions };
  /** Whether the account may do this now, and what stops it. Scope `accounts:read`. */
  askGate: {
    input: { id: string; action: 'sign-in' | 'payment' | 'withdrawal' | 'security-change' };
    answer: { allowed: boolean; holds: Hold[] };
  };
  /** What a passkey is asked to sign: the hash of the grant. */
  askPasskeyForGrant: { input: { id: string }; answer: PasskeyRequestOptions };
  /** Gives a case to an agent, or with null to nobody. */
  assignCase: { input: { id: string } & { agentId: string | null }; answer: AgentCase };
  /** Freezes up to 100,000 accounts under one case: at once for up to 50, else when a second agent agrees (ASVS 2.3.5). A dry run freezes nobody. */
  bulkFreeze: {
    input: {
      accountIds?: string[];
      filter?: BulkFreezeFilter;
      reasonCode:
        | 'account-takeover'
        | 'suspected-fraud'
        | 'unauthorised-transaction'
        | 'scam'
        | 'lost-device'
        | 'review'
        | 'other';
      note: string;
      dryRun?: boolean;
    };
    answer: WholeBulkFreeze;
  };
  /** Ends a grant that was not used. */
  cancelGrant: { input: { id: string }; answer: undefined };
  /** Asks another admin to give an agent another role. */
  changeAgentRole: {
    input: { id: string } & { role: 'auditor' | 'agent' | 'lead' | 'admin'; reason: string };
    answer: StaffChange;
  };
  /** Changes the password against the current one and, where one is enrolled, a second factor (ASVS 6.2.3). Other sessions end. */
  changePassword: {
    input: { currentPassword: string; newPassword: string; code?: string; credential?: PasskeyAssertion };
    answer: undefined;
  };
  /** Another name to sign in with, at once. Conditions as for another address; the old name stays reserved. */
  changeUsername: { input: { username: string; code?: string; credential?: PasskeyAssertion }; answer: undefined };
  /** Takes a case that nobody has: of many at once, one gets it. */
  claimCase: { input: { id: string }; answer: AgentCase };
  /** Binds the authenticator by its first code and spends the token; from then on the agent can sign in. */
  confirmAgentEnrolment: { input: { token: string; code: string }; answer: { agentId: string } };
  /** Confirms an address with the token mailed to it, once. */
  confirmEmail: { input: { token: string }; answer: undefined };
  /** Puts the new address into force with the token mailed to it, once. Other sessions end, withdrawals wait; the old address can undo it for the undo window (ASVS 6.3.7). */
  confirmEmailChange: { input: { token: string }; answer: undefined };
  /** Binds the passkey and signs in by it. */
  confirmEnrolledPasskey: {
    input: {
      enrolmentToken: string;
      deviceToken?: string;
      tokens?: 'body' | 'cookie';
      credential: PasskeyAttestation;
      name?: string;
    };
    answer: Enrolled;
  };
  /** Binds the authenticator with its first code and signs in by it. Five wrong codes end it. */
  confirmEnrolledTotp: {
    input: { enrolmentToken: string; deviceToken?: string; tokens?: 'body' | 'cookie'; code: string };
    answer: Enrolled;
  };
  /** Trades a TOTP code or a passkey for permission to do exactly this, once. Recovery codes do not count. */
  confirmGrant: {
    input: { id: string } & { code?: string; credential?: PasskeyAssertion };
    answer: { grant: string; expiresAt: string };
  };
  /** Stands by a freeze that a rule placed; unconfirmed, it becomes a hold on money alone. */
  confirmHold: { input: { id: string } & { note?: string }; answer: { hold: FullHold } };
  /** Confirms one with the token mailed to it, once; every other address is told (ASVS 6.3.7). */
  confirmNoticeAddress: { input: { token: string }; answer: undefined };
  /** Sets a new password, once per token, never past an enrolled second factor (ASVS 6.4.3). Signs nobody in. */
  confirmPasswordReset: {
    input: { token: string; newPassword: string; code?: string; credential?: PasskeyAssertion };
    answer: undefined;
  };
  /** Puts the new number into force with the code texted to it; from then on it signs in. The fifth wrong code ends the change (ASVS 6.6.3). */
  confirmPhoneChange: { input: { code: string }; answer: undefined };
  /** Binds the authenticator, once: every other second factor and recovery code is gone. Ten new codes, shown this once. */
  confirmRecoveredTotp: { input: { code: string }; answer: { recoveryCodes: string[] } };
  /** Stands by what one reported signed out: verified and urgent from now on, as by the mailed link. */
  confirmReport: { input: { reference: string }; answer: { receipt: string; caseReference: string } };
  /** Makes the number a factor with the code texted to it; other sessions end, withdrawals wait. */
  confirmSms: { input: { code: string }; answer: undefined };
  /** Binds the authenticator with its first code; other sessions end (ASVS 7.4.3). */
  confirmTotp: { input: { code: string }; answer: FirstRecoveryCodes };
  /** Lifts what the owner holds, with the mailed code and a factor older than the compromise; without a second factor after a delay with a veto. */
  confirmUnfreeze: { input: { mailCode: string; code?: string }; answer: { effectiveAt: string; holds: Hold[] } };
  /** Makes an account the host answers for. Scope `accounts:write`. */
  createAccount: {
    input: {
      email: string;
      externalId?: string;
      username?: string;
      phone?: string;
      locale?: 'en' | 'zh-CN';
      emailConfirmed?: boolean;
      password?: string;
      passwordHash?: string;
    };
    answer: Account;
  };
  /** Decides once whether the money is given back (PSD2 73). */
  decideRefund: { input: { id: string } & { decision: 'granted' | 'refused'; note: string }; answer: AgentCase };
  /** Decides a transaction that was parked for review, once. What the owner disowned is not allowed. */
  decideReviewed: { input: { id: string } & { decision: 'allow' | 'deny'; note: string }; answer: Decision };
  /** Asks before money moves. The same id with the same fields has the same answer; a `challenge` is sent again with its `grant`. Scope `transactions:write`. */
  decideTransaction: {
    input: {
      transactionId: string;
      accountId: string;
      kind: 'payment' | 'withdrawal' | 'deposit' | 'refund';
      amount: string;
      currency: string;
      payee?: { id: string; name?: string };
      occurredAt?: string;
      ip?: string | string;
      sessionId?: string;
      deviceId?: string;
      grant?: string;
    };
    answer: Decision;
  };
  /** Says that an entry was somebody else: freezes the account, forgets its devices, and proposes since when to agents. Signed receipt (PSD2 70). */
  denyActivity: { input: { id: string }; answer: { caseReference: string; receipt: string; hold: Hold } };
  /** What a mailed link would do. Changes nothing, so scanners may look. */
  describeLink: {
    input: { token: string };
    answer: {
      purpose:
        | 'undo-contact-change'
        | 'veto'
        | 'confirm-contact'
        | 'confirm-notice-address'
        | 'freeze-account'
        | 'unlock-sign-in'
        | 'confirm-email'
        | 'reset-password'
        | 'case-access'
        | 'confirm-report'
        | 'recovery';
      event: { id: string; type: string; at: string; ip: string | null; device: string | null };
    };
  };
  /** Shuts an agent out at once, with their sessions; of an admin, asks another admin to. */
  disableAgent: { input: { id: string } & { reason: string }; answer: StaffChange };
  /** A file as it came, to be saved and never shown in place. Reading it is an event. */
  downloadEvidence: { input: { id: string; evidenceId: string }; answer: Blob };
  /** Asks another admin to let an agent in again. */
  enableAgent: { input: { id: string } & { reason: string }; answer: StaffChange };
  /** Ends every session, the caller’s too, and every half-done sign-in. Asks for a fresh sign-in (ASVS 7.5.2). */
  endAllSessions: { input: Record<never, never>; answer: undefined };
  /** Ends every session but the caller’s, and every half-done sign-in. Asks for a fresh sign-in (ASVS 7.5.2). */
  endOtherSessions: { input: Record<never, never>; answer: undefined };
  /** Ends one of the owner’s sessions at once. Any but the caller’s own asks for a fresh sign-in (ASVS 7.5.2). */
  endSession: { input: { id: string }; answer: undefined };
  /** Tells what became of a transaction, once, and later that what was completed was reversed. Scope `transactions:write`. */
  endTransaction: {
    input: { transactionId: string } & { outcome: 'completed' | 'failed' | 'reversed' };
    answer: undefined;
  };
  /** What to give `navigator.credentials.create()`, for an account that must have a second factor before it is signed in. */
  enrolPasskey: { input: { enrolmentToken: string }; answer: PasskeyCreationOptions };
  /** Shows an authenticator secret to an account that must have a second factor before it is signed in. */
  enrolTotp: {
    input: { enrolmentToken: string; name?: string };
    answer: { factorId: string; secret: string; otpauthUri: string; qrSvg: string };
  };
  /** Closes an account for good and forgets the person (GDPR 17). Refused while a legal hold or an open case needs it. Scope `accounts:erase`. */
  eraseAccount: { input: { id: string }; answer: Erasure };
  /** Everything held about one person as JSON (GDPR 15). Scope `accounts:export`. */
  exportAccount: { input: { id: string }; answer: AccountExport };
  /** Everything held about oneself as JSON (GDPR 15, 20). Asks for a recent sign-in. */
  exportMe: { input: Record<never, never>; answer: AccountExport };
  /** Makes the watch longer, to 90 days from its begin at most; nobody makes it shorter. */
  extendWatch: { input: { id: string } & { until: string; note: string }; answer: Watch };
  /** One press contains the account: nobody signs in, refreshes, resets or moves money; every session is gone. */
  freezeAccount: {
    input: { id: string } & {
      reasonCode:
        | 'account-takeover'
        | 'suspected-fraud'
        | 'unauthorised-transaction'
        | 'scam'
        | 'lost-device'
        | 'owner-request'
        | 'review'
        | 'credential-change'
        | 'recovery'
        | 'new-payee'
        | 'legal-order'
        | 'other';
      note: string;
      caseId?: string;
    };
    answer: Frozen;
  };
  /** Contains the account at once, as an agent’s freeze does. Scope `accounts:freeze`. */
  freezeAccountAsHost: {
    input: { id: string } & {
      reasonCode:
        | 'account-takeover'
        | 'suspected-fraud'
        | 'unauthorised-transaction'
        | 'scam'
        | 'lost-device'
        | 'owner-request'
        | 'review'
        | 'credential-change'
        | 'recovery'
        | 'new-payee'
        | 'legal-order'
        | 'other';
      note: string;
    };
    answer: Frozen;
  };
  /** Freezes one’s own account, or its payments, at once. The receipt is signed proof with the time (PSD2 70). */
  freezeOwnAccount: {
    input: { scope?: 'all' | 'payments'; message?: string };
    answer: { hold: Hold; receipt: string; caseReference: string };
  };
  /** An account by id, or by `external:{externalId}`. Scope `accounts:read`. */
  getAccount: { input: { id: string }; answer: Account };
  /** One page of everything about an account. Reading it is an event. */
  getAccountPage: { input: { id: string }; answer: AccountPage };
  /** How far a freeze of many is: counts, a masked sample, and what could not be done. */
  getBulkFreeze: { input: { jobId: string }; answer: WholeBulkFreeze };
  /** One page of a case: its steps, promises, words, contacts, proofs, window and holds. Reading it is an event. */
  getCase: { input: { id: string }; answer: WholeCase };
  /** Everything of a case for whoever decides elsewhere: JSON, or with `Accept: text/html` a page to print. */
  getCaseBundle: { input: { id: string }; answer: CaseBundle | string };
  /** What the account signs in with, where it is told, and which changes wait or can still be undone. */
  getContacts: { input: Record<never, never>; answer: Contacts };
  /** A grant as it stands, to the session that asked for it. */
  getGrant: { input: { id: string }; answer: Grant };
  /** The account, its second factor and its holds; also for a frozen owner with a case token. */
  getMe: { input: Record<never, never>; answer: Me };
  /** One’s own case: what was said, how far it is, what is next, and who answers by when. */
  getOwnCase: { input: { id: string }; answer: Case };
  /** What happened in a case and in those merged into it, oldest first. */
  getTimeline: {
    input: { id: string; limit?: number; cursor?: string };
    answer: { items: TimelineItem[]; nextCursor: string | null };
  };
  /** The decision as it stands now. Scope `transactions:write`. */
  getTransaction: { input: { transactionId: string }; answer: Decision };
  /** The weeks after the release, with what happened on the account in them. */
  getWatch: {
    input: { id: string };
    answer: Watch & {
      summary: {
        signIns: number;
        newDevices: number;
        failedSignIns: number;
        changes: number;
        ruleMatches: number;
        allowed: number;
        stopped: number;
      };
    };
  };
  /** Everything that came to be in the account inside the window, and what has become of it. */
  getWindow: { input: { id: string }; answer: { window: Window; items: BornInside[] } };
  /** Says how one was served, from 1 to 5, once and after the case has ended. */
  giveFeedback: { input: { id: string } & { rating: number; text?: string }; answer: undefined };
  /** What an access token is worth right now (RFC 7662). Asking is not activity: report that as seen. Scope `sessions:read`. */
  introspect: {
    input: { token: string };
    answer:
      | {
          active: true;
          sub: string;
          sid: string;
          acr: string;
          amr: string[];
          auth_time: number;
          exp: number;
          iss: string;
          client_id: string;
          token_type: 'Bearer';
          holds: Hold[];
        }
      | { active: false };
  };
  /** Every event of an account, newest first; as CSV the newest 50,000. Reading it is an event. */
  listAccountActivity: {
    input: { id: string; limit?: number; cursor?: string; type?: string; from?: string; to?: string };
    answer: { items: Event[]; nextCursor: string | null } | string;
  };
  /** What happened on one’s account, newest first, in one’s own language. As CSV the newest 50,000 entries; `to` asks for those before. */
  listActivity: {
    input: { limit?: number; cursor?: string; type?: string; from?: string; to?: string };
    answer: { items: ActivityEntry[]; nextCursor: string | null } | string;
  };
  /** Everybody who works or worked here, newest first. */
  listAgents: {
    input: { limit?: number; cursor?: string };
    answer: { items: StaffAgent[]; nextCursor: string | null };
  };
  /** Every API key there is or was, the newest first, never the key itself. Admins. */
  listApiKeys: { input: Record<never, never>; answer: { items: ApiKey[] } };
  /** What agents asked for and a second one must agree to, newest first. */
  listApprovals: {
    input: {
      limit?: number;
      cursor?: string;
      status?: 'pending' | 'scheduled' | 'done' | 'rejected' | 'vetoed' | 'cancelled' | 'expired';
    };
    answer: { items: Approval[]; nextCursor: string | null };
  };
  /** Freezes of many accounts, the newest first. */
  listBulkFreezes: {
    input: { limit?: number; cursor?: string };
    answer: { items: BulkFreeze[]; nextCursor: string | null };
  };
  /** The queue of cases: most urgent first, then what is due next. Closed ones the newest first. */
  listCases: {
    input: {
      limit?: number;
      cursor?: string;
      status?: 'open' | 'snoozed' | 'closed';
      kind?: 'takeover' | 'suspicious-activity' | 'unauthorised-transaction' | 'scam' | 'locked-out' | 'complaint';
      priority?: 'urgent' | 'high' | 'normal' | 'low';
      assignee?: string | ('me' | 'none');
    };
    answer: { items: AgentCase[]; nextCursor: string | null };
  };
  /** What was reported in this case by somebody who proved nothing. */
  listClaims: { input: { id: string }; answer: { items: Claim[] } };
  /** Mails and tickets on their way, newest first. */
  listDeliveries: {
    input: { limit?: number; cursor?: string; status?: 'waiting' | 'delivered' | 'failed' };
    answer: { items: Delivery[]; nextCursor: string | null };
  };
  /** The browsers and phones the account is known by, newest first. */
  listDevices: { input: { limit?: number; cursor?: string }; answer: { items: Device[]; nextCursor: string | null } };
  /** The audit view of everything that happened, newest first. As CSV or NDJSON all of it between `from` and `to`, at most a year apart. */
  listEvents: {
    input: {
      limit?: number;
      cursor?: string;
      actor?: string;
      type?: string;
      accountId?: string;
      from?: string;
      to?: string;
    };
    answer: { items: Event[]; nextCursor: string | null } | string;
  };
  /** What a case holds, with hashes and without the bytes. */
  listEvidence: { input: { id: string }; answer: { items: Evidence[] } };
  /** What decides who bears the loss of each transaction that was disowned (PSD2 72, 74): how the payer was authenticated, on which device, and when it was reported. */
  listLiability: { input: { id: string }; answer: { items: Liability[] } };
  /** Accounts that shared an address, a payee or a device with this one in 90 days, and why. Reading it is an event. */
  listLinkedAccounts: { input: { id: string }; answer: { items: LinkedAccount[] } };
  /** Mailboxes that get every notice beside the address that signs in. */
  listNoticeAddresses: { input: Record<never, never>; answer: { items: NoticeAddress[]; nextCursor: string | null } };
  /** One’s own cases, newest first. */
  listOwnCases: { input: { limit?: number; cursor?: string }; answer: { items: Case[]; nextCursor: string | null } };
  /** One’s own transactions, newest first, with what was said of each. */
  listOwnTransactions: {
    input: { limit?: number; cursor?: string };
    answer: { items: OwnTransaction[]; nextCursor: string | null };
  };
  /** The account’s passkeys, the oldest first. */
  listPasskeys: { input: Record<never, never>; answer: { items: Passkey[]; nextCursor: string | null } };
  /** The signed proof of every report and freeze, newest first; kept for at least 18 months (PSD2 70). */
  listReceipts: { input: { limit?: number; cursor?: string }; answer: { items: Receipt[]; nextCursor: string | null } };
  /** The rules by which cases open by themselves, what each did and whether it was right; the last 30 days. */
  listRules: { input: { from?: string; to?: string }; answer: { from: string; to: string; items: CountedRule[] } };
  /** Where the account is signed in, newest sign-in first (ASVS 7.5.2). */
  listSessions: { input: { limit?: number; cursor?: string }; answer: { items: Session[]; nextCursor: string | null } };
  /** What admins wanted changed about who works here, newest first. */
  listStaffChanges: {
    input: {
      limit?: number;
      cursor?: string;
      status?: 'pending' | 'scheduled' | 'done' | 'rejected' | 'cancelled' | 'expired';
    };
    answer: { items: StaffChange[]; nextCursor: string | null };
  };
  /** Cases as the helpdesk knows them, newest first. */
  listTickets: {
    input: { limit?: number; cursor?: string; caseId?: string };
    answer: { items: Ticket[]; nextCursor: string | null };
  };
  /** The authenticators that are bound, oldest first. */
  listTotps: { input: Record<never, never>; answer: Authenticators };
  /** Writes down who was spoken to, how, and what was agreed. */
  logContact: {
    input: { id: string } & {
      channel: 'web' | 'mail' | 'chat' | 'phone' | 'social';
      party?: 'owner' | 'host' | 'bank' | 'police' | 'other';
      summary: string;
      agreed?: string;
    };
    answer: CaseContact;
  };
  /** Asks another admin to let somebody in; they set their own password, by a mailed token (ASVS 2.3.5). */
  makeAgent: {
    input: {
      email: string;
      name: string;
      role: 'auditor' | 'agent' | 'lead' | 'admin';
      locale?: 'en' | 'zh-CN';
      reason: string;
    };
    answer: StaffChange;
  };
  /** Says whether a transaction is one’s own. One that is not opens or joins a case with a signed receipt, and is stopped where it can be (PSD2 71: within 13 months). Nothing is approved by this. */
  markTransaction: {
    input: { id: string } & { mine: boolean; note?: string };
    answer: { transaction: OwnTransaction; caseId?: string; reference?: string; receipt?: string; respondBy?: string };
  };
  /** Puts an open case into another of the same account; answers that one. */
  mergeCase: { input: { id: string } & { into: string; note: string }; answer: AgentCase };
  /** Activity that offline verifiers saw just now, in batches: these sessions do not time out as idle. What ended or is idle stays so; unknown ids are passed over. Scope `sessions:read`. */
  noteSeen: { input: { sessionIds: string[] }; answer: Record<string, unknown> };
  /** Mails the owner, once their identity is verified, the link to a new password and factor, at an address older than the window. */
  offerRecovery: { input: { id: string }; answer: undefined };
  /** A short token for one’s own cases, also while the account is frozen. It is no session. */
  openCaseAccess: {
    input: { identifier: string; password: string; code?: string; proof?: Proof } | { token: string };
    answer: CaseAccess;
  };
  /** Opens, once, the link that was mailed after an agent verified the owner’s identity. No sign-in: its token opens only the next calls (ASVS 6.4.4). */
  openRecovery: { input: { token: string }; answer: { recoveryToken: string; expiresIn: number } };
  /** Places a hold of any scope; holds stack. */
  placeHold: {
    input: { id: string } & {
      reasonCode:
        | 'account-takeover'
        | 'suspected-fraud'
        | 'unauthorised-transaction'
        | 'scam'
        | 'lost-device'
        | 'owner-request'
        | 'review'
        | 'credential-change'
        | 'recovery'
        | 'new-payee'
        | 'legal-order'
        | 'other';
      note: string;
      caseId?: string;
      scope: 'all' | 'sign-in' | 'payments' | 'withdrawals' | 'security-changes';
      expiresAt?: string;
    };
    answer: { hold: FullHold };
  };
  /** What a report’s receipt says and whether its promise has come due: read from the receipt alone, so that it tells nothing of the account. */
  readReportProgress: {
    input: { reference: string; receipt: string };
    answer: {
      kind: 'takeover' | 'unauthorised-transaction' | 'scam' | 'locked-out' | 'complaint';
      status: 'received' | 'due';
      receivedAt: string;
      respondBy: string;
    };
  };
  /** Records a proof of the owner’s identity; answers how far all of them reach (ASVS 6.4.4). */
  recordVerification: {
    input: { id: string } & {
      kind: 'video' | 'older-factor' | 'document' | 'old-address-code' | 'phone-code' | 'known-transactions';
      note: string;
    };
    answer: Verification;
  };
  /** Sets a new password, once, while the account stays frozen. Signs nobody in. */
  recoverPassword: { input: { newPassword: string }; answer: undefined };
  /** Shows a new authenticator secret. Good once a code confirms it. */
  recoverTotp: {
    input: Record<never, never>;
    answer: { factorId: string; secret: string; otpauthUri: string; qrSvg: string };
  };
  /** Spends a grant for a security change that the host makes itself. Scope `transactions:write`. */
  redeemGrant: {
    input: { grant: string; accountId: string; sessionId?: string };
    answer: { decision: 'allow' | 'challenge' | 'deny'; reasons: { rule: string; text: string }[] };
  };
  /** Trades a refresh token, or the cookie, for its successor; for a few seconds the same one again. A token used later than that ends the session (RFC 9700). It is not activity. */
  refresh: { input: Partial<{ refreshToken?: string }>; answer: Refreshed };
  /** Trades an agent’s refresh token for its successor; a token used twice ends the session. */
  refreshAgent: {
    input: { refreshToken: string };
    answer: { accessToken: string; expiresIn: number; refreshToken: string };
  };
  /** Ten new recovery codes against a proof of any factor; the old ones stop working. */
  reissueRecoveryCodes: { input: { code?: string; credential?: PasskeyAssertion }; answer: RecoveryCodes };
  /** One person’s no, also after the yes and until it is done: a lead’s, or the requester’s own. */
  reject: { input: { id: string } & { note: string }; answer: Approval };
  /** One admin’s no, until the change is carried out. */
  rejectStaffChange: { input: { id: string } & { note: string }; answer: StaffChange };
  /** Asks for a hold to be lifted: a second agent decides, where the hold takes two; else it is lifted at once (ASVS 2.3.5). */
  releaseHold: {
    input: { id: string } & { reasonCode: 'restored' | 'mistake' | 'false-positive'; note: string };
    answer: { approvalId: string | null; effectiveAt?: string };
  };
  /** Forgets a device and ends its sessions at once. Asks for a fresh sign-in (ASVS 6.5.6, 7.5.2). */
  removeDevice: { input: { id: string }; answer: undefined };
  /** Removes one; for the undo window it gets every notice still. Conditions as for adding one. */
  removeNoticeAddress: { input: { id: string } & { code?: string; credential?: PasskeyAssertion }; answer: undefined };
  /** Removes one authenticator against a proof of any factor; the last one as `DELETE /totp` does. */
  removeOneTotp: { input: { id: string } & { code?: string; credential?: PasskeyAssertion }; answer: undefined };
  /** Removes a passkey against a proof of any factor, unless it is the last one and the password is too short without. */
  removePasskey: {
    input: { id: string } & Partial<{ code?: string; credential?: PasskeyAssertion }>;
    answer: undefined;
  };
  /** Removes the number as a factor against a proof of another one. */
  removeSms: { input: { code?: string; credential?: PasskeyAssertion }; answer: undefined };
  /** Removes every authenticator against a proof of any factor, and where no other factor is bound the recovery codes; not where the password is too short without one. */
  removeTotp: { input: { code?: string; credential?: PasskeyAssertion }; answer: undefined };
  /** Gives a passkey another name. */
  renamePasskey: { input: { id: string } & { name: string }; answer: Passkey };
  /** Gives an authenticator another name. */
  renameTotp: { input: { id: string } & { name: string }; answer: undefined };
  /** Sends a failed delivery again. */
  replayDelivery: { input: { id: string }; answer: undefined };
  /** Reports a takeover, a transaction, a scam, a lock-out or a complaint; works while frozen. Signed receipt (PSD2 70). */
  report: {
    input: {
      kind: 'takeover' | 'unauthorised-transaction' | 'scam' | 'locked-out' | 'complaint';
      message: string;
      transactionIds?: string[];
      evidence?: string;
    };
    answer: { caseId: string; reference: string; receipt: string; respondBy: string };
  };
  /** Reports that something is wrong with an account: signed out, locked and frozen alike. Places no hold; the owner confirms it from a mail. The answer never tells whether there is such an account (ASVS 6.3.8). */
  reportAnonymously: {
    input: {
      identifier: string;
      kind: 'takeover' | 'unauthorised-transaction' | 'scam' | 'locked-out' | 'complaint';
      message: string;
      contact: string;
      channel?: 'web' | 'mail' | 'chat' | 'phone' | 'social';
    };
    answer: { reference: string; receipt: string; respondBy: string };
  };
  /** Mails a confirmation to another address and tells every address on file; one answer, whoever has it (ASVS 6.3.8). Needs a fresh sign-in, and a code where a second factor is enrolled (ASVS 7.5.1). */
  requestEmailChange: {
    input: { newEmail: string; code?: string; credential?: PasskeyAssertion };
    answer: Record<string, unknown>;
  };
  /** Keeps what is to be confirmed: action, amount, currency and payee, for this session (PSD2 RTS 5). */
  requestGrant: {
    input: {
      action: 'payment' | 'withdrawal' | 'security-change';
      amount?: string;
      currency?: string;
      payee?: { id: string; name?: string };
      returnTo?: string;
    };
    answer: Grant;
  };
  /** Mails a reset link if there is such an account; the answer never tells (ASVS 6.3.8). Works while locked. */
  requestPasswordReset: { input: { identifier: string }; answer: Record<string, unknown> };
  /** Texts a code to another number and tells every address on file. Conditions as for another address; `not-found` where no texts can be sent. */
  requestPhoneChange: {
    input: { newPhone: string; code?: string; credential?: PasskeyAssertion };
    answer: Record<string, unknown>;
  };
  /** Ends every session; the password opens nothing until its owner resets it by mail. Agents never set or see one (ASVS 6.4.6). */
  requirePasswordReset: { input: { id: string } & { note: string; caseId?: string }; answer: { ended: number } };
  /** Asks another admin to reset an agent: sessions, password and authenticator end, a mailed token lets them enrol anew. */
  resetAgent: { input: { id: string } & { reason: string }; answer: StaffChange };
  /** Asks for a lost second factor to be taken away: verified identity, a second agent, a delay and the owner’s veto (ASVS 6.4.4). */
  resetSecondFactor: {
    input: { id: string } & { note: string; caseId?: string };
    answer: { approvalId: string; effectiveAt?: string };
  };
  /** Ends a case once what its playbook asks for is so. */
  resolveCase: {
    input: { id: string } & { outcome: 'confirmed' | 'false-positive' | 'solved' | 'declined'; note: string };
    answer: AgentCase;
  };
  /** Ends an API key at once, on every node; one that was revoked already stays so. Admins. */
  revokeApiKey: { input: { id: string } & { note: string }; answer: ApiKey };
  /** Ends every session and forgets every device of an account (ASVS 7.4.5). */
  revokeSessions: { input: { id: string } & { note: string; caseId?: string }; answer: { ended: number } };
  /** Finds accounts by whole e-mail, username, phone, id, external id, transaction id or IP; masked, and noted. */
  searchAccounts: { input: { q: string }; answer: { items: FoundAccount[]; nextCursor: string | null } };
  /** Sends the code of a sign-in’s second step, where there is one to send. One answer, whether or not: nothing is told. */
  sendSecondFactor: { input: { challenge: string; factor: 'sms' | 'email-code' }; answer: Record<string, unknown> };
  /** Sets from when until when somebody else may have been in the account: what is born inside proves and approves nothing. One person may widen it. */
  setWindow: { input: { id: string } & { from: string; until?: string; note: string }; answer: Window };
  /** Signs in, or asks for the second factor. One answer, after the same work, for all that is wrong (ASVS 6.3.8). */
  signIn: {
    input: {
      identifier: string;
      password: string;
      code?: string;
      deviceToken?: string;
      tokens?: 'body' | 'cookie';
      proof?: Proof;
    };
    answer: SignedIn | SecondFactorRequired | EnrolmentRequired;
  };
  /** Signs an agent in with password and code together; one answer for all that is wrong. */
  signInAgent: { input: { email: string; password: string; code: string }; answer: AgentSignedIn };
  /** Signs in with a passkey alone. One answer for all that is wrong (ASVS 6.3.8). */
  signInWithPasskey: {
    input: { credential: PasskeyAssertion; deviceToken?: string; tokens?: 'body' | 'cookie' };
    answer: SignedIn;
  };
  /** Says, once its time is over, that all is well: less is doubted from then on, and the owner is told. */
  signOffWatch: { input: { id: string } & { note: string }; answer: Watch };
  /** Ends the caller’s session at once, on every node (ASVS 7.4.1); in a browser by its cookie alone. */
  signOut: { input: Record<never, never>; answer: undefined };
  /** Ends the agent’s session at once. */
  signOutAgent: { input: Record<never, never>; answer: undefined };
  /** Asks for an account; a mail confirms the address. One answer for known and unknown addresses (ASVS 6.3.8). */
  signUp: {
    input: { email: string; password: string; phone?: string; username?: string; locale?: 'en' | 'zh-CN' };
    answer: Record<string, unknown>;
  };
  /** Sets a case aside until then, never past what is promised; null ends it. */
  snoozeCase: { input: { id: string } & { until: string | null }; answer: AgentCase };
  /** A new or reset agent’s own password, by a mailed token; answers the secret of their authenticator, this once. */
  startAgentEnrolment: { input: { token: string; password: string }; answer: { secret: string; otpauthUri: string } };
  /** What to give `navigator.credentials.create()`; where a second factor is bound, against a proof of it. Needs a fresh sign-in (RFC 9470). */
  startPasskey: { input: Partial<{ code?: string; credential?: PasskeyAssertion }>; answer: PasskeyCreationOptions };
  /** Texts a code to the account’s number, to make it a second way beside an authenticator or a passkey: a restricted factor (NIST 800-63B-4 3.2.9). Takes a proof of that one. */
  startSms: { input: { code?: string; credential?: PasskeyAssertion }; answer: SmsStarted };
  /** Starts what a step is about and never ticks it; 409 `step-not-ready` names what is `missing` before it. */
  startStep: {
    input: {
      id: string;
      step:
        | 'contained'
        | 'reported'
        | 'window-set'
        | 'credentials-reset'
        | 'transactions-reviewed'
        | 'identity-verified'
        | 'factor-bound'
        | 'restored'
        | 'watched'
        | 'closed';
    } & { note: string };
    answer: StartedStep;
  };
  /** Shows a new authenticator secret; it opens nothing before it is confirmed. Where a factor is bound it needs a proof of one (OWASP MFA); `replaces` names the authenticator that ends with it. */
  startTotp: {
    input: Partial<{ name?: string; replaces?: string; code?: string; credential?: PasskeyAssertion }>;
    answer: { factorId: string; secret: string; otpauthUri: string; qrSvg: string };
  };
  /** Begins to lift what the owner holds: a code goes to an address older than the compromise. */
  startUnfreeze: { input: { code?: string }; answer: { expiresIn: number } };
  /** Authenticates anew within the session, under the limits of a sign-in (RFC 9470): the password, with a code where a factor is bound, or a passkey alone. The refresh token stays. */
  stepUp: { input: { password?: string; code?: string; credential?: PasskeyAssertion }; answer: SteppedUp };
  /** What is revoked, as it happens. Scope `sessions:read`. */
  streamRevocations: { input: Record<never, never>; answer: ReadableStream<Uint8Array> };
  /** Adds up to 500 events that the host saw itself to its accounts’ activity: all, or none where one is bad. Each once by its id. Scope `events:write`. */
  tellEvents: { input: { events: HostEvent[] }; answer: { accepted: number; known: number } };
  /** Lets money go again to a payee who was put in quarantine as born inside the window: they are the owner’s own. */
  trustPayee: { input: { id: string } & { payeeId: string; note: string }; answer: undefined };
  /** Takes back one thing that was born inside the window: ends, forgets, unbinds, undoes, stops or quarantines it. The owner is told. */
  undoBorn: {
    input: { caseId: string } & {
      kind:
        | 'session'
        | 'device'
        | 'totp'
        | 'passkey'
        | 'sms'
        | 'recovery-codes'
        | 'contact-change'
        | 'notice-address'
        | 'payee'
        | 'transaction';
      id: string;
      note: string;
    };
    answer: BornInside;
  };
  /** Asks for the holds that a bulk freeze placed to be lifted; a second agent always decides (ASVS 2.3.5). Accounts whose owners reported stay frozen. */
  undoBulkFreeze: { input: { jobId: string } & { note: string }; answer: { approvalId: string } };
  /** Opens every lock that guessing put on its password and codes. Holds stay, and so does what was disabled for good. */
  unlockAccount: { input: { id: string } & { note: string; caseId?: string }; answer: undefined };
  /** Opens at once what wrong guesses locked for an agent; not for oneself. */
  unlockAgent: { input: { id: string } & { reason: string }; answer: StaffChange };
  /** Presses a mailed link: freezes the account, makes this browser a known device, undoes a change of contact, stops what support announced, or stands by a report. Acts once. */
  useLink: {
    input: { token: string; confirm: true; tokens?: 'body' | 'cookie' };
    answer: { hold?: Hold; receipt?: string; caseReference?: string; deviceToken?: string };
  };
  /** Writes to the owner, who is mailed that something was said. */
  writeToOwner: {
    input: { id: string } & { message: string };
    answer: {
      id: string;
      author: 'owner' | 'agent' | 'system';
      kind: string;
      body: string;
      proven: boolean;
      at: string;
    };
  };
}

export type OperationName = keyof Operations;

export const operations = {
  addCaseMessage: { call: 'POST /v1/me/cases/{id}/messages' },
  addCaseNote: { call: 'POST /v1/agent/cases/{id}/notes' },
  addEvidence: { call: 'POST /v1/agent/cases/{id}/evidence', query: ['name'] },
  addNoticeAddress: { call: 'POST /v1/me/notice-addresses' },
  addPasskey: { call: 'POST /v1/me/passkeys' },
  answerSecondFactor: { call: 'POST /v1/auth/second-factor' },
  appeal: { call: 'POST /v1/me/cases/{id}/appeal' },
  approve: { call: 'POST /v1/agent/approvals/{id}/approve' },
  approveStaffChange: { call: 'POST /v1/agent/agents/changes/{id}/approve' },
  askForOwnPasskey: { call: 'POST /v1/me/passkey/options' },
  askForPasskey: { call: 'POST /v1/auth/passkey/options' },
  askForPasskeyAtReset: { call: 'POST /v1/auth/password-reset/passkey-options' },
  askGate: { call: 'GET /v1/server/accounts/{id}/gate', query: ['action'] },
  askPasskeyForGrant: { call: 'POST /v1/me/grants/{id}/passkey-options' },
  assignCase: { call: 'POST /v1/agent/cases/{id}/assign' },
  bulkFreeze: { call: 'POST /v1/agent/bulk-freezes' },
  cancelGrant: { call: 'DELETE /v1/me/grants/{id}' },
  changeAgentRole: { call: 'POST /v1/agent/agents/{id}/role' },
  changePassword: { call: 'PUT /v1/me/password' },
  changeUsername: { call: 'PUT /v1/me/username' },
  claimCase: { call: 'POST /v1/agent/cases/{id}/claim' },
  confirmAgentEnrolment: { call: 'POST /v1/agent/auth/enrolment/confirm' },
  confirmEmail: { call: 'POST /v1/auth/email-confirmation' },
  confirmEmailChange: { call: 'POST /v1/me/email-change/confirm' },
  confirmEnrolledPasskey: { call: 'POST /v1/auth/enrolment/passkey/confirm' },
  confirmEnrolledTotp: { call: 'POST /v1/auth/enrolment/totp/confirm' },
  confirmGrant: { call: 'POST /v1/me/grants/{id}/confirm' },
  confirmHold: { call: 'POST /v1/agent/holds/{id}/confirm' },
  confirmNoticeAddress: { call: 'POST /v1/me/notice-addresses/confirm' },
  confirmPasswordReset: { call: 'POST /v1/auth/password-reset/confirm' },
  confirmPhoneChange: { call: 'POST /v1/me/phone-change/confirm' },
  confirmRecoveredTotp: { call: 'POST /v1/auth/recovery/totp/confirm' },
  confirmReport: { call: 'POST /v1/me/reports/confirm' },
  confirmSms: { call: 'POST /v1/me/sms/confirm' },
  confirmTotp: { call: 'POST /v1/me/totp/confirm' },
  confirmUnfreeze: { call: 'POST /v1/me/unfreeze/confirm' },
  createAccount: { call: 'POST /v1/server/accounts' },
  decideRefund: { call: 'POST /v1/agent/cases/{id}/refund' },
  decideReviewed: { call: 'POST /v1/agent/transactions/{id}/decide' },
  decideTransaction: { call: 'POST /v1/server/transactions' },
  denyActivity: { call: 'POST /v1/me/activity/{id}/not-me' },
  describeLink: { call: 'POST /v1/auth/link' },
  disableAgent: { call: 'POST /v1/agent/agents/{id}/disable' },
  downloadEvidence: { call: 'GET /v1/agent/cases/{id}/evidence/{evidenceId}' },
  enableAgent: { call: 'POST /v1/agent/agents/{id}/enable' },
  endAllSessions: { call: 'POST /v1/me/sessions/revoke-all' },
  endOtherSessions: { call: 'POST /v1/me/sessions/revoke-others' },
  endSession: { call: 'DELETE /v1/me/sessions/{id}' },
  endTransaction: { call: 'POST /v1/server/transactions/{transactionId}/outcome' },
  enrolPasskey: { call: 'POST /v1/auth/enrolment/passkey' },
  enrolTotp: { call: 'POST /v1/auth/enrolment/totp' },
  eraseAccount: { call: 'POST /v1/server/accounts/{id}/erase' },
  exportAccount: { call: 'GET /v1/server/accounts/{id}/export' },
  exportMe: { call: 'GET /v1/me/export' },
  extendWatch: { call: 'POST /v1/agent/cases/{id}/watch' },
  freezeAccount: { call: 'POST /v1/agent/accounts/{id}/freeze' },
  freezeAccountAsHost: { call: 'POST /v1/server/accounts/{id}/freeze' },
  freezeOwnAccount: { call: 'POST /v1/me/freeze' },
  getAccount: { call: 'GET /v1/server/accounts/{id}' },
  getAccountPage: { call: 'GET /v1/agent/accounts/{id}' },
  getBulkFreeze: { call: 'GET /v1/agent/bulk-freezes/{jobId}' },
  getCase: { call: 'GET /v1/agent/cases/{id}' },
  getCaseBundle: { call: 'GET /v1/agent/cases/{id}/bundle' },
  getContacts: { call: 'GET /v1/me/contacts' },
  getGrant: { call: 'GET /v1/me/grants/{id}' },
  getMe: { call: 'GET /v1/me' },
  getOwnCase: { call: 'GET /v1/me/cases/{id}' },
  getTimeline: { call: 'GET /v1/agent/cases/{id}/timeline', query: ['limit', 'cursor'] },
  getTransaction: { call: 'GET /v1/server/transactions/{transactionId}' },
  getWatch: { call: 'GET /v1/agent/cases/{id}/watch' },
  getWindow: { call: 'GET /v1/agent/cases/{id}/window' },
  giveFeedback: { call: 'POST /v1/me/cases/{id}/feedback' },
  introspect: { call: 'POST /v1/server/sessions/introspect' },
  listAccountActivity: {
    call: 'GET /v1/agent/accounts/{id}/activity',
    query: ['limit', 'cursor', 'type', 'from', 'to'],
  },
  listActivity: { call: 'GET /v1/me/activity', query: ['limit', 'cursor', 'type', 'from', 'to'] },
  listAgents: { call: 'GET /v1/agent/agents', query: ['limit', 'cursor'] },
  listApiKeys: { call: 'GET /v1/agent/api-keys' },
  listApprovals: { call: 'GET /v1/agent/approvals', query: ['limit', 'cursor', 'status'] },
  listBulkFreezes: { call: 'GET /v1/agent/bulk-freezes', query: ['limit', 'cursor'] },
  listCases: { call: 'GET /v1/agent/cases', query: ['limit', 'cursor', 'status', 'kind', 'priority', 'assignee'] },
  listClaims: { call: 'GET /v1/agent/cases/{id}/claims' },
  listDeliveries: { call: 'GET /v1/agent/deliveries', query: ['limit', 'cursor', 'status'] },
  listDevices: { call: 'GET /v1/me/devices', query: ['limit', 'cursor'] },
  listEvents: { call: 'GET /v1/agent/events', query: ['limit', 'cursor', 'actor', 'type', 'accountId', 'from', 'to'] },
  listEvidence: { call: 'GET /v1/agent/cases/{id}/evidence' },
  listLiability: { call: 'GET /v1/agent/cases/{id}/liability' },
  listLinkedAccounts: { call: 'GET /v1/agent/accounts/{id}/links' },
  listNoticeAddresses: { call: 'GET /v1/me/notice-addresses' },
  listOwnCases: { call: 'GET /v1/me/cases', query: ['limit', 'cursor'] },
  listOwnTransactions: { call: 'GET /v1/me/transactions', query: ['limit', 'cursor'] },
  listPasskeys: { call: 'GET /v1/me/passkeys' },
  listReceipts: { call: 'GET /v1/me/receipts', query: ['limit', 'cursor'] },
  listRules: { call: 'GET /v1/agent/rules', query: ['from', 'to'] },
  listSessions: { call: 'GET /v1/me/sessions', query: ['limit', 'cursor'] },
  listStaffChanges: { call: 'GET /v1/agent/agents/changes', query: ['limit', 'cursor', 'status'] },
  listTickets: { call: 'GET /v1/agent/tickets', query: ['limit', 'cursor', 'caseId'] },
  listTotps: { call: 'GET /v1/me/totp' },
  logContact: { call: 'POST /v1/agent/cases/{id}/contacts' },
  makeAgent: { call: 'POST /v1/agent/agents' },
  markTransaction: { call: 'POST /v1/me/transactions/{id}/mark' },
  mergeCase: { call: 'POST /v1/agent/cases/{id}/merge' },
  noteSeen: { call: 'POST /v1/server/sessions/seen' },
  offerRecovery: { call: 'POST /v1/agent/cases/{id}/recovery-link' },
  openCaseAccess: { call: 'POST /v1/auth/case-access' },
  openRecovery: { call: 'POST /v1/auth/recovery' },
  placeHold: { call: 'POST /v1/agent/accounts/{id}/holds' },
  readReportProgress: { call: 'POST /v1/auth/report/progress' },
  recordVerification: { call: 'POST /v1/agent/cases/{id}/verifications' },
  recoverPassword: { call: 'POST /v1/auth/recovery/password' },
  recoverTotp: { call: 'POST /v1/auth/recovery/totp' },
  redeemGrant: { call: 'POST /v1/server/grants/redeem' },
  refresh: { call: 'POST /v1/auth/refresh' },
  refreshAgent: { call: 'POST /v1/agent/auth/refresh' },
  reissueRecoveryCodes: { call: 'POST /v1/me/recovery-codes' },
  reject: { call: 'POST /v1/agent/approvals/{id}/reject' },
  rejectStaffChange: { call: 'POST /v1/agent/agents/changes/{id}/reject' },
  releaseHold: { call: 'POST /v1/agent/holds/{id}/release' },
  removeDevice: { call: 'DELETE /v1/me/devices/{id}' },
  removeNoticeAddress: { call: 'DELETE /v1/me/notice-addresses/{id}' },
  removeOneTotp: { call: 'DELETE /v1/me/totp/{id}' },
  removePasskey: { call: 'DELETE /v1/me/passkeys/{id}' },
  removeSms: { call: 'DELETE /v1/me/sms' },
  removeTotp: { call: 'DELETE /v1/me/totp' },
  renamePasskey: { call: 'PUT /v1/me/passkeys/{id}' },
  renameTotp: { call: 'PUT /v1/me/totp/{id}' },
  replayDelivery: { call: 'POST /v1/agent/deliveries/{id}/replay' },
  report: { call: 'POST /v1/me/reports' },
  reportAnonymously: { call: 'POST /v1/auth/report' },
  requestEmailChange: { call: 'POST /v1/me/email-change' },
  requestGrant: { call: 'POST /v1/me/grants' },
  requestPasswordReset: { call: 'POST /v1/auth/password-reset' },
  requestPhoneChange: { call: 'POST /v1/me/phone-change' },
  requirePasswordReset: { call: 'POST /v1/agent/accounts/{id}/require-password-reset' },
  resetAgent: { call: 'POST /v1/agent/agents/{id}/reset' },
  resetSecondFactor: { call: 'POST /v1/agent/accounts/{id}/reset-second-factor' },
  resolveCase: { call: 'POST /v1/agent/cases/{id}/resolve' },
  revokeApiKey: { call: 'POST /v1/agent/api-keys/{id}/revoke' },
  revokeSessions: { call: 'POST /v1/agent/accounts/{id}/revoke-sessions' },
  searchAccounts: { call: 'GET /v1/agent/accounts', query: ['q'] },
  sendSecondFactor: { call: 'POST /v1/auth/second-factor/send' },
  setWindow: { call: 'POST /v1/agent/cases/{id}/window' },
  signIn: { call: 'POST /v1/auth/sign-in' },
  signInAgent: { call: 'POST /v1/agent/auth/sign-in' },
  signInWithPasskey: { call: 'POST /v1/auth/passkey' },
  signOffWatch: { call: 'POST /v1/agent/cases/{id}/watch/sign-off' },
  signOut: { call: 'POST /v1/auth/sign-out' },
  signOutAgent: { call: 'POST /v1/agent/auth/sign-out' },
  signUp: { call: 'POST /v1/auth/sign-up' },
  snoozeCase: { call: 'POST /v1/agent/cases/{id}/snooze' },
  startAgentEnrolment: { call: 'POST /v1/agent/auth/enrolment' },
  startPasskey: { call: 'POST /v1/me/passkeys/options' },
  startSms: { call: 'POST /v1/me/sms' },
  startStep: { call: 'POST /v1/agent/cases/{id}/steps/{step}' },
  startTotp: { call: 'POST /v1/me/totp' },
  startUnfreeze: { call: 'POST /v1/me/unfreeze' },
  stepUp: { call: 'POST /v1/me/step-up' },
  streamRevocations: { call: 'GET /v1/server/revocations' },
  tellEvents: { call: 'POST /v1/server/events' },
  trustPayee: { call: 'POST /v1/agent/cases/{id}/trust-payee' },
  undoBorn: { call: 'POST /v1/agent/cases/{caseId}/window/undo' },
  undoBulkFreeze: { call: 'POST /v1/agent/bulk-freezes/{jobId}/undo' },
  unlockAccount: { call: 'POST /v1/agent/accounts/{id}/unlock' },
  unlockAgent: { call: 'POST /v1/agent/agents/{id}/unlock' },
  useLink: { call: 'POST /v1/auth/link/use' },
  writeToOwner: { call: 'POST /v1/agent/cases/{id}/messages' },
} as const satisfies Record<OperationName, { call: string; query?: readonly string[]; raw?: boolean }>;
