create domain bulk_reason as text check (value in (
  'account-takeover', 'suspected-fraud', 'unauthorised-transaction', 'scam', 'lost-device', 'review', 'other'));
create domain bulk_failure as text check (value in ('not-found', 'closed', 'error'));
create domain undo_failure as text check (value in (
  'owner-reported', 'released-before', 'not-ours', 'closed', 'error'));

-- Many accounts to be frozen for one reason, under one case. The filter is looked up once, when it is asked for.
create table bulk_freezes (
  id uuid primary key,
  requested_by uuid not null references agents,
  requested_at timestamptz not null,
  reason_code bulk_reason not null,
  note text not null,
  -- What was asked for beside a list of ids.
  filter jsonb,
  is_dry_run boolean not null,
  total integer not null,
  -- Null until it begins: at once, or with the second person's yes.
  case_id uuid references cases,
  started_at timestamptz,
  finished_at timestamptz,
  -- Who had the last word on its undo, and why it is undone.
  undo_by uuid references agents,
  undo_note text,
  undo_started_at timestamptz,
  undone_at timestamptz,
  check (not is_dry_run or started_at is null),
  check ((case_id is null) = (started_at is null)),
  check (finished_at is null or started_at is not null),
  check (undo_started_at is null or finished_at is not null),
  check ((undo_started_at is null) = (undo_by is null) and (undo_started_at is null) = (undo_note is null)),
  check (undone_at is null or undo_started_at is not null)
);
create unique index bulk_freezes_case on bulk_freezes (case_id);
create index bulk_freezes_running on bulk_freezes (started_at) where started_at is not null and finished_at is null;
create index bulk_freezes_undoing on bulk_freezes (undo_started_at) where undo_started_at is not null and undone_at is null;

-- Each of them, also one that is no account: what became of it is told.
create table bulk_freeze_accounts (
  bulk_freeze_id uuid not null references bulk_freezes on delete cascade,
  account_id uuid not null,
  hold_id uuid references holds,
  -- Whether the hold was placed by this: one that stood before is left by an undo.
  is_ours boolean not null default false,
  failure bulk_failure,
  undone_at timestamptz,
  undo_failure undo_failure,
  primary key (bulk_freeze_id, account_id),
  check (hold_id is null or failure is null),
  check (hold_id is not null or not is_ours),
  check (undone_at is null or undo_failure is null)
);
create index bulk_freeze_accounts_waiting on bulk_freeze_accounts (bulk_freeze_id, account_id)
  where hold_id is null and failure is null;
create index bulk_freeze_accounts_to_undo on bulk_freeze_accounts (bulk_freeze_id, account_id)
  where hold_id is not null and undone_at is null and undo_failure is null;
create index bulk_freeze_accounts_failed on bulk_freeze_accounts (bulk_freeze_id, account_id)
  where failure is not null or undo_failure is not null;
