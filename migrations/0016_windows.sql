-- From when until when somebody else may have been in the account, as an agent sees it: one for each case.
create table compromise_windows (
  case_id uuid primary key references cases on delete cascade,
  account_id uuid not null references accounts on delete cascade,
  began_at timestamptz not null,
  -- Null while it is not over.
  ended_at timestamptz check (ended_at > began_at),
  set_by uuid not null references agents,
  set_at timestamptz not null
);
create index compromise_windows_account on compromise_windows (account_id);
