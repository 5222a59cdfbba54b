create domain case_kind as text check (value in (
  'takeover', 'suspicious-activity', 'unauthorised-transaction', 'scam', 'locked-out', 'complaint'));
create domain priority as text check (value in ('urgent', 'high', 'normal', 'low'));
create domain refund_decision as text check (value in ('granted', 'refused'));
create domain case_outcome as text check (value in ('confirmed', 'false-positive', 'solved', 'declined', 'merged'));
create domain hold_scope as text check (value in ('all', 'sign-in', 'payments', 'withdrawals', 'security-changes'));
create domain hold_reason as text check (value in (
  'account-takeover', 'suspected-fraud', 'unauthorised-transaction', 'scam', 'lost-device', 'owner-request', 'review',
  'credential-change', 'recovery', 'new-payee', 'legal-order', 'other'));
create domain hold_source as text check (value in ('owner', 'agent', 'rule', 'policy', 'legal'));
create domain release_reason as text check (value in (
  'restored', 'mistake', 'false-positive', 'owner', 'break-glass', 'unconfirmed', 'undone'));
create domain author_kind as text check (value in ('owner', 'agent', 'system'));
create domain message_kind as text check (value in ('report', 'message', 'note'));
create domain helpdesk_provider as text check (value in ('builtin', 'webhook'));

create table cases (
  id uuid primary key,
  reference text not null unique,
  -- Null where it is about many: one for all that a bulk freeze contains.
  account_id uuid references accounts check (account_id is not null or kind = 'takeover'),
  account_count integer not null default 1 check (account_count > 0 and (account_count = 1 or account_id is null)),
  kind case_kind not null,
  -- Which rule opened it; null where somebody did.
  cause text check (cause is null or kind = 'suspicious-activity'),
  priority priority not null,
  opened_at timestamptz not null,
  respond_by timestamptz not null,
  first_answer_at timestamptz,
  assignee_id uuid references agents,
  -- Promises beside the first answer, as the calendar had it when they were made.
  solve_by timestamptz,
  refund_due_at timestamptz,
  refund_decision refund_decision,
  refund_decided_at timestamptz,
  -- What runs out next: the queue goes by it.
  due_at timestamptz not null generated always as (coalesce(least(
    case when first_answer_at is null then respond_by end,
    case when refund_decided_at is null then refund_due_at end,
    solve_by), timestamptz '9999-12-31 00:00:00+00')) stored,
  -- The promises whose passing was told already, each once.
  escalated_promises text[] not null default '{}' check (escalated_promises <@ array['answer', 'solve', 'refund']),
  escalated_at timestamptz,
  -- What runs out next of those not told yet.
  next_escalation_at timestamptz generated always as (least(
    case when first_answer_at is null and not 'answer' = any(escalated_promises) then respond_by end,
    case when refund_decided_at is null and not 'refund' = any(escalated_promises) then refund_due_at end,
    case when not 'solve' = any(escalated_promises) then solve_by end)) stored,
  -- What may be lost, in whole units of money: src/cases/money.ts.
  money_at_risk numeric not null default 0 check (money_at_risk >= 0),
  snoozed_until timestamptz,
  outcome case_outcome,
  outcome_note text,
  merged_into uuid references cases check (merged_into <> id),
  closed_at timestamptz,
  closed_by uuid references agents,
  check ((refund_decision is null) = (refund_decided_at is null)),
  check (outcome is null or closed_at is not null),
  check ((merged_into is null) = (outcome is distinct from 'merged'))
);
-- One open case per account and kind, of a rule's also per cause: whatever comes later joins it.
create unique index cases_open on cases (account_id, kind, coalesce(cause, ''))
  where closed_at is null and account_id is not null;
create index cases_cause on cases (cause, closed_at) where cause is not null;
create index cases_queue on cases (
  (array_position(array['urgent', 'high', 'normal', 'low'], priority)), due_at, id
) where closed_at is null;
create index cases_queue_kind on cases (
  kind, (array_position(array['urgent', 'high', 'normal', 'low'], priority)), due_at, id
) where closed_at is null;
create index cases_queue_assignee on cases (
  assignee_id, (array_position(array['urgent', 'high', 'normal', 'low'], priority)), due_at, id
) where closed_at is null;
create index cases_queue_unassigned on cases (
  (array_position(array['urgent', 'high', 'normal', 'low'], priority)), due_at, id
) where closed_at is null and assignee_id is null;
create index cases_snoozed on cases (snoozed_until) where closed_at is null and snoozed_until is not null;
create index cases_closed on cases (id) where closed_at is not null;
create index cases_escalation on cases (next_escalation_at) where closed_at is null;
create index cases_merged on cases (merged_into) where merged_into is not null;
create index cases_account on cases (account_id, id);
create index cases_shared on cases (id) where account_id is null;

create table holds (
  id uuid primary key,
  account_id uuid not null references accounts on delete cascade,
  scope hold_scope not null,
  reason_code hold_reason not null,
  source hold_source not null,
  placed_by uuid,
  case_id uuid references cases,
  note text,
  since timestamptz not null,
  until timestamptz,
  released_at timestamptz,
  released_by uuid,
  release_reason release_reason,
  -- Where a rule froze: an agent says yes by then, or money alone stays held.
  confirm_by timestamptz,
  confirmed_at timestamptz,
  confirmed_by uuid references agents,
  check (until > since),
  check (released_at is not null or release_reason is null),
  check ((confirmed_at is null) = (confirmed_by is null)),
  check (confirmed_at is null or confirm_by is not null)
);
create index holds_account on holds (account_id) where released_at is null;
create index holds_case on holds (case_id, account_id);
create index holds_released on holds (account_id, released_at) where released_at is not null;
create index holds_unconfirmed on holds (confirm_by)
  where confirm_by is not null and confirmed_at is null and released_at is null;
-- A cool-down is one row per reason that can only grow.
create unique index holds_policy on holds (account_id, scope, reason_code)
  where source = 'policy' and released_at is null;

create table case_messages (
  id uuid primary key,
  case_id uuid not null references cases on delete cascade,
  author_kind author_kind not null,
  author_id uuid,
  kind message_kind not null,
  -- Said with a case token alone: whoever holds the password may have said it.
  is_proven boolean not null,
  body text not null,
  data jsonb not null default '{}',
  created_at timestamptz not null
);
create index case_messages_case on case_messages (case_id, id);

-- Signed proof that a report or a freeze reached us, kept 18 months (PSD2 70(1)(c)).
create table receipts (
  id uuid primary key,
  account_id uuid not null references accounts on delete cascade,
  case_id uuid references cases,
  hold_id uuid references holds,
  jws text not null,
  issued_at timestamptz not null
);
create index receipts_account on receipts (account_id, id);
create index receipts_issued on receipts (issued_at);

-- A case as the helpdesk knows it.
create table tickets (
  id uuid primary key,
  case_id uuid not null unique references cases,
  provider helpdesk_provider not null,
  priority priority not null,
  external_id text,
  url text,
  opened_at timestamptz,
  last_error text,
  created_at timestamptz not null
);
