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

-- A payee has no id of ours: this one (RFC 9562, version 8) stands for the host's, whatever that looks like.
create function payee_key(payee_id text) returns uuid language sql immutable as $$
  select overlay(overlay(md5(payee_id) placing '8' from 13) placing '8' from 17)::uuid
$$;

-- A payee who came in with somebody else: nothing more goes to them from this account until a lead says otherwise.
create table payee_quarantines (
  id uuid primary key,
  account_id uuid not null references accounts on delete cascade,
  payee_id text not null,
  case_id uuid not null references cases on delete cascade,
  since timestamptz not null,
  placed_by uuid not null references agents,
  lifted_at timestamptz,
  lifted_by uuid references agents,
  check ((lifted_at is null) = (lifted_by is null))
);
create unique index payee_quarantines_standing on payee_quarantines (account_id, payee_id) where lifted_at is null;
create index payee_quarantines_case on payee_quarantines (case_id);
