create table cases (
  id uuid primary key,
  reference text not null unique,
  account_id uuid not null references accounts,
  kind text not null
    check (kind in ('takeover', 'suspicious-activity', 'unauthorised-transaction', 'scam', 'locked-out', 'complaint')),
  priority text not null check (priority in ('urgent', 'high', 'normal', 'low')),
  opened_at timestamptz not null,
  respond_by timestamptz not null,
  first_answer_at timestamptz,
  assignee_id uuid references agents,
  closed_at timestamptz
);
-- One open case per account and kind: whatever comes later joins it.
create unique index cases_open on cases (account_id, kind) where closed_at is null;
create index cases_queue on cases (
  (array_position(array['urgent', 'high', 'normal', 'low'], priority)), respond_by, id
) where closed_at is null;

create table holds (
  id uuid primary key,
  account_id uuid not null references accounts on delete cascade,
  scope text not null check (scope in ('all', 'sign-in', 'payments', 'withdrawals', 'security-changes')),
  reason_code text not null check (reason_code in (
    'account-takeover', 'suspected-fraud', 'unauthorised-transaction', 'scam', 'lost-device', 'owner-request',
    'review', 'credential-change', 'recovery', 'new-payee', 'legal-order', 'other')),
  source text not null check (source in ('owner', 'agent', 'rule', 'policy', 'legal')),
  placed_by uuid,
  case_id uuid references cases,
  note text,
  since timestamptz not null,
  until timestamptz,
  released_at timestamptz,
  released_by uuid,
  check (until > since)
);
create index holds_account on holds (account_id) where released_at is null;
-- A cool-down is one row per reason that can only grow.
create unique index holds_policy on holds (account_id, scope, reason_code)
  where source = 'policy' and released_at is null;

create table case_messages (
  id uuid primary key,
  case_id uuid not null references cases on delete cascade,
  author_kind text not null check (author_kind in ('owner', 'agent', 'system')),
  author_id uuid,
  kind text not null check (kind in ('report', 'message', 'note')),
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

-- A case as the helpdesk knows it.
create table tickets (
  id uuid primary key,
  case_id uuid not null unique references cases,
  provider text not null check (provider in ('builtin', 'webhook')),
  priority text not null check (priority in ('urgent', 'high', 'normal', 'low')),
  external_id text,
  url text,
  opened_at timestamptz,
  last_error text,
  created_at timestamptz not null
);
